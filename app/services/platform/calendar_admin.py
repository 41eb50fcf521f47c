"""Work calendars as administrators keep them: lists, one, a new one, changes of its name and hours.

Hours are replaced as a whole and count for clocks that start or resume from then on; open deadlines stay.
A calendar is never deleted, because clocks ran by it. Publishing years is `calendar_years`' business,
who works by a calendar the organisation's.
"""

from datetime import time
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import Conflict, NotFound, invalid_field
from app.core.ids import uuid7
from app.core.paging import Page, Sort, page_of
from app.models.platform import (
    WorkCalendar,
    WorkCalendarSeason,
    WorkCalendarSeasonSegment,
    WorkCalendarSegment,
)
from app.schemas.calendar import (
    CalendarBrief,
    CalendarCreate,
    CalendarPatch,
    CalendarRead,
    SeasonIn,
    SegmentIn,
    YearBrief,
)
from app.services.platform import audit, versions
from app.services.platform.actor import Actor
from app.services.platform.calendars import month_day
from app.services.platform.worktime import Calendar, Season, Segment

_BY_CODE = Sort.by_text(WorkCalendar.code, WorkCalendar.id)
_DETAIL = text(
    """
    SELECT calendar.*,
        (SELECT json_agg(json_build_object('starts', to_char(starts, 'HH24:MI'),
                'ends', to_char(ends, 'HH24:MI')) ORDER BY starts)
           FROM work_calendar_segment WHERE calendar_id = calendar.id) AS segments,
        (SELECT json_agg(json_build_object('name', name, 'first_day', first_day, 'last_day', last_day,
                'segments', (SELECT json_agg(json_build_object('starts', to_char(starts, 'HH24:MI'),
                        'ends', to_char(ends, 'HH24:MI')) ORDER BY starts)
                   FROM work_calendar_season_segment WHERE season_id = season.id)) ORDER BY first_day, id)
           FROM work_calendar_season AS season WHERE calendar_id = calendar.id) AS seasons,
        (SELECT json_agg(json_build_object('year', year, 'published', true, 'source', source,
                'published_at', published_at, 'published_by', published_by) ORDER BY year)
           FROM work_calendar_year WHERE calendar_id = calendar.id) AS years
    FROM work_calendar AS calendar WHERE calendar.id = :id
    """
).columns(segments=JSON, seasons=JSON, years=JSON)


class CalendarCodeTaken(Conflict):
    """Another calendar has this code."""

    code = "calendar_code_taken"
    title_zh, title_en = "已有同代码的工作日历", "Another calendar has this code"


async def page(session: AsyncSession, *, cursor: str | None, limit: int) -> Page[CalendarBrief]:
    """Calendars by code."""
    statement = select(WorkCalendar).order_by(*_BY_CODE.order()).limit(limit + 1)
    if cursor is not None:
        statement = statement.where(_BY_CODE.after(cursor))
    found = [CalendarBrief.model_validate(calendar) for calendar in await session.scalars(statement)]
    return page_of(found, limit, lambda calendar: (calendar.code, calendar.id))


async def detail(session: AsyncSession, *, calendar_id: UUID) -> CalendarRead:
    """One calendar; of the default one also this year and the next, published or not."""
    row = (await session.execute(_DETAIL, {"id": calendar_id})).mappings().one_or_none()
    if row is None:
        raise NotFound
    years = [YearBrief.model_validate(year) for year in row["years"] or ()]
    if row["is_default"]:
        known, this = {year.year for year in years}, clock.today().year
        years += [_unpublished(year) for year in (this, this + 1) if year not in known]
    return CalendarRead(**{**row, "seasons": row["seasons"] or (), "years": sorted(years, key=_of_year)})


async def create(session: AsyncSession, *, actor: Actor, new: CalendarCreate) -> CalendarRead:
    """A new calendar, not the default one; `CalendarCodeTaken`, or `Invalid` for seasons that overlap."""
    _check(new.segments, new.seasons)
    if await session.scalar(select(WorkCalendar.id).where(WorkCalendar.code == new.code)) is not None:
        raise CalendarCodeTaken
    calendar_id, moment = uuid7(), clock.now()
    made = {"created_at": moment, "created_by": actor.id, "updated_at": moment, "updated_by": actor.id}
    row = {"id": calendar_id, "code": new.code, "name": new.name, "is_default": False, **made}
    await session.execute(insert(WorkCalendar).values(row))
    await _set_hours(session, calendar_id, new.segments, new.seasons)
    await _record(session, actor, "calendar.create", calendar_id, {"version": 1, **_hours(new)})
    return await detail(session, calendar_id=calendar_id)


async def change(
    session: AsyncSession,
    *,
    actor: Actor,
    calendar_id: UUID,
    changes: CalendarPatch,
    expected_version: int | None,
) -> CalendarRead:
    """The calendar with the sent fields changed; `Stale` at another version than expected."""
    calendar = await session.scalar(
        select(WorkCalendar).where(WorkCalendar.id == calendar_id).with_for_update()
    )
    if calendar is None:
        raise NotFound
    versions.require(calendar, expected_version)
    before = await detail(session, calendar_id=calendar_id)
    sent = changes.model_fields_set
    segments = (
        changes.segments if "segments" in sent else [SegmentIn(**row.model_dump()) for row in before.segments]
    )
    seasons = (
        changes.seasons if "seasons" in sent else [SeasonIn(**row.model_dump()) for row in before.seasons]
    )
    _check(segments, seasons)
    if sent & {"segments", "seasons"}:
        await _set_hours(session, calendar_id, segments, seasons)
    calendar.name = changes.name if "name" in sent else calendar.name
    versions.touch(calendar, actor)
    await session.flush()
    after = await detail(session, calendar_id=calendar_id)
    data = {"version": calendar.version, "before": _hours(before), "after": _hours(after)}
    await _record(session, actor, "calendar.change", calendar_id, data)
    return after


def _check(segments: list[SegmentIn], seasons: list[SeasonIn]) -> None:
    try:
        Calendar(_pairs(segments), {}, tuple(_season(season) for season in seasons))
    except ValueError as wrong:
        raise invalid_field(
            "body.seasons", "季节的日期不能重叠", "The days of seasons must not overlap"
        ) from wrong


def _season(season: SeasonIn) -> Season:
    return Season(month_day(season.first_day), month_day(season.last_day), _pairs(season.segments))


def _pairs(segments: list[SegmentIn]) -> tuple[Segment, ...]:
    return tuple((time.fromisoformat(row.starts), time.fromisoformat(row.ends)) for row in segments)


async def _set_hours(
    session: AsyncSession, calendar_id: UUID, segments: list[SegmentIn], seasons: list[SeasonIn]
) -> None:
    """Replace all hours; the segments of a season go with it."""
    await session.execute(delete(WorkCalendarSegment).where(WorkCalendarSegment.calendar_id == calendar_id))
    await session.execute(delete(WorkCalendarSeason).where(WorkCalendarSeason.calendar_id == calendar_id))
    hours = [{"calendar_id": calendar_id, "starts": a, "ends": b} for a, b in _pairs(segments)]
    await session.execute(insert(WorkCalendarSegment), hours)
    for season in seasons:
        season_id = uuid7()
        columns = season.model_dump(exclude={"segments"})
        await session.execute(
            insert(WorkCalendarSeason).values(id=season_id, calendar_id=calendar_id, **columns)
        )
        hours = [{"season_id": season_id, "starts": a, "ends": b} for a, b in _pairs(season.segments)]
        await session.execute(insert(WorkCalendarSeasonSegment), hours)


def _hours(calendar: CalendarCreate | CalendarRead) -> dict[str, Any]:
    """What the audit log keeps: hours and seasons, without names."""
    return {
        "segments": [row.model_dump() for row in calendar.segments],
        "seasons": [row.model_dump(exclude={"name"}) for row in calendar.seasons],
    }


def _unpublished(year: int) -> YearBrief:
    return YearBrief(year=year, published=False, source=None, published_at=None, published_by=None)


def _of_year(year: YearBrief) -> int:
    return year.year


async def _record(
    session: AsyncSession, actor: Actor, action: str, calendar_id: UUID, data: dict[str, Any]
) -> None:
    await audit.record(
        session,
        action=action,
        entity="work_calendar",
        entity_id=calendar_id,
        actor_id=actor.id,
        data=data,
    )
