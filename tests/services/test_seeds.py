"""What every deployment starts with: the work calendar and the category list, seeded again and again."""

from datetime import date

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.enums import DayKind
from app.models.platform import WorkCalendar, WorkCalendarDay, WorkCalendarSegment, WorkCalendarYear
from app.models.public import PublicService
from app.models.routing import CategoryRevision
from app.models.ticket import Category
from app.services.platform import calendars
from app.services.platform.calendar_seed import seed_days
from app.services.platform.worktime import DEFAULT_SEGMENTS
from app.services.tickets import categories
from app.services.tickets.category_list import CATEGORIES

NATIONAL_DAY = date(2025, 10, 1)


async def test_an_empty_database_gets_a_calendar_that_knows_every_published_day(
    session: AsyncSession,
) -> None:
    for table in (WorkCalendarDay, WorkCalendarYear, WorkCalendarSegment, WorkCalendar):
        await session.execute(delete(table))
    await calendars.seed(session)
    loaded = (await calendars.load(session)).default
    assert loaded.segments == DEFAULT_SEGMENTS
    assert set(loaded.days) == {row.day for row in seed_days()}
    assert not loaded.is_workday(NATIONAL_DAY)


async def test_seeding_again_adds_only_what_is_missing(session: AsyncSession) -> None:
    corrected = update(WorkCalendarDay).where(WorkCalendarDay.day == NATIONAL_DAY)
    await session.execute(corrected.values(kind=DayKind.WORKDAY))
    await session.execute(delete(WorkCalendarDay).where(WorkCalendarDay.day == date(2025, 10, 2)))
    await calendars.seed(session)
    loaded = (await calendars.load(session)).default
    assert loaded.is_workday(NATIONAL_DAY), "a day that the deployment corrected stays as it is"
    assert loaded.is_published(date(2025, 10, 2))
    assert await session.scalar(select(func.count()).select_from(WorkCalendar)) == 1


async def test_a_database_without_a_calendar_says_what_to_do(session: AsyncSession) -> None:
    await session.execute(update(WorkCalendar).values(is_default=False))
    with pytest.raises(LookupError, match="wangge migrate"):
        await calendars.load(session)


async def test_categories_are_relabelled_but_stay_switched_off(session: AsyncSession) -> None:
    changed = update(Category).where(Category.code == "0501")
    await session.execute(changed.values(label_zh="旧名", enabled=False))
    await categories.seed(session)
    row = (await session.scalars(select(Category).where(Category.code == "0501"))).one()
    assert (row.label_zh, row.enabled) == ("暴露垃圾", False)


async def test_all_listed_categories_are_there_after_seeding(session: AsyncSession) -> None:
    await session.execute(delete(PublicService))
    await session.execute(delete(Category).where(Category.parent_code.is_not(None)))
    await categories.seed(session)
    assert await session.scalar(select(func.count()).select_from(Category)) == len(CATEGORIES)


async def test_what_a_worker_can_mend_on_the_spot_is_seeded_and_a_deployments_choice_stays(
    session: AsyncSession,
) -> None:
    await session.execute(update(Category).values(self_handled=False))
    await session.execute(update(Category).where(Category.code == "0605").values(auto_dispatch=True))
    kept = {"label_zh": "乱堆乱放", "label_en": "Piling", "enabled": True, "auto_dispatch": False}
    session.add(CategoryRevision(category_code="0502", version=2, **kept))
    await session.flush()
    await categories.seed(session)
    rows = {row.code: row for row in await session.scalars(select(Category))}
    assert rows["0501"].self_handled
    assert not rows["0101"].self_handled
    assert not rows["0502"].self_handled, "somebody has decided on this one"
    assert rows["0605"].auto_dispatch
