"""Working time: when a limit ends, and how much of it is used or left.

Pure arithmetic on a calendar that the caller has loaded: no database, no system clock, no state.
The three units never mix: minutes on the wall, minutes of work, whole working days. Where the
calendar of a day has not been published, the day is guessed from the week and the fixed-date
holidays and the answer is marked provisional; an unknown year is never an error. Which limit
applies to what, and when a clock stops or starts, is decided elsewhere.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Self

from app.core.clock import BUSINESS_ZONE
from app.models.enums import DayKind, SlaUnit

__all__ = [
    "DEFAULT_SEGMENTS",
    "WORKING_KINDS",
    "Calendar",
    "Deadline",
    "OutOfReachError",
    "Segment",
    "due",
    "elapsed",
    "remaining",
]

Segment = tuple[time, time]

DEFAULT_SEGMENTS: tuple[Segment, ...] = (
    (time(8, 30), time(12, 0)),
    (time(14, 0), time(17, 30)),
)
WORKING_KINDS = frozenset({DayKind.WORKDAY, DayKind.MAKEUP_WORKDAY})

# Month and day of the statutory holidays that do not follow the moon or the sun (rule of 2025).
_FIXED_HOLIDAYS = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})
_SATURDAY = 5
_MINUTE = timedelta(minutes=1)
# Ten years: far beyond any real limit, and what stops the search when a calendar has no workdays.
_REACH = timedelta(days=3660)


class OutOfReachError(ValueError):
    """No deadline within ten years of the start: an absurd amount, or a calendar without work."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Office hours, and which days are worked.

    `segments` are local times of the business zone, in order and apart. `days` holds every
    published day, True where it is worked. A published year therefore has an entry for each of its
    days; a day without one is guessed, whatever its neighbours are.
    """

    segments: tuple[Segment, ...] = DEFAULT_SEGMENTS
    days: Mapping[date, bool] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        """Refuse hours that are missing, empty, out of order or overlapping (ValueError)."""
        edges = [edge for segment in self.segments for edge in segment]
        if not edges or any(early >= late for early, late in pairwise(edges)):
            message = f"work segments must be in order and must not overlap: {self.segments}"
            raise ValueError(message)

    @classmethod
    def from_kinds(
        cls,
        kinds: Iterable[tuple[date, DayKind]],
        segments: tuple[Segment, ...] = DEFAULT_SEGMENTS,
    ) -> Self:
        """Build a calendar out of published (day, kind) rows."""
        return cls(segments=segments, days={day: kind in WORKING_KINDS for day, kind in kinds})

    def is_published(self, day: date) -> bool:
        """Tell whether the day is known, as opposed to guessed."""
        return day in self.days

    def is_workday(self, day: date) -> bool:
        """Tell whether the day is worked: as published, else Monday–Friday less fixed holidays."""
        known = self.days.get(day)
        if known is None:
            return day.weekday() < _SATURDAY and (day.month, day.day) not in _FIXED_HOLIDAYS
        return known


@dataclass(frozen=True, slots=True)
class Deadline:
    """An instant in UTC; provisional while it rests on a day that has not been published."""

    due: datetime
    provisional: bool


def due(calendar: Calendar, start: datetime, unit: SlaUnit, amount: int) -> Deadline:
    """Find when a limit that begins at an aware `start` ends.

    Minutes of work that exactly fill a segment end with that segment. Working days end at the
    close of the n-th working day after the start day; nought of them, at the first close not before
    the start. Nought minutes end at the start. Raises ValueError for a naive start or a negative
    amount, OutOfReachError for an amount that leads more than ten years ahead.
    """
    _require_aware(start)
    if amount < 0:
        message = f"a limit cannot be negative: {amount}"
        raise ValueError(message)
    try:
        return _due(calendar, start, unit, amount)
    except OverflowError as error:
        raise _out_of_reach(start, amount, unit) from error


def elapsed(calendar: Calendar, start: datetime, end: datetime, unit: SlaUnit) -> int:
    """Count the whole units between two aware instants, rounded down; 0 when `end` is not later.

    Working days are counted as `due` counts them: those after the start's day, up to and including
    the end's day. Raises ValueError for a naive instant.
    """
    if unit == SlaUnit.WORK_DAYS:
        return _days_between(calendar, start, end)
    return _time_between(calendar, start, end, unit) // _MINUTE


def remaining(calendar: Calendar, start: datetime, end: datetime, unit: SlaUnit) -> int:
    """Count what is left at `start` until `end`: as `elapsed`, but a begun minute counts as whole.

    `due(calendar, resumed, unit, remaining(calendar, paused, old_due, unit))` moves a deadline over
    a pause without shortening it. What elapsed before a moment and what remains after it add up to
    the whole. Raises ValueError for a naive instant.
    """
    if unit == SlaUnit.WORK_DAYS:
        return _days_between(calendar, start, end)
    return -(-_time_between(calendar, start, end, unit) // _MINUTE)


def _due(calendar: Calendar, start: datetime, unit: SlaUnit, amount: int) -> Deadline:
    if unit == SlaUnit.WALL_MINUTES:
        length = timedelta(minutes=amount)
        if length > _REACH:
            raise _out_of_reach(start, amount, unit)
        return Deadline(start.astimezone(UTC) + length, provisional=False)
    local = _local(start)
    if unit == SlaUnit.WORK_DAYS:
        found = _end_of_days(calendar, local, amount)
    else:
        found = _end_of_minutes(calendar, local, timedelta(minutes=amount))
    if found is None:
        raise _out_of_reach(start, amount, unit)
    end, provisional = found
    return Deadline(_utc(end), provisional)


def _end_of_days(calendar: Calendar, local: datetime, amount: int) -> tuple[datetime, bool] | None:
    close = calendar.segments[-1][1]
    first = local.date().toordinal()
    if amount == 0:
        left, first = 1, first + (local.time() > close)
    else:
        left, first = amount, first + 1
    for day, provisional in _workdays(calendar, first):
        left -= 1
        if left == 0:
            return datetime.combine(day, close), provisional
    return None


def _end_of_minutes(calendar: Calendar, local: datetime, left: timedelta) -> tuple[datetime, bool] | None:
    if not left:
        return local, False
    for day, provisional in _workdays(calendar, local.date().toordinal()):
        for opens, closes in calendar.segments:
            begin = max(local, datetime.combine(day, opens))
            end = datetime.combine(day, closes)
            if begin >= end:
                continue
            # Not `<`: what exactly fills a segment ends with it, not where the next one opens.
            if left <= end - begin:
                return begin + left, provisional
            left -= end - begin
    return None


def _workdays(calendar: Calendar, first: int) -> Iterator[tuple[date, bool]]:
    """Yield the workdays from an ordinal on, each with whether any day up to it was guessed."""
    provisional = False
    last = min(first + _REACH.days, date.max.toordinal())
    for ordinal in range(first, last + 1):
        day = date.fromordinal(ordinal)
        provisional = provisional or not calendar.is_published(day)
        if calendar.is_workday(day):
            yield day, provisional


def _days_between(calendar: Calendar, start: datetime, end: datetime) -> int:
    first, last = _local(start).date().toordinal() + 1, _local(end).date().toordinal()
    return sum(map(calendar.is_workday, map(date.fromordinal, range(first, last + 1))))


def _time_between(calendar: Calendar, start: datetime, end: datetime, unit: SlaUnit) -> timedelta:
    begin, stop = _local(start), _local(end)
    if unit == SlaUnit.WALL_MINUTES:
        return max(end - start, timedelta())
    total = timedelta()
    for ordinal in range(begin.date().toordinal(), stop.date().toordinal() + 1):
        day = date.fromordinal(ordinal)
        if not calendar.is_workday(day):
            continue
        for opens, closes in calendar.segments:
            worked = min(stop, datetime.combine(day, closes)) - max(begin, datetime.combine(day, opens))
            total += max(worked, timedelta())
    return total


def _require_aware(instant: datetime) -> None:
    if instant.utcoffset() is None:
        message = f"an instant needs a time zone: {instant}"
        raise ValueError(message)


def _local(instant: datetime) -> datetime:
    """Turn an aware instant into the naive time on the office wall."""
    _require_aware(instant)
    return instant.astimezone(BUSINESS_ZONE).replace(tzinfo=None)


def _utc(local: datetime) -> datetime:
    return local.replace(tzinfo=BUSINESS_ZONE).astimezone(UTC)


def _out_of_reach(start: datetime, amount: int, unit: SlaUnit) -> OutOfReachError:
    return OutOfReachError(f"no deadline within ten years: {amount} {unit} from {start}")
