"""The calendar that a new deployment starts with is the one the State Council published."""

from collections import Counter
from datetime import date, timedelta
from itertools import pairwise

from app.models.enums import DayKind
from app.services.platform.calendar_seed import seed_days
from app.services.platform.worktime import WORKING_KINDS

ROWS = {row.day: row for row in seed_days()}


def test_every_day_from_2024_to_the_end_of_the_last_known_year_has_one_row() -> None:
    days = [row.day for row in seed_days()]
    assert days[0] == date(2024, 1, 1)
    assert days[-1] >= date(2026, 12, 31)
    assert (days[-1].month, days[-1].day) == (12, 31)
    assert all(late - early == timedelta(days=1) for early, late in pairwise(days))


def test_2026_has_248_working_days_six_of_them_made_up_for() -> None:
    of_2026 = [row for day, row in ROWS.items() if day.year == 2026]
    assert sum(row.kind in WORKING_KINDS for row in of_2026) == 248
    made_up = [f"{row.day:%m-%d}" for row in of_2026 if row.kind is DayKind.MAKEUP_WORKDAY]
    assert made_up == ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"]


def test_a_holiday_and_the_day_that_makes_up_for_it_bear_its_chinese_name() -> None:
    assert ROWS[date(2026, 2, 17)][1:] == (DayKind.HOLIDAY, "春节")
    assert ROWS[date(2026, 2, 28)][1:] == (DayKind.MAKEUP_WORKDAY, "春节")
    names = Counter(row.name for row in ROWS.values() if row.day.year == 2026)
    assert set(names) == {None, "元旦", "春节", "清明节", "劳动节", "端午节", "中秋节", "国庆节"}


def test_ordinary_days_are_nameless() -> None:
    assert ROWS[date(2026, 3, 4)][1:] == (DayKind.WORKDAY, None)
    assert ROWS[date(2026, 3, 7)][1:] == (DayKind.WEEKEND, None)
