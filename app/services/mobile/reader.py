"""The reader of the outbox that tells people: messages exactly once, whoever commits late, whatever dies.

How far it has come is a row that moves in the transaction that writes the messages, and that only one worker
can hold. News older than a week is no news: whoever was away that long looks at the to-do. A row that breaks
is passed over with a line in the log, so that one holds up nobody.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock, logging
from app.core.db import Sessions, transaction
from app.core.ids import uuid7
from app.models.message import EscalationRule, Notification
from app.models.platform import Outbox, OutboxReader
from app.services.mobile import facts as facts_of
from app.services.mobile import people, rules, tells
from app.services.mobile.facts import Facts
from app.services.mobile.wording import WORDS
from app.services.platform import outbox
from app.services.platform.outbox import OutboxCursor

NAME = "messages"
BATCH = 500
STALE = timedelta(days=7)
# The table, not the model: the mapper would make a statement of its own for each set of columns.
_TABLE: Any = Notification.__table__

log = logging.get(__name__)


async def run(sessions: Sessions, *, leave: Callable[[], bool] = lambda: False) -> int:
    """Read all that can be read; how many messages were written. `leave` ends it after a batch."""
    told = 0
    while not leave():
        read, written = await _read(sessions)
        told += written
        if read < BATCH:
            break
    return told


async def _read(sessions: Sessions) -> tuple[int, int]:
    """One batch: rows read and messages written; where it breaks, row by row."""
    try:
        return await _batch(sessions, BATCH, skip_broken=False)
    except Exception as broken:
        if _is_outage(broken):
            raise
    read = written = 0
    while read < BATCH:
        one, told = await _one(sessions)
        read, written = read + one, written + told
        if not one:
            break
    return read, written


async def _one(sessions: Sessions) -> tuple[int, int]:
    try:
        return await _batch(sessions, 1, skip_broken=False)
    except Exception as broken:
        if _is_outage(broken):
            raise
        log.warning("message_broken", error=type(broken).__name__)
    return await _batch(sessions, 1, skip_broken=True)


def _is_outage(broken: Exception) -> bool:
    return isinstance(broken, OSError | DBAPIError) and not isinstance(broken, IntegrityError | DataError)


async def _batch(sessions: Sessions, limit: int, *, skip_broken: bool) -> tuple[int, int]:
    async with transaction(sessions) as session:
        place = await session.scalar(
            select(OutboxReader).where(OutboxReader.name == NAME).with_for_update(skip_locked=True)
        )
        if place is None:
            return 0, 0
        before = OutboxCursor(place.txid, place.last_id)
        rows, after = await outbox.read_after(session, cursor=before, limit=limit)
        if not rows:
            return 0, 0
        place.txid, place.last_id, place.read_at = after.txid, after.id, clock.now()
        written = 0 if skip_broken else await tell(session, rows)
        return len(rows), written


async def tell(session: AsyncSession, rows: Sequence[Outbox]) -> int:
    """Write the messages that these rows of the outbox are for people; how many."""
    now = clock.now()
    news = [row for row in rows if tells.concerns(row.topic) and row.created_at > now - STALE]
    if not news:
        return 0
    facts = await facts_of.load(session, news)
    found = [message for row in news for message in _messages(row, facts)]
    if not found:
        return 0
    working = await facts_of.at_work(session, list({message["member_id"] for message in found}))
    in_force = await rules.listed(session)
    kept = [_stamped(message, in_force, now) for message in found if message["member_id"] in working]
    if kept:
        await session.execute(insert(_TABLE), kept)
    return len(kept)


def _messages(row: Outbox, facts: Facts) -> Iterator[dict[str, Any]]:
    """The messages of one row; each member gets one, of the first line that means them."""
    step = facts.step(row)
    told = {_author(row, step)}
    for line in tells.of(row.topic, row.data, role=step.actor_role if step else None):
        if line.kind not in WORDS or _moved_on(row, line, facts):
            continue
        for member in people.of(line.audience, row, facts):
            if member not in told:
                told.add(member)
                yield _message(row, line, member, facts)


def _author(row: Outbox, step: Any) -> UUID | None:
    """Who did it and need not be told; notices of the sweep and of another ticket's step are nobody's."""
    if row.topic in tells.OF_THE_SWEEP or "master_id" in row.data:
        return None
    if step is not None:
        found: UUID | None = step.actor_id
        return found
    by = row.data.get("by")
    return UUID(by) if by else None


def _moved_on(row: Outbox, line: tells.Tell, facts: Facts) -> bool:
    """Whether the ticket has left the state in which there was something to do."""
    ticket = facts.tickets.get(row.entity_id)
    return line.to is not None and ticket is not None and ticket.status != line.to


def _message(row: Outbox, line: tells.Tell, member: UUID, facts: Facts) -> dict[str, Any]:
    ticket = facts.tickets.get(row.entity_id)
    data: dict[str, Any] = {}
    if ticket is not None:
        due = row.data.get("due_at") or (ticket.due_at and ticket.due_at.isoformat())
        data = {"no": ticket.no, "label": ticket.label, "due_at": due, "clock": row.data.get("clock")}
        data["while"] = line.to
    return {
        "id": uuid7(),
        "member_id": member,
        "category": WORDS[line.kind].category.value,
        "kind": line.kind,
        "entity": "ticket" if ticket is not None else row.topic.partition(".")[0],
        "entity_id": row.entity_id,
        "data": {name: value for name, value in data.items() if value},
    }


def _stamped(message: dict[str, Any], in_force: Sequence[EscalationRule], now: datetime) -> dict[str, Any]:
    look = rules.first_look(in_force, message["category"], now)
    return {**message, "created_at": now, "next_at": look}
