"""Somebody who counts working time minute by minute and leaf by leaf, on any calendar of any office.

Shares no line with the application's arithmetic; slow, and so plain that it can be believed.
"""

from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import cache

from hypothesis import strategies as st

from app.services.platform.worktime import DEFAULT_SEGMENTS, Calendar, Season, Segment

EAST_8 = timezone(timedelta(hours=8))
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
FIXED_HOLIDAYS = {"01-01", "05-01", "05-02", "10-01", "10-02", "10-03"}


def works_on(calendar: Calendar, day: date) -> bool:
    if day in calendar.days:
        return calendar.days[day]
    return f"{day:%m-%d}" not in FIXED_HOLIDAYS and f"{day:%a}" not in {"Sat", "Sun"}


@cache
def days_of(season: Season) -> set[tuple[int, int]]:
    """Leaf through a leap year from the season's first day to its last, if need be from its end on."""
    day, last = (date(2024, *edge) for edge in (season.first, season.last))
    found = {(day.month, day.day)}
    while day != last:
        day = date(2024, 1, 1) if day == date(2024, 12, 31) else day + DAY
        found.add((day.month, day.day))
    return found


def hours_on(calendar: Calendar, day: date) -> tuple[Segment, ...]:
    for season in calendar.seasons:
        if (day.month, day.day) in days_of(season):
            return season.segments
    return calendar.segments


def works_at(calendar: Calendar, minute: datetime) -> bool:
    """Tell whether the minute that begins here is one of work."""
    wall = minute.astimezone(EAST_8)
    in_hours = any(opens <= wall.time() < closes for opens, closes in hours_on(calendar, wall.date()))
    return in_hours and works_on(calendar, wall.date())


def walk_minutes(calendar: Calendar, start: datetime, amount: int) -> datetime:
    minute = start
    while amount:
        amount -= works_at(calendar, minute)
        minute += MINUTE
    return minute


def walk_days(calendar: Calendar, start: datetime, amount: int) -> datetime:
    day = start.astimezone(EAST_8).date()
    while amount:
        day += DAY
        amount -= works_on(calendar, day)
    return datetime.combine(day, hours_on(calendar, day)[-1][1], EAST_8)


@st.composite
def office_hours(draw: st.DrawFn) -> tuple[Segment, ...]:
    count = draw(st.integers(1, 3))
    edges = draw(st.lists(st.integers(0, 1439), min_size=2 * count, max_size=2 * count, unique=True))
    clocks = [time(*divmod(edge, 60)) for edge in sorted(edges)]
    return tuple(zip(clocks[::2], clocks[1::2], strict=True))


@st.composite
def some_seasons(draw: st.DrawFn) -> tuple[Season, ...]:
    """Draw up to two seasons that do not overlap; one of them may run over New Year."""
    count = draw(st.integers(0, 2))
    ordinals = st.integers(date(2024, 1, 1).toordinal(), date(2024, 12, 31).toordinal())
    drawn = sorted(draw(st.lists(ordinals, min_size=2 * count, max_size=2 * count, unique=True)))
    edges = [(day.month, day.day) for day in map(date.fromordinal, drawn)]
    if draw(st.booleans()):
        edges = edges[1:] + edges[:1]
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return tuple(Season(first, last, draw(office_hours())) for first, last in pairs)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Calendar, datetime]:
    """Draw an office and a whole minute, some days around it published and some not."""
    start = draw(
        st.datetimes(
            datetime(2024, 1, 1),  # noqa: DTZ001 - the zone is drawn beside it
            datetime(2099, 12, 1),  # noqa: DTZ001
            timezones=st.sampled_from([UTC, EAST_8, timezone(timedelta(hours=-5, minutes=-30))]),
        )
    ).replace(second=0, microsecond=0)
    published = draw(st.lists(st.sampled_from([True, False, None]), max_size=15))
    first = start.date() - DAY
    days = {first + n * DAY: worked for n, worked in enumerate(published) if worked is not None}
    segments = draw(st.just(DEFAULT_SEGMENTS) | office_hours())
    return Calendar(segments, days, draw(some_seasons())), start


def minutes_of_a_day(calendar: Calendar) -> int:
    """The minutes of the shortest day."""
    midnight = datetime(2026, 3, 4, tzinfo=EAST_8)
    kinds = (calendar.segments, *(season.segments for season in calendar.seasons))
    offices = (Calendar(segments, {midnight.date(): True}) for segments in kinds)
    return min(sum(works_at(office, midnight + n * MINUTE) for n in range(1440)) for office in offices)
