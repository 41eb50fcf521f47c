"""Moving open deadlines to a calendar of which a year was published or corrected.

In batches of tickets by id, each a transaction of its own that also notes how far it came: a run that is
cut off is taken up where it was, and a ticket is moved once. A clock that runs as it was started gets the
deadline that it would have had; one that was paused or extended keeps its distance. When the work has been
done already, the run settles what was begun meanwhile by a process that did not know the new days.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock, logging
from app.core.clock import BUSINESS_ZONE
from app.core.db import Sessions, transaction
from app.models.area import Area
from app.models.enums import ClockKind, DayKind, SlaUnit, Urgency
from app.models.platform import Outbox, WorkCalendarChange
from app.models.ticket import Ticket
from app.models.ticket_step import TicketClock
from app.services.platform import worktime
from app.services.platform.worktime import OutOfReachError
from app.services.tickets import deadlines, thresholds
from app.services.tickets.deadlines import Deadlines, Subject
from app.services.tickets.limits import Limit

BATCH = 200
TOPIC = "ticket.deadlines_moved"
MOVED = ("due_at", "provisional", "amount", "level", "next_at")
log = logging.get(__name__)
_NOBODY = UUID(int=0)
_CLOCK: Any = TicketClock.__table__
_TICKET: Any = Ticket.__table__


@dataclass(frozen=True, slots=True)
class Shift:
    """A change of a calendar: what deadlines are computed from before and after it, and what it spans.

    `settling` when it has been carried out and only what was begun with the old days is left.
    """

    before: Deadlines
    after: Deadlines
    starts: datetime
    ends: datetime
    changed_at: datetime
    settling: bool


@dataclass(frozen=True, slots=True)
class Moved:
    """Where a clock's deadline belongs; `amount` only differs for a chained overall clock."""

    due_at: datetime
    provisional: bool
    amount: int


async def run(sessions: Sessions, *, change_id: UUID, batch: int = BATCH) -> int:
    """Carry a change out, or settle it; returns how many tickets were touched."""
    async with transaction(sessions) as session:
        shift = await _prepare(session, change_id)
    if shift is None:
        return 0
    touched, after = 0, _NOBODY
    while True:
        async with transaction(sessions) as session:
            found, seen = await _next(session, change_id, shift, after, batch)
        touched += found
        if seen is None:
            return touched
        after = seen


def moved(row: Any, subject: Subject, shift: Shift) -> Moved:
    """Where the deadline of a clock belongs after a shift; `row` has the columns of `ticket_clock`."""
    try:
        once = _whole(row, subject, shift.before)
        if not _is_outdated(row, once, shift):
            return _as_it_is(row)
        return _whole(row, subject, shift.after) if row.due_at == once.due_at else _replayed(row, shift)
    except OutOfReachError:
        log.warning("deadline_not_moved", clock_id=str(row.id))
        return _as_it_is(row)


def _is_outdated(row: Any, once: Moved, shift: Shift) -> bool:
    """Whether a deadline was computed with the days that the calendar had before."""
    if row.started_at >= shift.changed_at:
        return bool(row.due_at == once.due_at)
    day = row.due_at.astimezone(BUSINESS_ZONE).date()
    before, after = (held.calendar(row.org_id) for held in (shift.before, shift.after))
    if after.is_published(day) and not before.is_published(day):
        return bool(row.provisional)
    return not shift.settling


def _replayed(row: Any, shift: Shift) -> Moved:
    """As far from where the calendar begins to differ as it was."""
    before, after = (held.calendar(row.org_id) for held in (shift.before, shift.after))
    unit = SlaUnit.WORK_MINUTES if row.kind == ClockKind.OVERALL else SlaUnit(row.unit)
    since = max(row.started_at, shift.starts)
    there = worktime.moved(before, after, since=since, end=row.due_at, unit=unit)
    return Moved(there.due, there.provisional, row.amount)


async def _prepare(session: AsyncSession, change_id: UUID) -> Shift | None:
    change = await session.get(WorkCalendarChange, change_id)
    if change is None:
        return None
    held = await deadlines.load(session)
    kinds = {date.fromisoformat(day): DayKind(kind) for day, kind in change.before.items()}
    return Shift(
        before=held.with_year(change.calendar_id, change.year, kinds),
        after=held,
        # Whole days count from the day after an instant on, so this one is just before the year.
        starts=clock.day_start(date(change.year, 1, 1)) - timedelta(microseconds=1),
        ends=clock.day_start(date(change.year + 1, 1, 1)),
        changed_at=change.changed_at,
        settling=change.finished_at is not None,
    )


async def _next(
    session: AsyncSession, change_id: UUID, shift: Shift, after: UUID, batch: int
) -> tuple[int, UUID | None]:
    """One batch: how many tickets it touched, and the last it looked at; None when there are no more."""
    change = await session.get_one(WorkCalendarChange, change_id, with_for_update=True)
    if not shift.settling:
        if change.finished_at is not None:
            return 0, None
        after = change.moved_to or _NOBODY
    wanted = (await session.scalars(_concerned(shift, after, batch))).all()
    touched = await _move(session, wanted, shift)
    if not shift.settling:
        change.moved_to = wanted[-1] if wanted else change.moved_to
        change.finished_at = None if wanted else clock.now()
    change.moved += touched
    await session.flush()
    return touched, wanted[-1] if wanted else None


def _concerned(shift: Shift, after: UUID, batch: int) -> Any:
    """Tickets with an open clock whose deadline rests on a guess or lies in the year or later, by id."""
    return (
        select(_CLOCK.c.ticket_id)
        .distinct()
        .where(
            _CLOCK.c.stopped_at.is_(None),
            _CLOCK.c.ticket_id > after,
            or_(_CLOCK.c.unit != SlaUnit.WALL_MINUTES.value, _CLOCK.c.kind == ClockKind.OVERALL.value),
            or_(_CLOCK.c.provisional, _CLOCK.c.due_at > shift.starts),
            _CLOCK.c.started_at < shift.ends,
        )
        .order_by(_CLOCK.c.ticket_id)
        .limit(batch)
    )


async def _move(session: AsyncSession, wanted: Sequence[UUID], shift: Shift) -> int:
    """Lock the tickets, as every step does first, and move their open clocks; returns how many changed."""
    if not wanted:
        return 0
    tickets = await session.execute(
        select(_TICKET, Area.path)
        .join(Area, Area.id == _TICKET.c.area_id)
        .where(_TICKET.c.id.in_(wanted))
        .order_by(_TICKET.c.id)
        .with_for_update(of=_TICKET)
    )
    found = {row.id: row for row in tickets}
    rows = await session.execute(
        select(_CLOCK).where(_CLOCK.c.ticket_id.in_(wanted), _CLOCK.c.stopped_at.is_(None))
    )
    running: dict[UUID, list[Any]] = {}
    for row in rows:
        running.setdefault(row.ticket_id, []).append(row)
    changes = [
        change
        for ticket_id, ticket in found.items()
        if (change := _change(ticket, running.get(ticket_id, []), shift)) is not None
    ]
    await _write(session, changes)
    return len(changes)


@dataclass(frozen=True, slots=True)
class _Change:
    ticket: Any
    due_at: datetime | None
    clocks: Sequence[Mapping[str, Any]]


def _change(ticket: Any, rows: Sequence[Any], shift: Shift) -> _Change | None:
    subject = Subject(ticket.category_code, Urgency(ticket.urgency), ticket.path)
    there = {row.id: moved(row, subject, shift) if _depends(row) else _as_it_is(row) for row in rows}
    changed = [_values(row, there[row.id], shift) for row in rows if there[row.id] != _as_it_is(row)]
    if not changed:
        return None
    steps = (there[row.id].due_at for row in rows if row.paused_at is None and row.kind != ClockKind.OVERALL)
    return _Change(ticket, min(steps, default=None), changed)


def _values(row: Any, there: Moved, shift: Shift) -> Mapping[str, Any]:
    """What a clock becomes; the sweep looks at it by its new deadline."""
    warn_at = deadlines.warn_at(
        shift.after.calendar(row.org_id),
        started_at=row.started_at,
        due_at=there.due_at,
        unit=SlaUnit(row.unit),
        amount=there.amount,
    )
    level, next_at = thresholds.moved(
        row.level, row.next_at, warn_at=warn_at, due_at=there.due_at, now=clock.now()
    )
    values = {
        "due_at": there.due_at,
        "provisional": there.provisional,
        "amount": there.amount,
        "level": level,
        "next_at": next_at,
    }
    return {"clock_id": row.id, **{f"new_{name}": value for name, value in values.items()}}


async def _write(session: AsyncSession, changes: Sequence[_Change]) -> None:
    if not changes:
        return
    of_clock = update(_CLOCK).where(_CLOCK.c.id == bindparam("clock_id"))
    await session.execute(
        of_clock.values({name: bindparam(f"new_{name}") for name in MOVED}),
        [values for change in changes for values in change.clocks],
    )
    of_ticket = update(_TICKET).where(_TICKET.c.id == bindparam("ticket_id"))
    await session.execute(
        of_ticket.values(due_at=bindparam("new_due_at")),
        [{"ticket_id": change.ticket.id, "new_due_at": change.due_at} for change in changes],
    )
    await session.execute(insert(Outbox), [_told(change) for change in changes])


def _told(change: _Change) -> Mapping[str, Any]:
    ticket, due_at = change.ticket, change.due_at
    data = {
        "seq": ticket.version,
        "area_id": str(ticket.area_id),
        "lead_org_id": None if ticket.lead_org_id is None else str(ticket.lead_org_id),
        "due_at": None if due_at is None else due_at.astimezone(UTC).isoformat(),
    }
    return {"topic": TOPIC, "entity_id": ticket.id, "data": data}


def _whole(row: Any, subject: Subject, held: Deadlines) -> Moved:
    """Where the deadline would be, had the clock run from its start without a pause."""
    if row.kind == ClockKind.OVERALL and held.is_chained(subject, level=held.level(row.org_id)):
        term = held.due(ClockKind.OVERALL, subject, start=row.started_at)
        return Moved(term.due_at, term.provisional, term.amount)
    limit = Limit(SlaUnit(row.unit), row.amount)
    end = held.end(held.calendar(row.org_id), start=row.started_at, limit=limit)
    return Moved(end.due, end.provisional, row.amount)


def _depends(row: Any) -> bool:
    """Whether a clock depends on a calendar at all."""
    return bool(row.unit != SlaUnit.WALL_MINUTES or row.kind == ClockKind.OVERALL)


def _as_it_is(row: Any) -> Moved:
    return Moved(row.due_at, row.provisional, row.amount)
