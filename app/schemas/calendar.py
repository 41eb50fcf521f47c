"""Wire shapes of work calendars: hours, seasons, published years; times of day are local, as `08:30`."""

from datetime import date, datetime
from itertools import pairwise
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from app.models.enums import DayKind
from app.schemas.folding import Code, Day, Label
from app.schemas.patch import Patch, untouched
from app.schemas.types import Input, Output, ShortText

LEAP_YEAR = 2024


class SegmentIn(Input):
    """A stretch of business hours."""

    starts: Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    ends: Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


def _in_order(segments: list[SegmentIn]) -> list[SegmentIn]:
    edges = [edge for segment in segments for edge in (segment.starts, segment.ends)]
    if any(early >= late for early, late in pairwise(edges)):
        raise ValueError("时段须按先后排列，且不能重叠 | must be in order and must not overlap")
    return segments


def _of_a_year(text: str) -> str:
    try:
        date(LEAP_YEAR, int(text[:2]), int(text[3:]))
    except ValueError as wrong:
        raise ValueError("没有这一天 | is no day of a year") from wrong
    return text


Segments = Annotated[list[SegmentIn], Field(min_length=1, max_length=6), AfterValidator(_in_order)]
MonthDay = Annotated[str, StringConstraints(pattern=r"^[01][0-9]-[0-3][0-9]$"), AfterValidator(_of_a_year)]


class SeasonIn(Input):
    """Hours of their own on the days from the first to the last, as `06-01`; it may run over New Year."""

    name: Label
    first_day: MonthDay
    last_day: MonthDay
    segments: Segments


Seasons = Annotated[list[SeasonIn], Field(max_length=6)]


class CalendarCreate(Input):
    """A calendar of its own hours, for an organisation if one is named; days not named are the default's."""

    code: Code
    name: Label
    segments: Segments
    seasons: Seasons = Field(default_factory=list)
    org_id: UUID | None = None


class CalendarPatch(Patch):
    """What may change of a calendar; hours and seasons are replaced as a whole, from now on."""

    name: Label = untouched()
    segments: Segments = untouched()
    seasons: Seasons = untouched()


class DayIn(Input):
    """A day that an announcement names: a holiday, or a Saturday or Sunday that is worked."""

    day: Day
    kind: DayKind
    name: Label | None = None


class YearPublish(Input):
    """A year as announced; days that are not named follow the week (or the default calendar)."""

    source: ShortText
    days: Annotated[list[DayIn], Field(min_length=1, max_length=366)]


class SegmentRead(Output):
    """A stretch of business hours."""

    starts: str
    ends: str


class SeasonRead(Output):
    """Days of every year with hours of their own."""

    name: str
    first_day: str
    last_day: str
    segments: list[SegmentRead]


class YearBrief(Output):
    """Whether a year has been published; until then deadlines in it are provisional."""

    year: int
    published: bool
    source: str | None
    published_at: datetime | None
    published_by: UUID | None


class CalendarBrief(Output):
    """A calendar as a line of a list."""

    id: UUID
    code: str
    name: str
    is_default: bool
    version: int


class CalendarRead(CalendarBrief):
    """A calendar with its hours, its seasons and its years; nobody made what the deployment began with."""

    segments: list[SegmentRead]
    seasons: list[SeasonRead]
    years: list[YearBrief]
    created_at: datetime
    created_by: UUID | None
    updated_at: datetime
    updated_by: UUID | None


class DayRead(Output):
    """A published day."""

    day: date
    kind: DayKind
    name: str
    worked: bool


class ChangeRead(Output):
    """One publication: when, by whom, how many tickets it touched so far, and when that was done."""

    changed_at: datetime
    changed_by: UUID | None
    moved: int
    finished_at: datetime | None


class YearRead(YearBrief):
    """A year with its days; `changes` are its publications, newest first."""

    calendar_id: UUID
    days: list[DayRead]
    changes: list[ChangeRead]
