"""When a clock reaches which level: yellow, red, a card, twice its limit, the next level up.

Pure arithmetic on a clock and a working calendar. A clock carries the level that it has reached and the
instant at which it reaches the next one, so that each level comes once however often anybody looks.
Where yellow lies is `deadlines`' business, what is done at a level the sweep's, what a transition does to
a clock `clocks`'s.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from types import MappingProxyType

from app.models.enums import ClockKind, SlaUnit
from app.services.platform.worktime import Calendar, OutOfReachError, due, elapsed, remaining
from app.services.tickets.limits import Limit

LATE_AFTER = Limit(SlaUnit.WORK_DAYS, 1)
TWICE_AT_MOST = Limit(SlaUnit.WORK_DAYS, 3)
ESCALATE_AFTER: Mapping[int, Limit] = MappingProxyType(
    {1: Limit(SlaUnit.WORK_DAYS, 3), 2: Limit(SlaUnit.WORK_DAYS, 3)}
)
"""How long after the red card a ticket goes up by itself, by the level that handles it."""


class Level(IntEnum):
    """How late a clock is; a kind of clock need not know them all."""

    GREEN = 0
    YELLOW = 1
    RED = 2
    LATE = 3
    TWICE = 4
    BEYOND = 5


@dataclass(frozen=True, slots=True)
class Limits:
    """What a clock's levels depend on; `handling_level` is the ticket's, 1 to 3."""

    kind: ClockKind
    unit: SlaUnit
    amount: int
    due_at: datetime
    handling_level: int = 1


@dataclass(frozen=True, slots=True)
class Reached:
    """A level, and when it was reached."""

    level: Level
    at: datetime


def passed(
    limits: Limits, level: int, next_at: datetime, *, now: datetime, calendar: Calendar
) -> tuple[list[Reached], Reached | None]:
    """The levels above `level` that were reached by now, in order, and the one to wait for.

    `next_at` is when the first of them is reached. Where a pause has moved it away from the plan, what
    follows moves with it.
    """
    found: list[Reached] = []
    at, before = next_at, None
    for planned in _plan(limits, calendar):
        if planned.level <= level:
            continue
        if before is not None:
            at = _following(before, planned, at, limits.unit, calendar)
        if at > now:
            return found, Reached(planned.level, at)
        found.append(Reached(planned.level, at))
        before = planned
    return found, None


def moved(
    level: int, next_at: datetime | None, *, warn_at: datetime, due_at: datetime, now: datetime
) -> tuple[int, datetime | None]:
    """The level of a clock whose deadline moved, and the instant of the next one.

    What it has told stays told: yellow while it still is, and all of an overdue clock that stays overdue.
    """
    if now < warn_at or level == Level.GREEN:
        return Level.GREEN, warn_at
    if level >= Level.RED and due_at <= now:
        return level, next_at
    return Level.YELLOW, due_at


def after_pause(
    next_at: datetime, unit: SlaUnit, *, paused_at: datetime, now: datetime, calendar: Calendar
) -> datetime:
    """Where the instant of the next level lies once an overdue clock runs on: as far ahead as it was."""
    if next_at <= paused_at:
        return now - (paused_at - next_at)
    unit = _minutes(unit)
    return due(calendar, now, unit, remaining(calendar, paused_at, next_at, unit)).due


def _plan(limits: Limits, calendar: Calendar) -> Iterator[Reached]:
    """The levels of a clock that no pause moved; yellow's own instant is not computed anew."""
    yield Reached(Level.YELLOW, limits.due_at)
    yield Reached(Level.RED, limits.due_at)
    if limits.kind in {ClockKind.SIGN, ClockKind.HANDLE}:
        yield from _overdue(limits, calendar)


def _overdue(limits: Limits, calendar: Calendar) -> Iterator[Reached]:
    try:
        twice = due(calendar, limits.due_at, limits.unit, limits.amount).due
        if limits.kind is ClockKind.HANDLE:
            twice = min(twice, due(calendar, limits.due_at, *TWICE_AT_MOST).due)
            late = due(calendar, limits.due_at, *LATE_AFTER).due
            if late < twice:
                yield Reached(Level.LATE, late)
        yield Reached(Level.TWICE, twice)
        beyond = ESCALATE_AFTER.get(limits.handling_level)
        if limits.kind is ClockKind.HANDLE and beyond is not None:
            yield Reached(Level.BEYOND, due(calendar, twice, *beyond).due)
    except OutOfReachError:
        return


def _following(
    before: Reached, planned: Reached, at: datetime, unit: SlaUnit, calendar: Calendar
) -> datetime:
    """When the level after one that was reached at an instant is reached."""
    if before.level is Level.YELLOW:
        return max(planned.at, at)
    if at == before.at:
        return planned.at
    unit = _minutes(unit)
    return due(calendar, at, unit, elapsed(calendar, before.at, planned.at, unit)).due


def _minutes(unit: SlaUnit) -> SlaUnit:
    return SlaUnit.WALL_MINUTES if unit is SlaUnit.WALL_MINUTES else SlaUnit.WORK_MINUTES
