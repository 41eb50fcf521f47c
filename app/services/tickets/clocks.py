"""Clocks of a ticket: what a transition does to them, computed before anything is written.

A row of the workflow table says which clocks stop, start, pause and resume; this module turns that into
deadlines with the working calendar. One clock of a kind runs at a time. Device time plays no part.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, insert, update

from app.core.ids import uuid7
from app.models.enums import ClockKind, SlaUnit, Urgency
from app.models.ticket_step import TicketClock
from app.services.platform.worktime import Calendar, due, remaining
from app.services.tickets.limits import LIMITS, half
from app.services.tickets.workflow import Clocks

_TABLE: Any = TicketClock.__table__


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


@dataclass(frozen=True, slots=True)
class Change:
    """What one transition does: the clocks that stop (or pause), start (or resume), and run on."""

    stopped: tuple[Clock, ...] = ()
    started: tuple[Clock, ...] = ()
    paused: tuple[Clock, ...] = ()
    resumed: tuple[Clock, ...] = ()
    running: tuple[Clock, ...] = ()

    @property
    def due_at(self) -> datetime | None:
        """The next deadline of what runs on; None when nothing does."""
        return min((clock.due_at for clock in self.running), default=None)

    def as_data(self, now: datetime) -> dict[str, Any]:
        """For the timeline: each clock's kind and deadline, and whether it stopped (or paused) in time."""
        data: dict[str, Any] = {}
        if self.stopped:
            data["stopped"] = [
                {**_told(clock), "in_time": (clock.paused_at or now) <= clock.due_at}
                for clock in self.stopped
            ]
        for name in ("started", "paused", "resumed"):
            if clocks := getattr(self, name):
                data[name] = [_told(clock) for clock in clocks]
        return data


def change(
    effect: Clocks,
    *,
    open_clocks: tuple[Clock, ...],
    urgency: Urgency,
    now: datetime,
    calendar: Calendar,
    round_no: int = 1,
    halved: bool = False,
) -> Change:
    """The effect of a row on a ticket's open clocks, at an instant."""
    stopped = tuple(clock for clock in open_clocks if clock.kind in effect.stops)
    left = {clock.kind: clock for clock in open_clocks if clock not in stopped}
    paused = tuple(
        _paused(clock, now)
        for clock in left.values()
        if clock.kind in effect.pauses and clock.paused_at is None
    )
    resumed = tuple(
        _resumed(clock, now, calendar)
        for clock in left.values()
        if clock.kind in effect.resumes and clock.paused_at is not None
    )
    wanted = [kind for kind in (*effect.starts, *effect.resumes) if kind not in left]
    started = tuple(_started(kind, urgency, now, calendar, round_no, halved=halved) for kind in wanted)
    moved = {clock.kind: clock for clock in (*paused, *resumed, *started)}
    running = tuple(clock for clock in {**left, **moved}.values() if clock.paused_at is None)
    return Change(stopped, started, paused, resumed, running)


def updates(ticket_id: UUID, made: Change, *, now: datetime) -> list[Any]:
    """The writes that end or move clocks; they come before the `inserts` (one of a kind may run)."""
    writes: list[Any] = []
    if made.stopped:
        kinds = [clock.kind.value for clock in made.stopped]
        writes.append(update(_TABLE).where(_open(ticket_id), _TABLE.c.kind.in_(kinds)).values(stopped_at=now))
    writes.extend(
        update(_TABLE)
        .where(_open(ticket_id), _TABLE.c.kind == clock.kind.value)
        .values(paused_at=clock.paused_at, due_at=clock.due_at)
        for clock in (*made.paused, *made.resumed)
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
            org_id=org_id,
        )
        for clock in made.started
    ]


def _open(ticket_id: UUID) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = (_TABLE.c.ticket_id == ticket_id) & _TABLE.c.stopped_at.is_(None)
    return condition


def _started(
    kind: ClockKind, urgency: Urgency, now: datetime, calendar: Calendar, round_no: int, *, halved: bool
) -> Clock:
    limit = LIMITS[kind, urgency]
    if halved:
        limit = half(limit)
    deadline = due(calendar, now, limit.unit, limit.amount)
    return Clock(kind, limit.unit, limit.amount, now, deadline.due, deadline.provisional, None, round_no)


def _paused(clock: Clock, now: datetime) -> Clock:
    return replace(clock, paused_at=now)


def _resumed(clock: Clock, now: datetime, calendar: Calendar) -> Clock:
    paused_at = clock.paused_at or now
    if paused_at > clock.due_at:
        return replace(clock, paused_at=None)
    left = remaining(calendar, paused_at, clock.due_at, clock.unit)
    deadline = due(calendar, now, clock.unit, left)
    return replace(clock, due_at=deadline.due, provisional=deadline.provisional, paused_at=None)


def _told(clock: Clock) -> dict[str, Any]:
    return {"kind": clock.kind.value, "due_at": clock.due_at.isoformat()}
