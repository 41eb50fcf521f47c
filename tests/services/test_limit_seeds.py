"""What a deployment begins with is added once, and what comes later is announced."""

import asyncio
from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from app.models.platform import WorkCalendarChange, WorkCalendarDay, WorkCalendarYear
from app.runtime import provision
from app.services.platform import calendars
from app.services.platform.calendar_seed import seed_days
from tests.support.database import EMPTY, Database, Server

PICTURE = """
    SELECT 'policy', id::text, amount::text FROM sla_policy
    UNION ALL SELECT 'calendar', id::text, code FROM work_calendar
    UNION ALL SELECT 'segment', calendar_id::text, starts::text FROM work_calendar_segment
    UNION ALL SELECT 'year', year::text, published_at::text FROM work_calendar_year
    UNION ALL SELECT 'days', count(*)::text, '' FROM work_calendar_day
    UNION ALL SELECT 'change', id::text, '' FROM work_calendar_change
    UNION ALL SELECT 'category', code, label_zh FROM category
    ORDER BY 1, 2, 3
"""
JOBS = text("SELECT count(*) FROM pgqueuer WHERE entrypoint = 'move_deadlines'")


@pytest.fixture
def empty(server: Server) -> Iterator[Database]:
    """A database without a table, for one test."""
    name = "wangge_seeds"
    yield asyncio.run(server.create(name, EMPTY))
    asyncio.run(server.drop(name))


def test_migrating_again_adds_and_changes_nothing(empty: Database) -> None:
    provision.migrate(empty.owner_url)
    first = asyncio.run(_picture(empty.owner_url))
    provision.migrate(empty.owner_url)
    assert asyncio.run(_picture(empty.owner_url)) == first
    kinds = [row[0] for row in first]
    assert (kinds.count("policy"), kinds.count("segment"), kinds.count("change")) == (28, 2, 0)
    assert kinds.count("year") == len({row.day.year for row in seed_days()})


async def test_a_year_that_comes_with_a_later_release_moves_the_open_deadlines(session: AsyncSession) -> None:
    last = max(row.day.year for row in seed_days())
    await session.execute(delete(WorkCalendarYear).where(WorkCalendarYear.year == last))
    await session.execute(delete(WorkCalendarDay).where(WorkCalendarDay.day >= date(last, 1, 1)))
    await calendars.seed(session)
    change = (await session.scalars(select(WorkCalendarChange))).one()
    assert (change.year, change.before, change.changed_by) == (last, {}, None)
    assert await session.scalar(JOBS) == 2
    assert (await calendars.load(session)).default.is_published(max(row.day for row in seed_days()))


async def _picture(url: str) -> list[tuple[str, ...]]:
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        rows = [tuple(row) for row in await connection.execute(text(PICTURE))]
    await engine.dispose()
    return rows
