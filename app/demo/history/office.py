"""When things happen in the demo: office hours to work in, and moments at which people report.

Arithmetic on instants as seconds since 1970, fast enough for millions of steps. Deadlines are not computed
here: they come from the product's own calendar arithmetic.
"""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random

from app.core.clock import BUSINESS_ZONE, day_start
from app.demo.content.tables import pick, slots
from app.services.platform.worktime import Calendar

__all__ = ["WORK_DAY_SECONDS", "Office", "instant", "moments"]

WORK_DAY_SECONDS = 7 * 3600.0
_DAY_SECONDS = 86_400.0
_HOUR_SECONDS = 3600.0
_YEAR = timedelta(days=365)
_MARGIN = timedelta(days=90)
_SETTLING = timedelta(minutes=5)  # Nothing is reported in the last minutes before the load.
_REST_DAY_WEIGHT = 0.45
_GROWTH = 0.25  # Reporting grows by so much over the year, as people get used to it.

# Reports by hour of the day, in thousandths: two peaks in office hours, some in the evening, few at night.
_HOURS = slots(
    (
        *((hour, 4) for hour in (0, 1, 2, 3, 4, 5)),
        *((hour, weight) for hour, weight in ((6, 12), (7, 30), (8, 85), (9, 120), (10, 115), (11, 75))),
        *((hour, weight) for hour, weight in ((12, 30), (13, 35), (14, 85), (15, 100), (16, 90), (17, 60))),
        *((hour, weight) for hour, weight in ((18, 35), (19, 40), (20, 35), (21, 22), (22, 12), (23, 7))),
    )
)


def instant(seconds: float) -> datetime:
    """The aware instant, in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


class Office:
    """The business hours of the year before `now`, laid end to end."""

    def __init__(self, calendar: Calendar, now: datetime) -> None:
        self._opens: list[float] = []
        self._lengths: list[float] = []
        self._before: list[float] = []
        worked = 0.0
        for day in _days(now - _YEAR - timedelta(days=30), now + _MARGIN):
            if not calendar.is_workday(day):
                continue
            for opens, closes in calendar.segments:
                begin, end = (
                    datetime.combine(day, edge, BUSINESS_ZONE).timestamp() for edge in (opens, closes)
                )
                self._opens.append(begin)
                self._lengths.append(end - begin)
                self._before.append(worked)
                worked += end - begin

    def after(self, seconds: float, work: float) -> float:
        """The instant at which so many seconds of work are done, from an instant on."""
        at = max(bisect_right(self._opens, seconds) - 1, 0)
        done = self._before[at] + min(seconds - self._opens[at], self._lengths[at]) + work
        end = bisect_right(self._before, done) - 1
        return self._opens[end] + done - self._before[end]


def moments(rng: Random, calendar: Calendar, count: int, now: datetime) -> list[float]:
    """`count` instants of the year before `now`, in order: mostly office hours, fewer on rest days."""
    days = tuple(_days(now - _YEAR, now))
    weighted = _weighted(calendar, days)
    first, last = (now - _YEAR).timestamp(), (now - _SETTLING).timestamp()
    starts = [day_start(day).timestamp() for day in days]
    found: list[float] = []
    while len(found) < count:
        start = starts[pick(rng, weighted)]
        moment = start + pick(rng, _HOURS) * _HOUR_SECONDS + rng.random() * _HOUR_SECONDS
        if first <= moment < last:
            found.append(moment)
    found.sort()
    return found


def _weighted(calendar: Calendar, days: Sequence[date]) -> tuple[int, ...]:
    weights = (
        (place, (1 if calendar.is_workday(day) else _REST_DAY_WEIGHT) * (1 + _GROWTH * place / len(days)))
        for place, day in enumerate(days)
    )
    return slots(weights, 20_000)


def _days(first: datetime, last: datetime) -> Sequence[date]:
    start, end = (moment.astimezone(BUSINESS_ZONE).date().toordinal() for moment in (first, last))
    return [date.fromordinal(ordinal) for ordinal in range(start, end + 1)]
