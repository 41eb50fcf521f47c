"""Working time agrees with somebody who counts it minute by minute on any calendar."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from fractions import Fraction
from functools import cache
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from app.models.enums import SlaUnit
from app.services.platform.worktime import (
    DEFAULT_SEGMENTS,
    Calendar,
    Season,
    Segment,
    due,
    elapsed,
    moved,
    remaining,
    rewind,
)

EAST_8 = timezone(timedelta(hours=8))
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
FIXED_HOLIDAYS = {"01-01", "05-01", "05-02", "10-01", "10-02", "10-03"}

units = st.sampled_from(list(SlaUnit))


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


def some_amount(data: st.DataObject, calendar: Calendar, unit: SlaUnit) -> int:
    """Draw a limit of a few days, so that counting by minutes stays bearable."""
    most = {
        SlaUnit.WALL_MINUTES: 4000,
        SlaUnit.WORK_MINUTES: 3 * minutes_of_a_day(calendar),
        SlaUnit.WORK_DAYS: 30,
    }
    return data.draw(st.integers(1, most[unit]))


@settings(deadline=None)
@given(cases(), st.data())
def test_minutes_of_work_end_where_counting_them_one_by_one_ends(
    case: tuple[Calendar, datetime], data: st.DataObject
) -> None:
    calendar, start = case
    amount = some_amount(data, calendar, SlaUnit.WORK_MINUTES)
    expected = walk_minutes(calendar, start, amount)
    assert due(calendar, start, SlaUnit.WORK_MINUTES, amount).due == expected


@settings(deadline=None)
@given(cases(), st.integers(1, 60))
def test_working_days_end_where_turning_the_leaves_ends(case: tuple[Calendar, datetime], amount: int) -> None:
    calendar, start = case
    assert due(calendar, start, SlaUnit.WORK_DAYS, amount).due == walk_days(calendar, start, amount)


@settings(deadline=None)
@given(cases(), st.integers(0, 100_000))
def test_minutes_on_the_wall_know_no_calendar(case: tuple[Calendar, datetime], amount: int) -> None:
    calendar, start = case
    answer = due(calendar, start, SlaUnit.WALL_MINUTES, amount)
    assert answer.due == start + amount * MINUTE
    assert not answer.provisional


@settings(deadline=None)
@given(cases(), st.integers(0, 15_000))
def test_elapsed_time_is_what_counting_gives(case: tuple[Calendar, datetime], span: int) -> None:
    calendar, start = case
    end = start + span * MINUTE
    minutes = sum(works_at(calendar, start + n * MINUTE) for n in range(span))
    first, last = start.astimezone(EAST_8).date(), end.astimezone(EAST_8).date()
    days = sum(works_on(calendar, first + n * DAY) for n in range(1, (last - first).days + 1))
    expected = {
        SlaUnit.WALL_MINUTES: span,
        SlaUnit.WORK_MINUTES: minutes,
        SlaUnit.WORK_DAYS: days,
    }
    assert {unit: elapsed(calendar, start, end, unit) for unit in SlaUnit} == expected
    assert {unit: remaining(calendar, start, end, unit) for unit in SlaUnit} == expected


@settings(deadline=None)
@given(cases(), units, st.data())
def test_a_deadline_rests_on_a_guess_exactly_when_a_day_on_its_way_is_unpublished(
    case: tuple[Calendar, datetime], unit: SlaUnit, data: st.DataObject
) -> None:
    calendar, start = case
    answer = due(calendar, start, unit, some_amount(data, calendar, unit))
    first, last = start.astimezone(EAST_8).date(), answer.due.astimezone(EAST_8).date()
    # The start day does not matter to whole days; no day matters to the clock on the wall.
    offset = {SlaUnit.WORK_MINUTES: 0, SlaUnit.WORK_DAYS: 1, SlaUnit.WALL_MINUTES: 10**6}[unit]
    way = (first + n * DAY for n in range(offset, (last - first).days + 1))
    assert answer.provisional == any(day not in calendar.days for day in way)


@settings(deadline=None)
@given(cases(), units, st.data())
def test_a_pause_that_takes_no_time_moves_nothing(
    case: tuple[Calendar, datetime], unit: SlaUnit, data: st.DataObject
) -> None:
    calendar, start = case
    amount = some_amount(data, calendar, unit)
    end = due(calendar, start, unit, amount).due
    moment = start + data.draw(st.integers(0, (end - start) // MINUTE)) * MINUTE
    left = remaining(calendar, moment, end, unit)
    assert due(calendar, moment, unit, left).due == end
    assert elapsed(calendar, start, moment, unit) + left == amount


@settings(deadline=None)
@given(cases(), units, st.data())
def test_more_time_or_a_later_start_never_ends_sooner(
    case: tuple[Calendar, datetime], unit: SlaUnit, data: st.DataObject
) -> None:
    calendar, start = case
    amount = some_amount(data, calendar, unit)
    delay = data.draw(st.integers(0, 5000)) * MINUTE
    ends = [
        due(calendar, start, unit, amount - 1).due,
        due(calendar, start, unit, amount).due,
        due(calendar, start + delay, unit, amount).due,
    ]
    assert all(early <= late for early, late in pairwise(ends))


@settings(deadline=None)
@given(cases(), st.data())
def test_going_back_by_minutes_of_work_ends_where_counting_them_backwards_ends(
    case: tuple[Calendar, datetime], data: st.DataObject
) -> None:
    calendar, start = case
    amount = some_amount(data, calendar, SlaUnit.WORK_MINUTES)
    back = data.draw(st.integers(1, amount))
    end = minute = due(calendar, start, SlaUnit.WORK_MINUTES, amount).due
    left = back
    while left or not works_at(calendar, minute - MINUTE):
        minute -= MINUTE
        left -= works_at(calendar, minute)
        if minute <= start:
            break
    found = rewind(calendar, end, SlaUnit.WORK_MINUTES, Fraction(back), floor=start)
    assert found == max(minute, start)


@settings(deadline=None)
@given(cases(), st.integers(1, 30), st.data())
def test_going_back_by_whole_days_leads_to_the_close_of_an_earlier_day(
    case: tuple[Calendar, datetime], amount: int, data: st.DataObject
) -> None:
    calendar, start = case
    back = data.draw(st.integers(0, amount - 1))
    end = due(calendar, start, SlaUnit.WORK_DAYS, amount).due
    earlier = due(calendar, start, SlaUnit.WORK_DAYS, amount - back).due
    assert rewind(calendar, end, SlaUnit.WORK_DAYS, Fraction(back), floor=start) == earlier


@settings(deadline=None)
@given(cases(), units, st.data())
def test_when_a_calendar_is_corrected_a_deadline_moves_to_where_it_would_have_been(
    case: tuple[Calendar, datetime], unit: SlaUnit, data: st.DataObject
) -> None:
    before, start = case
    start += timedelta(seconds=data.draw(st.integers(0, 59)))
    days = {start.date() + n * DAY: data.draw(st.booleans()) for n in range(-1, 12)}
    after = Calendar(before.segments, {**before.days, **days}, before.seasons)
    amount = some_amount(data, before, unit)
    end, expected = (due(calendar, start, unit, amount) for calendar in (before, after))
    assert moved(before, after, since=start, end=end.due, unit=unit) == expected
