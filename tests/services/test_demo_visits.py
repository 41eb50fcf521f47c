"""The demo's visits: the dates are those of the product's own cycle, and its people find something to do."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import Vault
from app.core.db import create_engine, create_sessions
from app.demo import loader
from app.demo.scale import Scale
from app.models.contact import ContactLink, ContactQuota
from app.models.enums import CYCLE_DAYS, CareLevel
from app.models.registry import CareObject, Household, Place, Resident
from app.models.team import Team, TeamMember
from app.models.visit import Visit, VisitOpinion, VisitPlan, VisitPlanHousehold
from app.runtime import databases, provision
from app.services.registry import cycle
from tests.support.database import EMPTY, Server
from tests.support.settings import SECRET

SEED = 7
GRIDS, FEW = 8, 10
DATES = (Household.id, Household.care_level, Household.next_visit_due)


@pytest.fixture(scope="module")
async def demo(server: Server) -> AsyncIterator[AsyncSession]:
    """The demo village."""
    database = await server.create("demo_visits", EMPTY)
    await asyncio.to_thread(provision.migrate, database.owner_url)
    dsn = databases.for_asyncpg(database.owner_url)
    await loader.load(dsn, scale=Scale.VILLAGE, seed=SEED, vault=Vault(SECRET), progress=lambda *_: None)
    engine = create_engine(database.owner_url, pool_size=1)
    async with create_sessions(engine)() as session:
        yield session
        await session.rollback()
    await engine.dispose()
    await server.drop(database.name)


async def rows(demo: AsyncSession, *columns: Any) -> set[tuple[Any, ...]]:
    return {tuple(row) for row in await demo.execute(select(*columns))}


@pytest.mark.parametrize(
    "table",
    [Team, TeamMember, ContactLink, ContactQuota, CareObject, Place, VisitPlan, Visit, VisitOpinion],
    ids=lambda table: table.__tablename__,
)
async def test_a_newcomer_finds_something_everywhere(demo: AsyncSession, table: Any) -> None:
    assert await demo.scalar(select(func.count()).select_from(table))


async def test_households_are_as_urgent_and_due_as_the_cycle_says(demo: AsyncSession) -> None:
    before = await rows(demo, *DATES)
    await cycle.keep(demo, households=[household_id for household_id, _level, _due in before])
    assert await rows(demo, *DATES) == before


async def test_what_was_visited_last_is_the_last_visit_that_counts(demo: AsyncSession) -> None:
    told = text("""
        SELECT count(*) FROM household LEFT JOIN (
            SELECT household_id, max((occurred_at AT TIME ZONE 'Asia/Shanghai')::date) AS day
              FROM visit WHERE is_effective GROUP BY 1) AS last ON last.household_id = household.id
         WHERE last.day IS DISTINCT FROM household.last_visit_on""")
    assert await demo.scalar(told) == 0
    in_future = select(func.count()).select_from(Visit).where(Visit.received_at > clock.now())
    assert await demo.scalar(in_future) == 0


async def test_care_objects_are_old_enough_for_why_and_due_a_cycle_after_their_visit(
    demo: AsyncSession,
) -> None:
    found = select(CareObject, Resident.birth_on).join(Resident, Resident.id == CareObject.resident_id)
    for care, born in await demo.execute(found):
        if care.category == "elderly_80":
            assert born
            assert born <= clock.today() - timedelta(days=80 * 365)
        if care.last_visit_on:
            days = CYCLE_DAYS[CareLevel(care.care_level)]
            assert care.next_visit_due == care.last_visit_on + timedelta(days=days)


async def test_nobody_keeps_contact_with_more_households_than_the_quota_allows(demo: AsyncSession) -> None:
    held = select(func.count()).select_from(ContactLink).group_by(ContactLink.member_id)
    least = await demo.scalar(select(func.min(ContactQuota.most)))
    assert max(await demo.scalars(held)) <= (least or 0)


async def test_the_plan_means_every_home_of_its_village_and_has_come_some_way(demo: AsyncSession) -> None:
    (plan,) = (await demo.scalars(select(VisitPlan))).all()
    homes = select(Household.id).where(
        Household.village_id == plan.area_id, Household.household_type != "vacant"
    )
    meant = select(VisitPlanHousehold.household_id).where(VisitPlanHousehold.plan_id == plan.id)
    assert set(await demo.scalars(meant)) == set(await demo.scalars(homes))
    visited = select(Visit.household_id).where(Visit.plan_id == plan.id)
    found: set[UUID | None] = set(await demo.scalars(visited))
    assert found
    assert found <= set(await demo.scalars(meant))


async def test_workers_have_homes_to_visit_now(demo: AsyncSession) -> None:
    overdue = select(func.count()).where(Household.next_visit_due < clock.today()).group_by(Household.grid_id)
    found = (await demo.scalars(overdue)).all()
    assert len(found) == GRIDS
    assert min(found) >= FEW
