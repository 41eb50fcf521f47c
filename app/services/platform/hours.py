"""Office hours: which days are worked, and from when to when on each of them.

A calendar is a value without a database behind it. Hours may change with the season; a day that has not
been published is guessed from the week and the fixed-date holidays. Arithmetic on hours is `worktime`'s.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from itertools import pairwise
from typing import Self

from app.models.enums import DayKind

Segment = tuple[time, time]
MonthDay = tuple[int, int]

DEFAULT_SEGMENTS: tuple[Segment, ...] = (
    (time(8, 30), time(12, 0)),
    (time(14, 0), time(17, 30)),
)
WORKING_KINDS = frozenset({DayKind.WORKDAY, DayKind.MAKEUP_WORKDAY})

# Month and day of the statutory holidays that do not follow the moon or the sun (rule of 2025).
_FIXED_HOLIDAYS = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})
_SATURDAY = 5
_LEAP_YEAR = 2024


@dataclass(frozen=True, slots=True)
class Season:
    """Hours of their own from one month and day to another, both included; it may run over New Year."""

    first: MonthDay
    last: MonthDay
    segments: tuple[Segment, ...]

    def __post_init__(self) -> None:
        """Refuse days that no year has and hours that make no sense (ValueError)."""
        for month, day in (self.first, self.last):
            date(_LEAP_YEAR, month, day)
        _require_order(self.segments)

    def holds(self, day: MonthDay) -> bool:
        """Tell whether a month and day lie in the season."""
        if self.first <= self.last:
            return self.first <= day <= self.last
        return day >= self.first or day <= self.last


@dataclass(frozen=True, slots=True)
class Calendar:
    """Office hours, and which days are worked.

    `segments` are local times of the business zone, in order and apart; a season's replace them on its
    days, and seasons do not overlap. `days` holds every published day, True where it is worked. A
    published year therefore has an entry for each of its days; a day without one is guessed, whatever
    its neighbours are.
    """

    segments: tuple[Segment, ...] = DEFAULT_SEGMENTS
    days: Mapping[date, bool] = field(default_factory=dict, hash=False)
    seasons: tuple[Season, ...] = ()
    _by_day: Mapping[MonthDay, tuple[Segment, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        """Refuse hours that make no sense and seasons that overlap (ValueError)."""
        _require_order(self.segments)
        object.__setattr__(self, "_by_day", _lay_out(self.seasons))

    @classmethod
    def from_kinds(
        cls,
        kinds: Iterable[tuple[date, DayKind]],
        segments: tuple[Segment, ...] = DEFAULT_SEGMENTS,
        seasons: tuple[Season, ...] = (),
    ) -> Self:
        """Build a calendar out of published (day, kind) rows."""
        return cls(segments, {day: kind in WORKING_KINDS for day, kind in kinds}, seasons)

    def is_published(self, day: date) -> bool:
        """Tell whether the day is known, as opposed to guessed."""
        return day in self.days

    def is_workday(self, day: date) -> bool:
        """Tell whether the day is worked: as published, else Monday–Friday less fixed holidays."""
        known = self.days.get(day)
        if known is None:
            return day.weekday() < _SATURDAY and (day.month, day.day) not in _FIXED_HOLIDAYS
        return known

    def hours_of(self, day: date) -> tuple[Segment, ...]:
        """The segments of a day, were it worked."""
        if not self._by_day:
            return self.segments
        return self._by_day.get((day.month, day.day), self.segments)


def _lay_out(seasons: tuple[Season, ...]) -> dict[MonthDay, tuple[Segment, ...]]:
    """Write each season's hours on its days of a leap year; ValueError where two want the same day."""
    if not seasons:
        return {}
    laid: dict[MonthDay, tuple[Segment, ...]] = {}
    first = date(_LEAP_YEAR, 1, 1).toordinal()
    for ordinal in range(first, first + 366):
        on = date.fromordinal(ordinal)
        day = (on.month, on.day)
        holding = [season for season in seasons if season.holds(day)]
        if len(holding) > 1:
            message = f"seasons overlap on {on:%m-%d}"
            raise ValueError(message)
        if holding:
            laid[day] = holding[0].segments
    return laid


def _require_order(segments: tuple[Segment, ...]) -> None:
    edges = [edge for segment in segments for edge in segment]
    if not edges or any(early >= late for early, late in pairwise(edges)):
        message = f"work segments must be in order and must not overlap: {segments}"
        raise ValueError(message)
