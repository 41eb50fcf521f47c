"""Clocks of a ticket: what a transition does to them, computed before anything is written.

A row of the workflow table says which clocks stop, start, pause and resume; this module turns that into
deadlines with the working calendar. One clock of a kind runs at a time. Device time plays no part.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, insert, update

from app.core.ids import uuid7
from app.models.enums import ClockKind, SlaUnit
from app.models.ticket_step import TicketClock
from app.services.platform.worktime import Calendar, due, remaining
from app.services.tickets import thresholds
from app.services.tickets.limits import Limit, half
from app.services.tickets.thresholds import Level
from app.services.tickets.workflow import Clocks

_TABLE: Any = TicketClock.__table__
Limits = Callable[[ClockKind], Limit]
CHAIN = (ClockKind.ACCEPT, ClockKind.DISPATCH, ClockKind.HANDLE, ClockKind.REVISIT, ClockKind.CLOSE)


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock that has not stopped yet."""

    kind: ClockKind
    unit: SlaUnit
    amount: int
    started_at: datetime
    due_at: datetime
    provisional: bool = False
    paused_at: datetime | None = None
    round: int = 1
    next_at: datetime | None = None
    level: int = Level.GREEN


@dataclass(frozen=True, slots=True)
class Change:
    """What one transition does: the clocks that stop (or pause), start (or resume), and run on."""

    stopped: tuple[Clock, ...] = ()
    started: tuple[Clock, ...] = ()
    paused: tuple[Clock, ...] = ()
    resumed: tuple[Clock, ...] = ()
    moved: tuple[Clock, ...] = ()
    running: tuple[Clock, ...] = ()

    @property
    def due_at(self) -> datetime | None:
        """The next deadline of what runs on, the overall one apart; None when nothing does."""
        steps = (clock.due_at for clock in self.running if clock.kind is not ClockKind.OVERALL)
        return min(steps, default=None)

    def as_data(self, now: datetime) -> dict[str, Any]:
        """For the timeline: each clock's kind and deadline, and whether it stopped in time."""
        data: dict[str, Any] = {}
        if self.stopped:
            data["stopped"] = [{**_told(clock), "in_time": now <= clock.due_at} for clock in self.stopped]
        for name in ("started", "paused", "resumed", "moved"):
            if clocks := getattr(self, name):
                data[name] = [_told(clock) for clock in clocks]
        return data


def change(
    effect: Clocks,
    *,
    open_clocks: tuple[Clock, ...],
    limits: Limits,
    now: datetime,
    calendar: Calendar,
    round_no: int = 1,
    halved: bool = False,
    extended: int = 0,
    relimited: bool = False,
    paused_since: datetime | None = None,
) -> Change:
    """The effect of a row on a ticket's open clocks, at an instant.

    `halved` gives the handle clock that starts half its limit; `extended` moves the one that runs, by so
    many of its own units; `relimited` gives the open clocks the limits that they would have now;
    `paused_since` leaves alone what was paused before that instant.
    """
    stopped = tuple(clock for clock in open_clocks if clock.kind in effect.stops)
    left = {clock.kind: clock for clock in open_clocks if clock not in stopped}
    paused = tuple(
        replace(clock, paused_at=now)
        for clock in left.values()
        if clock.kind in effect.pauses and clock.paused_at is None
    )
    resumed = tuple(
        _resumed(clock, now, calendar)
        for clock in left.values()
        if clock.kind in effect.resumes
        and clock.paused_at is not None
        and (paused_since is None or clock.paused_at >= paused_since)
    )
    wanted = [kind for kind in effect.starts if kind not in left]
    started = tuple(_started(kind, limits, now, calendar, round_no, halved=halved) for kind in wanted)
    moved = tuple(_moved(left, limits, calendar, extended=extended, relimited=relimited))
    new = {clock.kind: clock for clock in (*paused, *resumed, *started, *moved)}
    running = tuple(clock for clock in {**left, **new}.values() if clock.paused_at is None)
    return Change(stopped, started, paused, resumed, moved, running)


def updates(ticket_id: UUID, made: Change, *, now: datetime) -> list[Any]:
    """The writes that end or move clocks; they come before the `inserts` (one of a kind may run)."""
    writes: list[Any] = []
    if made.stopped:
        kinds = [clock.kind.value for clock in made.stopped]
        writes.append(update(_TABLE).where(_open(ticket_id), _TABLE.c.kind.in_(kinds)).values(stopped_at=now))
    writes.extend(
        update(_TABLE)
        .where(_open(ticket_id), _TABLE.c.kind == clock.kind.value)
        .values(
            paused_at=clock.paused_at,
            due_at=clock.due_at,
            provisional=clock.provisional,
            unit=clock.unit.value,
            amount=clock.amount,
            next_at=clock.next_at,
            level=clock.level,
        )
        for clock in (*made.paused, *made.resumed, *made.moved)
    )
    return writes


def inserts(ticket_id: UUID, made: Change, *, org_id: UUID | None) -> list[Any]:
    """The rows of the clocks that start."""
    return [
        insert(_TABLE).values(
            id=uuid7(),
            ticket_id=ticket_id,
            kind=clock.kind.value,
            round=clock.round,
            unit=clock.unit.value,
            amount=clock.amount,
            started_at=clock.started_at,
            due_at=clock.due_at,
            provisional=clock.provisional,
            next_at=clock.next_at,
            level=clock.level,
            org_id=org_id,
        )
        for clock in made.started
    ]


def _open(ticket_id: UUID) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = (_TABLE.c.ticket_id == ticket_id) & _TABLE.c.stopped_at.is_(None)
    return condition


def _started(
    kind: ClockKind, limits: Limits, now: datetime, calendar: Calendar, round_no: int, *, halved: bool
) -> Clock:
    if kind is ClockKind.OVERALL:
        return _overall(limits, now, calendar, round_no)
    limit = limits(kind)
    if halved and kind is ClockKind.HANDLE:
        limit = half(limit)
    deadline = due(calendar, now, limit.unit, limit.amount)
    clock = Clock(kind, limit.unit, limit.amount, now, deadline.due, deadline.provisional, None, round_no)
    return _watched(clock, calendar)


def _overall(limits: Limits, now: datetime, calendar: Calendar, round_no: int) -> Clock:
    """The limits of the steps, one after the other; its amount is told in whole wall minutes."""
    moment, provisional = now, False
    for kind in CHAIN:
        limit = limits(kind)
        deadline = due(calendar, moment, limit.unit, limit.amount)
        moment, provisional = deadline.due, provisional or deadline.provisional
    minutes = int((moment - now).total_seconds() // 60)
    clock = Clock(ClockKind.OVERALL, SlaUnit.WALL_MINUTES, minutes, now, moment, provisional, None, round_no)
    return _watched(clock, calendar)


def _resumed(clock: Clock, now: datetime, calendar: Calendar) -> Clock:
    """What was left runs on, or what was overdue is again; a level that came before the pause stays."""
    paused_at = clock.paused_at or now
    if paused_at > clock.due_at:
        next_at = clock.next_at and thresholds.after_pause(
            clock.next_at, clock.unit, paused_at=paused_at, now=now, calendar=calendar
        )
        return replace(clock, paused_at=None, next_at=next_at)
    left = remaining(calendar, paused_at, clock.due_at, clock.unit)
    deadline = due(calendar, now, clock.unit, left)
    again = replace(clock, due_at=deadline.due, provisional=deadline.provisional, paused_at=None)
    return replace(again, next_at=again.due_at) if clock.level else _watched(again, calendar)


def _moved(
    left: dict[ClockKind, Clock], limits: Limits, calendar: Calendar, *, extended: int, relimited: bool
) -> Iterator[Clock]:
    handle = left.get(ClockKind.HANDLE)
    if extended and handle is not None:
        yield _extended(handle, extended, calendar)
    if relimited:
        for clock in left.values():
            again = _started(clock.kind, limits, clock.started_at, calendar, clock.round, halved=False)
            if (again.unit, again.amount) != (clock.unit, clock.amount):
                yield replace(again, paused_at=clock.paused_at)


def _extended(clock: Clock, amount: int, calendar: Calendar) -> Clock:
    deadline = due(calendar, clock.due_at, clock.unit, amount)
    longer = replace(
        clock, amount=clock.amount + amount, due_at=deadline.due, provisional=deadline.provisional
    )
    return _watched(longer, calendar)


def _watched(clock: Clock, calendar: Calendar) -> Clock:
    """With a deadline that has come anew: green, until a fifth of its time is left."""
    limits = thresholds.Limits(clock.kind, clock.unit, clock.amount, clock.due_at)
    return replace(clock, level=Level.GREEN, next_at=thresholds.warn_at(limits, clock.started_at, calendar))


def _told(clock: Clock) -> dict[str, Any]:
    return {"kind": clock.kind.value, "due_at": clock.due_at.isoformat()}
