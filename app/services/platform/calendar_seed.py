"""Rows that fill the calendar table: the published years that the chinesecalendar package knows.

Used once, to seed. Deadlines are computed from the table alone (`worktime`), because the package
raises for a year that it does not know and gets the next one only when a new release is installed.
"""

from collections.abc import Iterator
from datetime import date
from itertools import count
from typing import NamedTuple

from chinese_calendar import get_holiday_detail

from app.models.enums import DayKind

__all__ = ["FIRST_YEAR", "SeedDay", "seed_days"]

FIRST_YEAR = 2024

_NAMES_ZH = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "Mid-autumn Festival": "中秋节",
    "National Day": "国庆节",
}


class SeedDay(NamedTuple):
    """One published day; `name` is the holiday it belongs to or makes up for, else None."""

    day: date
    kind: DayKind
    name: str | None


def seed_days() -> Iterator[SeedDay]:
    """Yield each day from 1 January of `FIRST_YEAR` to the end of the last known year, in order."""
    for ordinal in count(date(FIRST_YEAR, 1, 1).toordinal()):
        day = date.fromordinal(ordinal)
        try:
            off, name = get_holiday_detail(day)
        except NotImplementedError:
            return
        yield SeedDay(day, _kind(off=off, named=name is not None), _NAMES_ZH.get(name, name))


def _kind(*, off: bool, named: bool) -> DayKind:
    if named:
        return DayKind.HOLIDAY if off else DayKind.MAKEUP_WORKDAY
    return DayKind.WEEKEND if off else DayKind.WORKDAY
