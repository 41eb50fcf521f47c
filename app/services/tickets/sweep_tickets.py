"""The sweep over tickets that wait: for their reporter, their day, an opinion, the archive.

When each is looked at stands on the ticket (`looks`). Reminders and archiving are written for hundreds at
once; what moves one ticket (resume, lapse) goes by `sweep_acts`.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Any, cast
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.models.enums import Action, Role, Status
from app.models.ticket import Ticket
from app.services.tickets import sweep_acts
from app.services.tickets.commands import Command
from app.services.tickets.deadlines import Deadlines
from app.services.tickets.sweep_clocks import holder
from app.services.tickets.sweep_marks import COLUMNS, Marks, Row, among
from app.services.tickets.workflow import TERMINAL

_TICKET: Any = Ticket.__table__
_MASTER: Any = _TICKET.alias("master")
LOOK_AGAIN = timedelta(days=1)
ARCHIVE = Command(action=Action.ARCHIVE)
COMMANDS: Mapping[Status, Command] = MappingProxyType(
    {Status.SUSPENDED: Command(action=Action.RESUME), Status.EVALUATING: Command(action=Action.LAPSE)}
)


async def mark(session: AsyncSession, ticket_ids: Sequence[UUID], *, deadlines: Deadlines) -> int:
    """Do what can be done for many at once; returns for how many."""
    marks = Marks(clock.now(), deadlines)
    found = [_mark(marks, row) for row in await _due(session, ticket_ids)]
    await marks.write(session)
    return sum(found)


async def act(session: AsyncSession, ticket_id: UUID, *, deadlines: Deadlines) -> bool:
    """Resume this ticket, or let its evaluation lapse; False where neither is due."""
    for row in await _due(session, [ticket_id]):
        if not _moves(row):
            return False
        if not await sweep_acts.take(
            session, ticket_id, COMMANDS[Status(row["status"])], deadlines=deadlines
        ):
            marks = Marks(clock.now(), deadlines)
            marks.wait(row, marks.now + sweep_acts.ASK_AGAIN)
            await marks.write(session)
        return True
    return False


async def _due(session: AsyncSession, ticket_ids: Sequence[UUID]) -> Sequence[Row]:
    statement = (
        select(*COLUMNS, _MASTER.c.id.label("master_id"), _MASTER.c.archived_at.label("master_archived_at"))
        .outerjoin(_MASTER, _MASTER.c.id == _TICKET.c.merged_into_id)
        .where(among(_TICKET.c.id, ticket_ids), _TICKET.c.next_at <= clock.now())
        .order_by(_TICKET.c.next_at, _TICKET.c.id)
        .with_for_update(of=_TICKET, skip_locked=True)
    )
    return cast("Sequence[Row]", (await session.execute(statement)).mappings().all())


def _moves(row: Row) -> bool:
    """Whether what is due moves the ticket; a suspended one may only be due for its review."""
    if row["status"] == Status.SUSPENDED:
        return _resumes(row)
    return row["status"] in COMMANDS


def _resumes(row: Row) -> bool:
    return row["resume_on"] is None or row["resume_on"] <= clock.today()


def _mark(marks: Marks, row: Row) -> bool:
    status = Status(row["status"])
    if _moves(row):
        return False
    if status is Status.SUSPENDED:
        _ask_for_review(marks, row)
    elif status in TERMINAL:
        _archive(marks, row)
    else:
        if status is Status.RETURNED:
            marks.tell("notice.reporter", row["id"], {"seq": row["version"], "notice": "supplement"})
        marks.wait(row, None)
    return True


def _ask_for_review(marks: Marks, row: Row) -> None:
    """Once for each review: the next look is the day on which it resumes."""
    told = {"seq": row["version"], "notice": "suspension.review", "area_id": str(row["area_id"])}
    marks.tell("notice.holder", row["id"], {**told, **holder(row, Role.DISPATCHER)})
    marks.wait(row, clock.day_start(row["resume_on"]))


def _archive(marks: Marks, row: Row) -> None:
    """A merged ticket goes with its master, because it may still be unmerged."""
    if row["status"] == Status.MERGED and row["master_archived_at"] is None:
        marks.wait(row, marks.now + LOOK_AGAIN)
    elif not marks.take(row, ARCHIVE, {}):
        marks.wait(row, None)
