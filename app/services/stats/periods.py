"""Periods of figures: whole days in Asia/Shanghai by name or by their ends, and what they are compared with.

The period before is as many days long and as far from the end as the calendar allows: the first 22 days of
a month stand against the first 22 of the month before. Weeks start on Monday.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.core import clock
from app.core.errors import invalid_field
from app.models.enums.figure import Grain, PeriodName

LONGEST_DAYS = 3 * 366
HOURS_BACK_DAYS = 7
_DAY = timedelta(days=1)
_MONTHS = {PeriodName.MONTH: 1, PeriodName.QUARTER: 3, PeriodName.HALF_YEAR: 6, PeriodName.YEAR: 12}
_LAST = {PeriodName.LAST_MONTH: PeriodName.MONTH, PeriodName.LAST_QUARTER: PeriodName.QUARTER}


@dataclass(frozen=True, slots=True)
class Span:
    """The days from `first` to `last`, both included; `months` where it began with so many whole months."""

    first: date
    last: date
    name: PeriodName | None = None
    months: int = 0

    @property
    def start(self) -> datetime:
        """The instant at which it begins, in UTC."""
        return clock.day_start(self.first)

    @property
    def end(self) -> datetime:
        """The instant before which it ends, in UTC."""
        return clock.day_start(self.last + _DAY)


def named(name: PeriodName) -> Span:
    """The period by its name, as of today."""
    today = clock.today()
    if name in _MONTHS:
        return Span(_first(today, _MONTHS[name]), today, name, _MONTHS[name])
    if name in _LAST:
        months = _MONTHS[_LAST[name]]
        first = _first(today, months)
        return Span(_shifted(first, -months), first - _DAY, name, months)
    monday = today - timedelta(days=today.weekday())
    first, last = {
        PeriodName.TODAY: (today, today),
        PeriodName.YESTERDAY: (today - _DAY, today - _DAY),
        PeriodName.WEEK: (monday, today),
        PeriodName.LAST_WEEK: (monday - 7 * _DAY, monday - _DAY),
        PeriodName.LAST_7_DAYS: (today - 6 * _DAY, today),
        PeriodName.LAST_30_DAYS: (today - 29 * _DAY, today),
    }[name]
    return Span(first, last, name)


def between(first: date, last: date) -> Span:
    """The days from the first to the last; `Invalid` when they are the wrong way round or too far apart."""
    if not first <= last <= first + timedelta(days=LONGEST_DAYS):
        raise invalid_field(
            "query.last", "时段须在三年以内，且先后正确", "must follow the first, within 3 years"
        )
    return Span(first, last, None, _whole_months(first, last))


def wanted(name: PeriodName | None, first: date | None, last: date | None) -> Span:
    """The period that was asked for: by name, by its days, or this month; `Invalid` for both or half."""
    if first is None and last is None:
        return named(name or PeriodName.MONTH)
    if first is None or last is None or name is not None:
        raise invalid_field(
            "query.first", "first 与 last 须同时填写，且不与 period 同用", "first and last only"
        )
    return between(first, last)


def before(span: Span) -> Span:
    """The period before, of equal length; of months, the same days of the months before."""
    if span.months:
        return _moved(span, -span.months)
    days = (span.last - span.first).days + 1
    if span.name is PeriodName.WEEK:
        days = 7
    return Span(span.first - days * _DAY, span.last - days * _DAY)


def year_before(span: Span) -> Span:
    """The same days of the year before."""
    return _moved(span, -12)


def steps(span: Span, grain: Grain) -> list[datetime]:
    """The starts of a trend's steps, in UTC; `Invalid` for hours too long ago or for too many steps."""
    if grain is Grain.HOUR:
        if span.first < clock.today() - HOURS_BACK_DAYS * _DAY:
            raise invalid_field("query.grain", "按小时只能查最近七天", "hours reach back seven days")
        hours = int((span.end - span.start) / timedelta(hours=1))
        return [span.start + timedelta(hours=n) for n in range(hours)]
    found, day = list[datetime](), span.first
    while day <= span.last:
        found.append(clock.day_start(day))
        day = _next(day, grain)
    return found


def month_from(start: datetime) -> datetime | None:
    """The end of the month that begins at an instant; None where none does."""
    first = start.astimezone(clock.BUSINESS_ZONE).date()
    if first.day != 1 or clock.day_start(first) != start:
        return None
    return clock.day_start(_shifted(first, 1))


def _whole_months(first: date, last: date) -> int:
    """How many whole months the days are; 0 where they are not."""
    after = last + _DAY
    whole = first.day == after.day == 1
    return (after.year - first.year) * 12 + after.month - first.month if whole else 0


def _next(day: date, grain: Grain) -> date:
    if grain is Grain.MONTH:
        return _shifted(day.replace(day=1), 1)
    return day + (7 - day.weekday() if grain is Grain.WEEK else 1) * _DAY


def _first(day: date, months: int) -> date:
    """The first day of the month, quarter, half or year that a day is in."""
    return day.replace(month=(day.month - 1) // months * months + 1, day=1)


def _moved(span: Span, months: int) -> Span:
    whole = span.first.day == 1 and (span.last + _DAY).day == 1
    last = _shifted(span.last, months)
    if whole:
        last = last.replace(day=monthrange(last.year, last.month)[1])
    return Span(_shifted(span.first, months), last, None, span.months)


def _shifted(day: date, months: int) -> date:
    """The same day some months on, or the last of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
