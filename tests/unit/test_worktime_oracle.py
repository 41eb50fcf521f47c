"""Working time agrees with somebody who counts it minute by minute on any calendar."""

from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from app.models.enums import SlaUnit
from app.services.platform.worktime import (
    Calendar,
    due,
    elapsed,
    moved,
    remaining,
    rewind,
)
from tests.support.counting import (
    DAY,
    EAST_8,
    MINUTE,
    cases,
    minutes_of_a_day,
    walk_days,
    walk_minutes,
    works_at,
    works_on,
)

units = st.sampled_from(list(SlaUnit))


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
