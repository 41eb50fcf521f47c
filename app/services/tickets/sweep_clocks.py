"""The sweep over clocks: yellow, red, cards, for hundreds of clocks at once.

A clock that reaches a level is marked with it and with the instant of the next one, so that each level
comes once. After an outage the levels that were passed are recorded in order, and only the highest gives
notice. What the system does to one ticket at a level (sign, escalate, close) is `sweep_acts`'s.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, cast
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.models.enums import Action, ClockKind, Role, SlaUnit, SuperviseLevel
from app.models.ticket import Ticket
from app.models.ticket_step import TicketClock
from app.services.tickets import thresholds
from app.services.tickets.commands import MODELS, Command
from app.services.tickets.deadlines import Deadlines
from app.services.tickets.sweep_marks import COLUMNS, Marks, Row, among
from app.services.tickets.thresholds import Level, Limits, Reached

_TICKET: Any = Ticket.__table__
_CLOCK: Any = TicketClock.__table__
RUNNING = _CLOCK.c.stopped_at.is_(None) & _CLOCK.c.paused_at.is_(None)
ALONE = frozenset(
    {
        (ClockKind.SIGN, Level.TWICE),
        (ClockKind.HANDLE, Level.BEYOND),
        (ClockKind.CLOSE, Level.RED),
    }
)
"""The levels at which the system acts on the one ticket; nothing higher is marked before it has."""

HOLDERS: Mapping[ClockKind, Role] = MappingProxyType(
    {
        ClockKind.ACCEPT: Role.DISPATCHER,
        ClockKind.DISPATCH: Role.DISPATCHER,
        ClockKind.SIGN: Role.DEPT_HANDLER,
        ClockKind.CONTACT: Role.DEPT_HANDLER,
        ClockKind.HANDLE: Role.DEPT_HANDLER,
        ClockKind.REVISIT: Role.REVISIT_AGENT,
        ClockKind.CLOSE: Role.DISPATCHER,
        ClockKind.OVERALL: Role.DISPATCHER,
    }
)
URGE = MODELS[Action.URGE](action=Action.URGE)
CARDS: Mapping[Level, Command] = MappingProxyType(
    {
        level: MODELS[Action.SUPERVISE].model_validate({"action": Action.SUPERVISE, "level": card})
        for level, card in ((Level.LATE, SuperviseLevel.YELLOW), (Level.TWICE, SuperviseLevel.RED))
    }
)


@dataclass(frozen=True, slots=True)
class Due:
    """A clock that reaches a level, and its ticket."""

    id: UUID
    limits: Limits
    level: int
    passed: Sequence[Reached]
    waits: Reached | None
    ticket: Row

    def alone(self) -> Reached | None:
        """The first level passed at which the system acts on the one ticket."""
        return next((step for step in self.passed if (self.limits.kind, step.level) in ALONE), None)


async def mark(
    session: AsyncSession, clock_ids: Sequence[UUID], *, deadlines: Deadlines, refused: bool = False
) -> int:
    """Mark what these clocks have reached; returns how many reached something.

    A clock that somebody else holds is left for the next time. `refused`: what the system would have done
    alone was refused, so the level is marked like any other.
    """
    marks = Marks(clock.now(), deadlines)
    found = [_mark(marks, one, refused=refused) for one in await due(session, clock_ids, deadlines=deadlines)]
    await marks.write(session)
    return sum(found)


async def due(session: AsyncSession, clock_ids: Sequence[UUID], *, deadlines: Deadlines) -> list[Due]:
    """Those of the clocks that reach a level now, locked with their tickets; never waits for a lock."""
    now = clock.now()
    statement = (
        select(
            *(
                _CLOCK.c[name]
                for name in ("id", "kind", "unit", "amount", "due_at", "level", "next_at", "org_id")
            ),
            *(column.label(f"ticket_{column.name}") for column in COLUMNS),
        )
        .join(_TICKET, _TICKET.c.id == _CLOCK.c.ticket_id)
        .where(among(_CLOCK.c.id, clock_ids), RUNNING, _CLOCK.c.next_at <= now)
        .order_by(_CLOCK.c.next_at, _CLOCK.c.id)
        .with_for_update(of=(_TICKET, _CLOCK), skip_locked=True)
    )
    rows = (await session.execute(statement)).mappings().all()
    return [_due(row, now, deadlines) for row in cast("Sequence[Row]", rows)]


def _due(row: Row, now: datetime, deadlines: Deadlines) -> Due:
    ticket = {column.name: row[f"ticket_{column.name}"] for column in COLUMNS}
    limits = Limits(
        ClockKind(row["kind"]), SlaUnit(row["unit"]), row["amount"], row["due_at"], ticket["handling_level"]
    )
    calendar = deadlines.calendar(row["org_id"])
    passed, waits = thresholds.passed(limits, row["level"], row["next_at"], now=now, calendar=calendar)
    return Due(row["id"], limits, row["level"], passed, waits, ticket)


def _mark(marks: Marks, found: Due, *, refused: bool) -> bool:
    alone = None if refused else found.alone()
    passed = [step for step in found.passed if alone is None or step.level < alone.level]
    if not passed:
        return False
    waits = alone or found.waits
    marks.level(found.id, passed[-1].level, waits.at if waits else None)
    notices = [_reach(marks, found, step) for step in passed]
    _notify(marks, found, next((notice for notice in reversed(notices) if notice), None))
    return True


def _reach(marks: Marks, found: Due, step: Reached) -> str | None:
    """Record one level; returns the notice that it gives, None where the table admits no step."""
    codes = {"clock": found.limits.kind.value, "due_at": found.limits.due_at.isoformat()}
    if step.level is Level.YELLOW:
        return "clock.yellow"
    if step.level is Level.RED:
        marks.take(found.ticket, URGE, codes)
        marks.tell("clock.red", found.ticket["id"], {**codes, **_where(marks.ticket(found.ticket))})
        return "clock.red"
    card = CARDS[step.level]
    return f"card.{card.value('level').value}" if marks.take(found.ticket, card, codes) else None


def _notify(marks: Marks, found: Due, notice: str | None) -> None:
    if notice is None:
        return
    ticket, kind = marks.ticket(found.ticket), found.limits.kind
    told = {
        "notice": notice,
        "clock": kind.value,
        "due_at": found.limits.due_at.isoformat(),
        **_where(ticket),
    }
    marks.tell("notice.holder", ticket["id"], {**told, **holder(ticket, HOLDERS[kind])})
    if notice == "card.red":
        marks.tell("notice.leaders", ticket["id"], told)


def holder(ticket: Row, role: Role) -> dict[str, str | None]:
    """Who holds a clock: a role in the ticket's area or of its lead; unassigned, the dispatcher."""
    if role is Role.DEPT_HANDLER and ticket["lead_org_id"] is None:
        role = Role.DISPATCHER
    mine = role is Role.DEPT_HANDLER and ticket["handler_id"] is not None
    return {"role": role.value, "member_id": str(ticket["handler_id"]) if mine else None}


def _where(ticket: Row) -> dict[str, Any]:
    lead = ticket["lead_org_id"]
    return {
        "seq": ticket["version"],
        "area_id": str(ticket["area_id"]),
        "lead_org_id": None if lead is None else str(lead),
    }
