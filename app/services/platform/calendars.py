"""Work calendars as the arithmetic wants them: read from the database all at once, and held as values.

The default calendar serves whoever has none of their own; another one says only what differs, so days
that it does not have are the default's. Reading and seeding stand here; administration is
`calendar_admin`'s, publishing a year `calendar_years`', the arithmetic `worktime`'s.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import uuid7
from app.models.enums import DayKind
from app.models.platform import (
    WorkCalendar,
    WorkCalendarDay,
    WorkCalendarSeason,
    WorkCalendarSeasonSegment,
    WorkCalendarSegment,
)
from app.services.platform import calendar_years
from app.services.platform.calendar_seed import seed_days
from app.services.platform.worktime import DEFAULT_SEGMENTS, WORKING_KINDS, Calendar, Season, Segment

DEFAULT_CODE = "default"
DEFAULT_NAME = "法定工作日历"


@dataclass(frozen=True, slots=True)
class Office:
    """One calendar as it stands in the database: its own hours, seasons and published days."""

    id: UUID
    code: str
    is_default: bool = False
    segments: tuple[Segment, ...] = DEFAULT_SEGMENTS
    seasons: tuple[Season, ...] = ()
    days: Mapping[date, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Calendars:
    """All calendars; make it with `Calendars.of`."""

    default: Calendar
    default_id: UUID
    by_id: Mapping[UUID, Calendar]
    offices: Sequence[Office]

    @classmethod
    def of(cls, offices: Sequence[Office]) -> "Calendars":
        """Lay each office's days over the default's; LookupError without a default one."""
        default = next((office for office in offices if office.is_default), None)
        if default is None:
            raise LookupError("no default work calendar: run `wangge migrate`")
        made = {office.id: _calendar(office, default) for office in offices}
        return cls(made[default.id], default.id, made, offices)

    def get(self, calendar_id: UUID | None) -> Calendar:
        """A calendar by its id; the default one for None and for one that is not known."""
        return self.by_id.get(calendar_id, self.default) if calendar_id else self.default

    def named(self, name: str) -> Calendar | None:
        """A calendar by its code or its id as text; None when there is none."""
        for office in self.offices:
            if name in {office.code, str(office.id)}:
                return self.by_id[office.id]
        return None

    def with_year(self, calendar_id: UUID, year: int, kinds: Mapping[date, DayKind]) -> "Calendars":
        """The calendars, had one of them these days and no others in a year."""
        offices = [
            replace(office, days=_replaced(office.days, year, kinds)) if office.id == calendar_id else office
            for office in self.offices
        ]
        return Calendars.of(offices)


async def seed(session: AsyncSession) -> None:
    """Add the default calendar, its business hours and the published days, where they are missing."""
    added = await session.scalar(
        insert(WorkCalendar)
        .values(id=uuid7(), code=DEFAULT_CODE, name=DEFAULT_NAME, is_default=True)
        .on_conflict_do_nothing()
        .returning(WorkCalendar.id)
    )
    calendar_id = added or await _default_id(session)
    if added:
        hours = [
            {"calendar_id": calendar_id, "starts": starts, "ends": ends} for starts, ends in DEFAULT_SEGMENTS
        ]
        await session.execute(insert(WorkCalendarSegment), hours)
    await calendar_years.seed(session, calendar_id=calendar_id, days=tuple(seed_days()))


async def load(session: AsyncSession) -> Calendars:
    """All calendars with every published day (three statements); LookupError before seeding."""
    hours: dict[UUID, list[Segment]] = defaultdict(list)
    names: dict[UUID, tuple[str, bool]] = {}
    for row in await session.execute(
        select(
            WorkCalendar.id,
            WorkCalendar.code,
            WorkCalendar.is_default,
            WorkCalendarSegment.starts,
            WorkCalendarSegment.ends,
        )
        .join(WorkCalendarSegment, WorkCalendarSegment.calendar_id == WorkCalendar.id)
        .order_by(WorkCalendar.code, WorkCalendarSegment.starts)
    ):
        names[row.id] = (row.code, row.is_default)
        hours[row.id].append((row.starts, row.ends))
    seasons, days = await _seasons(session), await _days(session)
    return Calendars.of(
        [
            Office(key, code, is_default, tuple(hours[key]), tuple(seasons[key]), days[key])
            for key, (code, is_default) in names.items()
        ]
    )


async def _seasons(session: AsyncSession) -> Mapping[UUID, list[Season]]:
    found: dict[tuple[UUID, UUID, str, str], list[Segment]] = defaultdict(list)
    for season, segment in await session.execute(
        select(WorkCalendarSeason, WorkCalendarSeasonSegment)
        .join(WorkCalendarSeasonSegment, WorkCalendarSeasonSegment.season_id == WorkCalendarSeason.id)
        .order_by(WorkCalendarSeason.first_day, WorkCalendarSeason.id, WorkCalendarSeasonSegment.starts)
    ):
        key = (season.calendar_id, season.id, season.first_day, season.last_day)
        found[key].append((segment.starts, segment.ends))
    seasons: dict[UUID, list[Season]] = defaultdict(list)
    for (calendar_id, _season_id, first, last), segments in found.items():
        seasons[calendar_id].append(Season(month_day(first), month_day(last), tuple(segments)))
    return seasons


async def _days(session: AsyncSession) -> Mapping[UUID, dict[date, bool]]:
    days: dict[UUID, dict[date, bool]] = defaultdict(dict)
    statement = select(WorkCalendarDay.calendar_id, WorkCalendarDay.day, WorkCalendarDay.kind)
    for calendar_id, day, kind in await session.execute(statement):
        days[calendar_id][day] = kind in WORKING_KINDS
    return days


def month_day(text: str) -> tuple[int, int]:
    """`06-01` as month and day."""
    return int(text[:2]), int(text[3:])


def _calendar(office: Office, default: Office) -> Calendar:
    days = office.days
    if not office.is_default:
        days = {**default.days, **office.days} if office.days else default.days
    return Calendar(office.segments, days, office.seasons)


def _replaced(days: Mapping[date, bool], year: int, kinds: Mapping[date, DayKind]) -> Mapping[date, bool]:
    kept = {day: worked for day, worked in days.items() if day.year != year}
    return kept | {day: kind in WORKING_KINDS for day, kind in kinds.items()}


async def _default_id(session: AsyncSession) -> UUID:
    return (await session.scalars(select(WorkCalendar.id).where(WorkCalendar.is_default))).one()
