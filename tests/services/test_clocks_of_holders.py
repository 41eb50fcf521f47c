"""What an organisation holds runs by its own hours, whatever happens to the clock meanwhile."""

from datetime import UTC, date, datetime, time

import pytest
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import transaction
from app.core.errors import Conflict
from app.core.ids import uuid7
from app.models.platform import WorkCalendar, WorkCalendarSegment
from app.models.staff import Org
from tests.support.sweeping import Story, at

HOURS = ((time(7), time(11)), (time(12), time(15)))


@pytest.fixture
async def early(story: Story) -> Story:
    """A ticket that the urban office, which closes at three, has been working on since Wednesday morning."""
    async with transaction(story.sessions) as session:
        await opens_early(session, story)
    await story.to("processing")
    return story


async def opens_early(session: AsyncSession, story: Story) -> None:
    """The urban office opens at seven and closes at three."""
    calendar_id = uuid7()
    await session.execute(
        insert(WorkCalendar).values(id=calendar_id, code="early", name="早班", is_default=False)
    )
    hours = [{"calendar_id": calendar_id, "starts": starts, "ends": ends} for starts, ends in HOURS]
    await session.execute(insert(WorkCalendarSegment), hours)
    mine = update(Org).where(Org.id == story.world.orgs["urban"].id)
    await session.execute(mine.values(work_calendar_id=calendar_id))


async def due(story: Story) -> datetime:
    """When the handle clock is due."""
    moment: datetime = (await story.clock("handle"))["due_at"]
    return moment.astimezone(UTC)


async def test_a_clock_is_due_when_its_holder_closes(early: Story) -> None:
    assert await due(early) == at("2026-03-11", 15)
    assert (await early.clock("sign"))["due_at"] < at("2026-03-04", 15)


async def test_an_extension_ends_when_its_holder_closes(early: Story) -> None:
    await early.act("dept_handler", "request_extension", amount=2, reason="season", opinion="连日暴雨")
    await early.act("dispatcher", "approve_extension")
    assert await due(early) == at("2026-03-13", 15)


async def test_what_was_suspended_runs_on_by_its_holders_hours(early: Story) -> None:
    await early.suspend(date(2026, 3, 20))
    early.now = at("2026-03-12", 9)
    await early.act("dept_handler", "resume")
    assert await due(early) == at("2026-03-19", 15)


async def test_a_changed_urgency_counts_by_its_holders_hours_and_leads_back(early: Story) -> None:
    for urgency, day in (("complex", "2026-03-25"), ("normal", "2026-03-11")):
        await early.act("dispatcher", "change", urgency=urgency, opinion="调整缓急程度")
        assert await due(early) == at(day, 15)


async def test_nobody_declines_after_their_own_close_of_the_next_working_day(early: Story) -> None:
    declined = {"reason": "wrong_duty", "basis": "权责清单", "proposed_org_id": early.world.orgs["fire"].id}
    early.now = at("2026-03-05", 15, 1)
    with pytest.raises(Conflict, match="one working day"):
        await early.act("dept_handler", "decline", **declined)
    early.now = at("2026-03-05", 14, 59)
    await early.act("dept_handler", "decline", **declined)
