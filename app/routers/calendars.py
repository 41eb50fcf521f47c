"""Work calendars: lists, one, their years, and their administration."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Response

from app.api import etags
from app.api.actors import Admin, CurrentActor
from app.api.deadlines import forgets_deadlines
from app.api.etags import IfMatch
from app.api.idempotency import IdempotentRoute, claim_key
from app.api.paging import LIMIT, Cursor, Limit
from app.api.sessions import Session
from app.schemas.calendar import (
    CalendarBrief,
    CalendarCreate,
    CalendarPatch,
    CalendarRead,
    ChangeRead,
    DayRead,
    YearPublish,
    YearRead,
)
from app.schemas.types import PageRead
from app.services.platform import calendar_admin, calendar_years
from app.services.platform.calendar_years import NamedDay, Year
from app.services.platform.worktime import WORKING_KINDS
from app.services.staff import org_calendars

router = APIRouter(
    prefix="/v1/calendars",
    tags=["calendars"],
    route_class=IdempotentRoute,
    dependencies=[forgets_deadlines, Depends(claim_key)],
)
SomeYear = Annotated[int, Path(ge=2000, le=2100, description="公历年份")]


@router.get("", summary="工作日历列表", operation_id="calendars_list")
async def calendars_list(
    session: Session, _actor: CurrentActor, cursor: Cursor = None, limit: Limit = LIMIT
) -> PageRead[CalendarBrief]:
    """All work calendars by code; office hours are public facts."""
    page = await calendar_admin.page(session, cursor=cursor, limit=limit)
    return PageRead(items=list(page.items), next_cursor=page.next_cursor)


@router.get("/{calendar_id}", summary="工作日历详情", operation_id="calendar_read")
async def calendar_read(
    session: Session, _actor: CurrentActor, response: Response, calendar_id: UUID
) -> CalendarRead:
    """One calendar with its hours, its seasons and which years have been published."""
    return _tagged(response, await calendar_admin.detail(session, calendar_id=calendar_id))


@router.post("", status_code=201, summary="新增工作日历", operation_id="calendar_create")
async def calendar_create(
    session: Session, actor: Admin, response: Response, body: CalendarCreate
) -> CalendarRead:
    """A calendar of other hours than the default's; `org_id` names the organisation that gets it."""
    calendar = await org_calendars.create(session, actor=actor, new=body)
    response.headers["Location"] = f"/v1/calendars/{calendar.id}"
    return _tagged(response, calendar)


@router.patch("/{calendar_id}", summary="修改工作日历", operation_id="calendar_change")
async def calendar_change(
    session: Session,
    actor: Admin,
    response: Response,
    calendar_id: UUID,
    body: CalendarPatch,
    if_match: IfMatch = None,
) -> CalendarRead:
    """Change a calendar's name, hours or seasons; clocks that run keep their deadlines."""
    version = etags.expected_version(if_match)
    calendar = await calendar_admin.change(
        session, actor=actor, calendar_id=calendar_id, changes=body, expected_version=version
    )
    return _tagged(response, calendar)


@router.get("/{calendar_id}/years/{year}", summary="某年的工作日历", operation_id="calendar_year_read")
async def calendar_year_read(
    session: Session, _actor: CurrentActor, calendar_id: UUID, year: SomeYear
) -> YearRead:
    """A year's published days, and its publications; without days while it has not been published."""
    return _year(await calendar_years.read(session, calendar_id=calendar_id, year=year))


@router.put("/{calendar_id}/years/{year}", summary="发布某年的工作日历", operation_id="calendar_year_publish")
async def calendar_year_publish(
    session: Session, actor: Admin, calendar_id: UUID, year: SomeYear, body: YearPublish
) -> YearRead:
    """Publish a year, or correct it; the worker then moves the open deadlines that it touches."""
    named = [NamedDay(row.day, row.kind, row.name or "") for row in body.days]
    published = await calendar_years.publish(
        session, actor=actor, calendar_id=calendar_id, year=year, source=body.source, named=named
    )
    return _year(published)


def _year(found: Year) -> YearRead:
    published = found.published
    return YearRead(
        calendar_id=found.calendar_id,
        year=found.year,
        published=published is not None,
        source=published.source if published else None,
        published_at=published.published_at if published else None,
        published_by=published.published_by if published else None,
        days=[
            DayRead(day=row.day, kind=row.kind, name=row.name, worked=row.kind in WORKING_KINDS)
            for row in found.days
        ],
        changes=[ChangeRead.model_validate(change) for change in found.changes],
    )


def _tagged(response: Response, calendar: CalendarRead) -> CalendarRead:
    response.headers["ETag"] = etags.of_version(calendar.version)
    return calendar
