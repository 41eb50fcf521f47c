"""Work calendars in the database: the default one is seeded here and loaded for the arithmetic.

The arithmetic itself is `worktime`'s; which days were published comes from `calendar_seed`. Rows that a
deployment has corrected are left as they are: seeding only adds what is missing.
"""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import uuid7
from app.models.enums import DayKind
from app.models.platform import WorkCalendar, WorkCalendarDay, WorkCalendarSegment
from app.services.platform.calendar_seed import seed_days
from app.services.platform.worktime import DEFAULT_SEGMENTS, Calendar

DEFAULT_CODE = "default"
DEFAULT_NAME = "法定工作日历"


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
    days = [
        {"calendar_id": calendar_id, "day": row.day, "kind": row.kind, "name": row.name or ""}
        for row in seed_days()
    ]
    await session.execute(insert(WorkCalendarDay).on_conflict_do_nothing(), days)


async def load(session: AsyncSession) -> Calendar:
    """The default calendar with every published day (two statements); LookupError before seeding."""
    hours = (
        await session.execute(
            select(WorkCalendarSegment.starts, WorkCalendarSegment.ends)
            .join(WorkCalendar, WorkCalendar.id == WorkCalendarSegment.calendar_id)
            .where(WorkCalendar.is_default)
            .order_by(WorkCalendarSegment.starts)
        )
    ).all()
    if not hours:
        raise LookupError("no default work calendar: run `wangge migrate`")
    days = await session.execute(
        select(WorkCalendarDay.day, WorkCalendarDay.kind)
        .join(WorkCalendar, WorkCalendar.id == WorkCalendarDay.calendar_id)
        .where(WorkCalendar.is_default)
    )
    return Calendar.from_kinds(
        ((row.day, DayKind(row.kind)) for row in days), tuple((row.starts, row.ends) for row in hours)
    )


async def _default_id(session: AsyncSession) -> UUID:
    return (await session.scalars(select(WorkCalendar.id).where(WorkCalendar.is_default))).one()
