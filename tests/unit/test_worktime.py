"""Limits end when a person with the office's calendar on the wall would say they end."""

import csv
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from app.models.enums import SlaUnit
from app.services.platform.calendar_seed import seed_days
from app.services.platform.worktime import (
    Calendar,
    Deadline,
    OutOfReachError,
    Season,
    Segment,
    due,
    elapsed,
    moved,
    remaining,
    rewind,
)

WALL, MINUTES, DAYS = SlaUnit.WALL_MINUTES, SlaUnit.WORK_MINUTES, SlaUnit.WORK_DAYS
SHANGHAI = ZoneInfo("Asia/Shanghai")
OFFICE = Calendar.from_kinds((row.day, row.kind) for row in seed_days())
NOTHING_PUBLISHED = Calendar()
SUMMER_HOURS: tuple[Segment, ...] = ((time(8), time(12)), (time(15), time(18)))
SEASONAL = Calendar(days=OFFICE.days, seasons=(Season((6, 1), (9, 30), SUMMER_HOURS),))
VECTORS = Path(__file__).parent / "data" / "deadlines.csv"


def at(text: str) -> datetime:
    """Read a time on the office wall."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def read_vectors() -> list[tuple[str, SlaUnit, int, str]]:
    with VECTORS.open(encoding="utf-8", newline="") as file:
        rows = [
            (row["start"], SlaUnit(row["unit"]), int(row["amount"]), row["due"])
            for row in csv.DictReader(file)
        ]
    assert len(rows) == 18
    return rows


@pytest.mark.parametrize(("start", "unit", "amount", "expected"), read_vectors())
def test_a_published_calendar_gives_the_golden_deadline(
    start: str, unit: SlaUnit, amount: int, expected: str
) -> None:
    assert due(OFFICE, at(start), unit, amount) == Deadline(at(expected), provisional=False)


def test_minutes_that_fill_the_morning_end_at_noon_not_after_lunch() -> None:
    assert due(OFFICE, at("2026-03-04T08:30"), MINUTES, 210).due == at("2026-03-04T12:00")


def test_minutes_that_fill_the_day_end_at_its_close_not_next_morning() -> None:
    assert due(OFFICE, at("2026-03-04T08:30"), MINUTES, 420).due == at("2026-03-04T17:30")


def test_one_minute_more_than_the_day_ends_next_morning() -> None:
    assert due(OFFICE, at("2026-03-04T08:30"), MINUTES, 421).due == at("2026-03-05T08:31")


def test_a_friday_afternoon_report_runs_on_over_a_make_up_saturday() -> None:
    friday = at("2026-02-13T16:45")
    assert due(OFFICE, friday, MINUTES, 240).due == at("2026-02-14T11:45")
    assert due(OFFICE, friday, DAYS, 1).due == at("2026-02-14T17:30")


def test_national_day_week_does_not_count() -> None:
    eve = at("2026-09-30T16:00")
    assert due(OFFICE, eve, MINUTES, 240).due == at("2026-10-08T11:00")
    assert due(OFFICE, eve, DAYS, 1).due == at("2026-10-08T17:30")


def test_a_working_day_is_not_twenty_four_hours_of_work() -> None:
    assert due(OFFICE, at("2026-03-04T09:00"), DAYS, 1).due == at("2026-03-05T17:30")


def test_new_years_eve_with_next_years_calendar_missing_is_provisional_and_no_error() -> None:
    eve = at("2026-12-31T16:00")
    assert due(OFFICE, eve, MINUTES, 240) == Deadline(at("2027-01-04T11:00"), provisional=True)
    assert due(OFFICE, eve, DAYS, 5) == Deadline(at("2027-01-08T17:30"), provisional=True)


def test_only_a_deadline_that_leaves_the_published_year_is_provisional() -> None:
    eve = at("2026-12-31T09:00")
    assert due(OFFICE, eve, MINUTES, 390) == Deadline(at("2026-12-31T17:30"), provisional=False)
    assert due(OFFICE, eve, MINUTES, 391) == Deadline(at("2027-01-04T08:31"), provisional=True)


def test_publishing_the_year_moves_a_provisional_deadline_and_settles_it() -> None:
    eve = at("2026-12-31T16:00")
    days = dict(OFFICE.days) | {date(2027, 1, day): day in {2, 4, 5} for day in range(1, 8)}
    assert due(Calendar(days=days), eve, DAYS, 1) == Deadline(at("2027-01-02T17:30"), provisional=False)


@pytest.mark.parametrize("day", ["01-01", "05-01", "05-02", "10-01", "10-02", "10-03"])
def test_fixed_holidays_are_off_in_a_year_nobody_has_published(day: str) -> None:
    # In 2030 all six fall on weekdays.
    assert not NOTHING_PUBLISHED.is_workday(date.fromisoformat(f"2030-{day}"))


def test_other_weekdays_of_an_unpublished_year_are_worked_and_weekends_are_not() -> None:
    worked = [day for day in range(1, 10) if NOTHING_PUBLISHED.is_workday(date(2030, 10, day))]
    assert worked == [4, 7, 8, 9]


def test_the_end_of_the_century_can_be_reckoned() -> None:
    assert due(OFFICE, at("2099-12-30T16:00"), DAYS, 3) == Deadline(at("2100-01-05T17:30"), provisional=True)


def test_the_caller_may_speak_of_any_time_zone_and_is_answered_in_utc() -> None:
    in_new_york = datetime(2026, 3, 3, 19, 30, tzinfo=ZoneInfo("America/New_York"))
    answer = due(OFFICE, in_new_york, MINUTES, 210).due
    assert answer == at("2026-03-04T12:00")
    assert answer.tzinfo is UTC


def test_seconds_are_kept_in_a_deadline() -> None:
    assert due(OFFICE, at("2026-03-04T11:59:30"), MINUTES, 1).due == at("2026-03-04T14:00:30")


def test_summer_hours_are_another_set_of_segments() -> None:
    assert due(SEASONAL, at("2026-07-01T11:00"), MINUTES, 90).due == at("2026-07-01T15:30")
    assert due(SEASONAL, at("2026-07-01T11:00"), DAYS, 1).due == at("2026-07-02T18:00")


def test_a_deadline_over_the_end_of_summer_counts_each_day_by_its_own_hours() -> None:
    last_of_summer = at("2026-09-29T17:00")
    assert due(SEASONAL, last_of_summer, MINUTES, 60).due == at("2026-09-29T18:00")
    assert due(SEASONAL, last_of_summer, DAYS, 1).due == at("2026-09-30T18:00")
    # 30 September is the last day of summer; work goes on on 8 October, by winter hours.
    assert due(SEASONAL, at("2026-09-30T17:00"), MINUTES, 61).due == at("2026-10-08T08:31")
    assert due(SEASONAL, at("2026-09-30T17:00"), DAYS, 1).due == at("2026-10-08T17:30")


def test_a_season_may_run_over_new_year() -> None:
    winter = Season((11, 1), (2, 28), ((time(9), time(16)),))
    calendar = Calendar(days=OFFICE.days, seasons=(winter,))
    closes = [calendar.hours_of(date.fromisoformat(day))[-1][1] for day in (
        "2026-10-31", "2026-11-01", "2026-12-31", "2027-01-01", "2027-02-28", "2028-02-29", "2027-03-01"
    )]  # fmt: skip
    assert closes == [time(17, 30), *[time(16)] * 4, time(17, 30), time(17, 30)]


@pytest.mark.parametrize(
    "seasons",
    [
        (Season((6, 1), (9, 30), SUMMER_HOURS), Season((9, 30), (10, 31), SUMMER_HOURS)),
        (Season((11, 1), (3, 1), SUMMER_HOURS), Season((2, 1), (2, 2), SUMMER_HOURS)),
    ],
)
def test_seasons_that_overlap_are_refused(seasons: tuple[Season, ...]) -> None:
    with pytest.raises(ValueError, match="overlap"):
        Calendar(seasons=seasons)


@pytest.mark.parametrize("edge", [(2, 30), (13, 1), (0, 1), (6, 31)])
def test_a_season_of_days_that_no_year_has_is_refused(edge: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"day|month"):
        Season(edge, (12, 1), SUMMER_HOURS)


@pytest.mark.parametrize("unit", [WALL, MINUTES])
def test_nought_minutes_end_at_once(unit: SlaUnit) -> None:
    night = at("2026-03-07T23:00")
    assert due(OFFICE, night, unit, 0) == Deadline(night, provisional=False)


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2026-03-04T09:00", "2026-03-04T17:30"),
        ("2026-03-04T17:30", "2026-03-04T17:30"),
        ("2026-03-04T17:31", "2026-03-05T17:30"),
        ("2026-03-07T09:00", "2026-03-09T17:30"),
    ],
)
def test_nought_days_end_at_the_next_close(start: str, expected: str) -> None:
    assert due(OFFICE, at(start), DAYS, 0).due == at(expected)


@pytest.mark.parametrize("unit", SlaUnit)
@pytest.mark.parametrize("amount", [6_000_000, 10**30])
def test_an_absurd_amount_is_refused(unit: SlaUnit, amount: int) -> None:
    with pytest.raises(OutOfReachError, match=f"{amount} {unit}"):
        due(OFFICE, at("2026-03-04T09:00"), unit, amount)


@pytest.mark.parametrize("unit", SlaUnit)
@pytest.mark.parametrize("start", [datetime.max.replace(tzinfo=UTC), at("9999-12-30T09:00")])
def test_a_limit_beyond_the_end_of_time_is_refused(unit: SlaUnit, start: datetime) -> None:
    with pytest.raises(OutOfReachError):
        due(OFFICE, start, unit, 10_000)


@pytest.mark.parametrize("unit", [MINUTES, DAYS])
def test_a_calendar_without_a_working_day_ends_the_search(unit: SlaUnit) -> None:
    first = date(2026, 1, 1)
    idle = Calendar(days={first + timedelta(days=n): False for n in range(4000)})
    with pytest.raises(OutOfReachError):
        due(idle, at("2026-01-01T09:00"), unit, 1)


def test_a_negative_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        due(OFFICE, at("2026-03-04T09:00"), MINUTES, -1)


@pytest.mark.parametrize("unit", SlaUnit)
def test_a_time_without_a_zone_is_refused(unit: SlaUnit) -> None:
    naive = datetime(2026, 3, 4, 9)  # noqa: DTZ001 - the point of the test
    with pytest.raises(ValueError, match="time zone"):
        due(OFFICE, naive, unit, 1)
    with pytest.raises(ValueError, match="time zone"):
        elapsed(OFFICE, naive, naive, unit)
    with pytest.raises(ValueError, match="time zone"):
        remaining(OFFICE, naive, naive, unit)


@pytest.mark.parametrize(
    "segments",
    [
        (),
        ((time(9), time(9)),),
        ((time(12), time(9)),),
        ((time(9), time(13)), (time(12), time(17))),
        ((time(14), time(17)), (time(9), time(12))),
    ],
)
def test_office_hours_that_make_no_sense_are_refused(segments: tuple[Segment, ...]) -> None:
    with pytest.raises(ValueError, match="segments"):
        Calendar(segments)


def test_a_pause_moves_the_deadline_by_the_working_time_it_took() -> None:
    paused, resumed = at("2026-03-04T11:00"), at("2026-03-05T11:00")
    by_minutes = due(OFFICE, at("2026-03-04T09:00"), MINUTES, 240).due
    by_days = due(OFFICE, at("2026-03-04T09:00"), DAYS, 5).due
    left_minutes = remaining(OFFICE, paused, by_minutes, MINUTES)
    left_days = remaining(OFFICE, paused, by_days, DAYS)
    assert (left_minutes, left_days) == (120, 5)
    assert due(OFFICE, resumed, MINUTES, left_minutes).due == at("2026-03-05T15:00")
    assert due(OFFICE, resumed, DAYS, left_days).due == at("2026-03-12T17:30")


def test_nothing_is_left_of_a_limit_that_is_past() -> None:
    now, past = at("2026-03-05T09:00"), at("2026-03-04T09:00")
    assert [remaining(OFFICE, now, past, unit) for unit in SlaUnit] == [0, 0, 0]
    assert [elapsed(OFFICE, past, now, unit) for unit in SlaUnit] == [1440, 420, 1]


def test_a_begun_minute_is_not_elapsed_but_still_remains() -> None:
    start, end = at("2026-03-04T09:00:30"), at("2026-03-04T09:02")
    assert [elapsed(OFFICE, start, end, unit) for unit in (WALL, MINUTES)] == [1, 1]
    assert [remaining(OFFICE, start, end, unit) for unit in (WALL, MINUTES)] == [2, 2]


@pytest.mark.parametrize(
    ("unit", "end", "back", "expected"),
    [
        (WALL, "2026-03-04T10:00", Fraction(12), "2026-03-04T09:48"),
        (MINUTES, "2026-03-05T09:00", Fraction(30), "2026-03-04T17:30"),
        (MINUTES, "2026-03-05T09:00", Fraction(31), "2026-03-04T17:29"),
        (DAYS, "2026-03-06T17:30", Fraction(1), "2026-03-05T17:30"),
        (DAYS, "2026-03-06T17:30", Fraction(1, 5), "2026-03-06T16:06"),
        (DAYS, "2026-03-09T17:30", Fraction(6, 5), "2026-03-06T16:06"),
        (DAYS, "2026-03-06T17:30", Fraction(0), "2026-03-06T17:30"),
        (DAYS, "2026-03-06T17:30", Fraction(9), "2026-03-04T09:00"),
    ],
)
def test_going_back_from_a_deadline(unit: SlaUnit, end: str, back: Fraction, expected: str) -> None:
    assert rewind(OFFICE, at(end), unit, back, floor=at("2026-03-04T09:00")) == at(expected)


def test_a_deadline_of_today_is_not_moved_by_a_change_of_later_days() -> None:
    morning = at("2026-03-04T09:00")
    for unit, end in ((MINUTES, at("2026-03-04T08:00")), (DAYS, at("2026-03-04T17:30"))):
        moved_to = moved(OFFICE, NOTHING_PUBLISHED, since=morning, end=end, unit=unit)
        assert moved_to == Deadline(end, provisional=True)
    wall = moved(OFFICE, NOTHING_PUBLISHED, since=morning, end=at("2026-03-06T08:00"), unit=WALL)
    assert wall == Deadline(at("2026-03-06T08:00"), provisional=False)
