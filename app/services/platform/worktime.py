"""Working time: when a limit ends, and how much of it is used or left.

Pure arithmetic on a calendar that the caller has loaded: no database, no system clock, no state.
The three units never mix: minutes on the wall, minutes of work, whole working days. A deadline that rests
on a day which is guessed (`hours`) is marked provisional; an unknown year is never an error. Which limit
applies to what, and when a clock stops or starts, is decided elsewhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction

from app.core.clock import BUSINESS_ZONE
from app.models.enums import SlaUnit
from app.services.platform.hours import DEFAULT_SEGMENTS, WORKING_KINDS, Calendar, Season, Segment

__all__ = [
    "DEFAULT_SEGMENTS",
    "WORKING_KINDS",
    "Calendar",
    "Deadline",
    "OutOfReachError",
    "Season",
    "Segment",
    "due",
    "elapsed",
    "moved",
    "remaining",
    "rewind",
]

_MINUTE = timedelta(minutes=1)
_TICK = timedelta(microseconds=1)
# Ten years: far beyond any real limit, and what stops the search when a calendar has no workdays.
_REACH = timedelta(days=3660)


class OutOfReachError(ValueError):
    """No deadline within ten years of the start: an absurd amount, or a calendar without work."""


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


def moved(before: Calendar, after: Calendar, *, since: datetime, end: datetime, unit: SlaUnit) -> Deadline:
    """Find where a deadline lies once the calendar has changed: as far from `since` as it was.

    Exact to the second, so that doing and undoing a change leads back. A deadline that is not later than
    `since`, or on its day where whole days count, stays. Raises ValueError for a naive instant.
    """
    left: timedelta | int = (
        _days_between(before, since, end)
        if unit == SlaUnit.WORK_DAYS
        else _time_between(before, since, end, unit)
    )
    if not left:
        return Deadline(end, provisional=not after.is_published(_local(end).date()))
    if isinstance(left, int):
        return _due(after, since, unit, left)
    if unit == SlaUnit.WALL_MINUTES:
        return Deadline(end, provisional=False)
    found = _end_of_minutes(after, _local(since), left)
    if found is None:
        raise _out_of_reach(since, left // _MINUTE, unit)
    return Deadline(_utc(found[0]), found[1])


def rewind(
    calendar: Calendar, end: datetime, unit: SlaUnit, amount: Fraction, *, floor: datetime
) -> datetime:
    """Find the instant from which `amount` units, perhaps a part of one, are left until `end`.

    Part of a working day is that part of its hours. As in `due`, what fills a segment has its other end in
    the segment before: a whole day before a close is the close of the day before. Never before `floor`.
    Raises ValueError for a naive instant.
    """
    if unit == SlaUnit.WALL_MINUTES:
        _require_aware(end)
        return max(floor, end - _part(_MINUTE, amount)).astimezone(UTC)
    stop, first = _local(end), _local(floor)
    left = amount
    for ordinal in range(stop.date().toordinal(), first.date().toordinal() - 1, -1):
        day = date.fromordinal(ordinal)
        if not calendar.is_workday(day):
            continue
        whole = _MINUTE if unit == SlaUnit.WORK_MINUTES else _length(calendar, day)
        for opens, closes in reversed(calendar.hours_of(day)):
            last = min(stop, datetime.combine(day, closes))
            length = last - datetime.combine(day, opens)
            if length <= timedelta():
                continue
            if _part(whole, left) < length:
                return _utc(max(first, last - _part(whole, left)))
            left -= Fraction(length // _TICK, whole // _TICK)
    return floor.astimezone(UTC)


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
    first = local.date().toordinal()
    if amount == 0:
        left, first = 1, first + (local.time() > _close(calendar, local.date()))
    else:
        left, first = amount, first + 1
    for day, provisional in _workdays(calendar, first):
        left -= 1
        if left == 0:
            return datetime.combine(day, _close(calendar, day)), provisional
    return None


def _end_of_minutes(calendar: Calendar, local: datetime, left: timedelta) -> tuple[datetime, bool] | None:
    if not left:
        return local, False
    for day, provisional in _workdays(calendar, local.date().toordinal()):
        for opens, closes in calendar.hours_of(day):
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
        total += _worked(calendar, day, begin, stop)
    return total


def _worked(calendar: Calendar, day: date, begin: datetime, stop: datetime) -> timedelta:
    """What a worked day has of the time between two moments."""
    total = timedelta()
    for opens, closes in calendar.hours_of(day):
        worked = min(stop, datetime.combine(day, closes)) - max(begin, datetime.combine(day, opens))
        total += max(worked, timedelta())
    return total


def _close(calendar: Calendar, day: date) -> time:
    return calendar.hours_of(day)[-1][1]


def _length(calendar: Calendar, day: date) -> timedelta:
    begin, stop = (datetime.combine(day, edge) for edge in (time.min, time.max))
    return _worked(calendar, day, begin, stop)


def _part(whole: timedelta, share: Fraction) -> timedelta:
    return whole * share.numerator // share.denominator


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
