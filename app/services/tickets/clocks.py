"""Clocks of a ticket: what a transition does to them, computed before anything is written.

A row of the workflow table says which clocks stop, start, pause and resume; this module turns that into
deadlines. What the lead organisation holds runs by its calendar and its limits, all else by the default
ones. One clock of a kind runs at a time. Device time plays no part.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.models.enums import Action, ClockKind, SlaUnit
from app.services.platform.worktime import Calendar, Deadline, due, elapsed, remaining
from app.services.tickets import deadlines, thresholds
from app.services.tickets.deadlines import Deadlines, Subject
from app.services.tickets.limits import Limit, half
from app.services.tickets.thresholds import Level
from app.services.tickets.workflow import MET_BY, Clocks

HELD_BY_LEAD = frozenset({ClockKind.SIGN, ClockKind.CONTACT, ClockKind.HANDLE})


@dataclass(frozen=True, slots=True)
class Terms:
    """What deadlines come from: rules and calendars, what the ticket is, and its lead organisation.

    `before` is what it was, where a step changes that; `overall_due` is when all must be done, where
    whoever sent it says so.
    """

    deadlines: Deadlines
    subject: Subject
    org_id: UUID | None = None
    before: Subject | None = None
    overall_due: datetime | None = None


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock that has not stopped yet; the end of a `given` one is not ours to move."""

    kind: ClockKind
    unit: SlaUnit
    amount: int
    started_at: datetime
    due_at: datetime
    provisional: bool = False
    paused_at: datetime | None = None
    round: int = 1
    halved: bool = False
    next_at: datetime | None = None
    level: int = Level.GREEN
    org_id: UUID | None = None
    given: bool = False


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

    def as_data(self, now: datetime, action: Action) -> dict[str, Any]:
        """For the timeline: each clock's kind and deadline.

        Of those that stopped, whether in time (or paused so), and whether what it measures was done.
        """
        data: dict[str, Any] = {}
        if self.stopped:
            data["stopped"] = [
                {
                    **_told(clock),
                    "in_time": (clock.paused_at or now) <= clock.due_at,
                    "met": action in MET_BY[clock.kind],
                }
                for clock in self.stopped
            ]
        at_rest = tuple(clock for clock in self.started if clock.paused_at is not None)
        told = {"started": self.started, "paused": self.paused + at_rest}
        for name, clocks in {**told, "resumed": self.resumed, "moved": self.moved}.items():
            if clocks:
                data[name] = [_told(clock) for clock in clocks]
        return data


def change(
    effect: Clocks,
    *,
    open_clocks: tuple[Clock, ...],
    terms: Terms,
    now: datetime,
    round_no: int = 1,
    halved: bool = False,
    extended: int = 0,
    paused_since: datetime | None = None,
) -> Change:
    """The effect of a row on a ticket's open clocks, at an instant.

    `halved` gives the handle clock that starts half its limit; `extended` moves the one that runs, by so
    many of its own units; where `terms.before` is set, the open clocks get the limits of what the ticket
    is now; `paused_since` leaves alone what was paused before that instant.
    """
    stopped = tuple(clock for clock in open_clocks if clock.kind in effect.stops)
    left = {clock.kind: clock for clock in open_clocks if clock.kind not in effect.stops}
    paused = tuple(
        replace(clock, paused_at=now)
        for clock in left.values()
        if clock.kind in effect.pauses and clock.paused_at is None
    )
    resumed = tuple(
        _resumed(clock, now, terms)
        for clock in left.values()
        if clock.kind in effect.resumes
        and clock.paused_at is not None
        and (paused_since is None or clock.paused_at >= paused_since)
    )
    wanted = [kind for kind in effect.starts if kind not in left]
    started = tuple(
        replace(clock, paused_at=now if clock.kind in effect.pauses else None)
        for clock in (_started(kind, terms, now, round_no, halved=halved) for kind in wanted)
    )
    moved = tuple(_moved(left, terms, extended))
    new = {clock.kind: clock for clock in (*paused, *resumed, *started, *moved)}
    running = tuple(clock for clock in {**left, **new}.values() if clock.paused_at is None)
    return Change(stopped, started, paused, resumed, moved, running)


def _started(kind: ClockKind, terms: Terms, now: datetime, round_no: int, *, halved: bool) -> Clock:
    if kind is ClockKind.OVERALL and terms.overall_due is not None:
        return _given(kind, terms.overall_due, terms.deadlines, now, round_no)
    org_id = terms.org_id if kind in HELD_BY_LEAD else None
    halved = halved and kind is ClockKind.HANDLE
    term = terms.deadlines.due(kind, terms.subject, start=now, org_id=org_id, halved=halved)
    return Clock(
        kind=kind,
        unit=term.unit,
        amount=term.amount,
        started_at=now,
        due_at=term.due_at,
        provisional=term.provisional,
        round=round_no,
        halved=halved,
        next_at=term.warn_at,
        org_id=org_id,
    )


def _given(kind: ClockKind, due_at: datetime, held: Deadlines, now: datetime, round_no: int) -> Clock:
    """Runs on the wall to an end that somebody else set, which may have passed already."""
    minutes = max(1, int((due_at - now).total_seconds()) // 60)
    clock = Clock(
        kind=kind,
        unit=SlaUnit.WALL_MINUTES,
        amount=minutes,
        started_at=now,
        due_at=due_at,
        round=round_no,
        given=True,
    )
    return replace(clock, next_at=due_at) if due_at <= now else _watched(clock, held)


def _resumed(clock: Clock, now: datetime, terms: Terms) -> Clock:
    """What was left runs on, or what was overdue is again; a level that came before the pause stays."""
    if clock.given:
        return replace(clock, paused_at=None)
    calendar = terms.deadlines.calendar(clock.org_id)
    paused_at = clock.paused_at or now
    if paused_at > clock.due_at:
        next_at = clock.next_at and thresholds.after_pause(
            clock.next_at, clock.unit, paused_at=paused_at, now=now, calendar=calendar
        )
        return replace(clock, paused_at=None, next_at=next_at)
    left = remaining(calendar, paused_at, clock.due_at, clock.unit)
    deadline = due(calendar, now, clock.unit, left)
    again = replace(clock, due_at=deadline.due, provisional=deadline.provisional, paused_at=None)
    return replace(again, next_at=again.due_at) if clock.level else _watched(again, terms.deadlines)


def _moved(left: Mapping[ClockKind, Clock], terms: Terms, extended: int) -> Iterator[Clock]:
    handle = left.get(ClockKind.HANDLE)
    if extended and handle is not None:
        calendar = terms.deadlines.calendar(handle.org_id)
        deadline = due(calendar, handle.due_at, handle.unit, extended)
        guessed = handle.provisional or deadline.provisional
        longer = replace(handle, amount=handle.amount + extended, due_at=deadline.due, provisional=guessed)
        yield _watched(longer, terms.deadlines)
    if terms.before is not None:
        for clock in left.values():
            again = _relimited(clock, terms, terms.before)
            if again is not None:
                yield again


def _relimited(clock: Clock, terms: Terms, before: Subject) -> Clock | None:
    """With the limit of what the ticket is now, halved or extended as the old one was; None: as it was.

    The time that the clock stood still counts as it did, and so does an extension in another unit: it is
    what the deadline lies beyond the old limit.
    """
    if clock.given:
        return None
    held = terms.deadlines
    old, new = (
        held.due(clock.kind, subject, start=clock.started_at, org_id=clock.org_id)
        for subject in (before, terms.subject)
    )
    if (old.unit, old.amount) == (new.unit, new.amount):
        return None
    whole, limit = Limit(old.unit, old.amount), Limit(new.unit, new.amount)
    if clock.halved:
        whole, limit = half(whole), half(limit)
    had = Limit(clock.unit, clock.amount)
    if clock.unit is not limit.unit:
        had = whole if clock.unit is whole.unit else had
    elif clock.kind is not ClockKind.OVERALL:
        limit = Limit(limit.unit, limit.amount + max(clock.amount - whole.amount, 0))
    calendar = held.calendar(clock.org_id)
    end = due(calendar, clock.started_at, limit.unit, limit.amount)
    moved = _later(calendar, end, clock, had, limit)
    again = replace(clock, unit=limit.unit, amount=limit.amount)
    return _watched(replace(again, due_at=moved.due, provisional=end.provisional or moved.provisional), held)


def _later(calendar: Calendar, end: Deadline, clock: Clock, had: Limit, limit: Limit) -> Deadline:
    """As far beyond the end of its new limit as the clock's deadline lies beyond what it `had`.

    Within a unit that is counted as the unit counts, between two of them on the wall: so it leads back.
    """
    ran = due(calendar, clock.started_at, had.unit, had.amount).due
    if clock.unit is not limit.unit:
        return Deadline(end.due + max(clock.due_at - ran, timedelta()), end.provisional)
    minutes = SlaUnit.WALL_MINUTES if clock.unit is SlaUnit.WALL_MINUTES else SlaUnit.WORK_MINUTES
    stood = elapsed(calendar, ran, clock.due_at, minutes)
    return due(calendar, end.due, minutes, stood) if stood else end


def _watched(clock: Clock, held: Deadlines) -> Clock:
    """With a deadline that has come anew: green, until a fifth of its time is left."""
    warn_at = deadlines.warn_at(
        held.calendar(clock.org_id),
        started_at=clock.started_at,
        due_at=clock.due_at,
        unit=clock.unit,
        amount=clock.amount,
    )
    return replace(clock, level=Level.GREEN, next_at=warn_at)


def _told(clock: Clock) -> dict[str, Any]:
    return {"kind": clock.kind.value, "due_at": clock.due_at.isoformat()}
