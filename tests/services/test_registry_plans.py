"""The lists of the registry cost the same at any size: each page is a short walk along one index."""

from collections.abc import Awaitable
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Engine
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from tests.support import plans
from tests.support.clients import Api
from tests.support.database import Database
from tests.support.plans import read
from tests.support.world import World

HOMES, LIMIT = 20_000, 20
FILL = text("""
    WITH home AS (
        INSERT INTO household (id, no, area_id, town_id, village_id, grid_id, address, household_type,
            residence_status, member_count, next_visit_due)
        SELECT gen_random_uuid(), 'P' || number, :grid, :town, :village, :grid,
            '水南街' || number % 500 || '号' || number, 'resident', 'same', 1, current_date + number % 300
        FROM generate_series(1, :homes) AS number RETURNING id, area_id, town_id, village_id, grid_id
    ), person AS (
        INSERT INTO resident (id, name, gender, population_type, area_id, town_id, village_id, grid_id)
        SELECT id, '何大文', '1', 'hukou', area_id, town_id, village_id, grid_id FROM home RETURNING *
    ), member AS (
        INSERT INTO household_member (id, household_id, resident_id, relation, is_head, reason, valid_from)
        SELECT id, id, id, '02', true, 'registered', '2024-01-01' FROM home
    )
    INSERT INTO care_object (id, resident_id, category, care_level, opened_on, next_visit_due, area_id,
        town_id, village_id, grid_id)
    SELECT id, id, 'elderly_80', 'green', '2024-01-01', current_date + (random() * 180)::int, area_id,
        town_id, village_id, grid_id FROM person
""")
LISTS = {
    "/v1/households": "household",
    "/v1/residents": "resident",
    "/v1/care-objects": "care_object",
}


@pytest.mark.commits
async def test_a_deep_page_reads_as_many_rows_as_it_shows(
    api: Api, session: AsyncSession, database: Database, world: World
) -> None:
    await fill(database, world)
    client = api.as_("village_admin")
    for url, table in LISTS.items():
        cursor = None
        for _page in range(3):
            cursor = (await client.get(url, params=given(cursor))).json()["next_cursor"]
        asked = await statements_of(client.get(url, params=given(cursor)))
        statement, sent = next(found for found in asked if "LIMIT" in found[0])
        for generic in (False, True):
            plan = await plans.explain(session, statement, sent, generic=generic)
            for node in plan.scans(table):
                assert read(node) <= 3 * (LIMIT + 1), plan.outline()


async def fill(database: Database, world: World) -> None:
    """Many households, committed, and what the planner knows of them."""
    keys = {"town": "town", "village": "village_a", "grid": "grid_a2"}
    values: dict[str, object] = {name: world.places[key].id for name, key in keys.items()}
    engine = create_async_engine(database.owner_url)
    async with engine.begin() as connection:
        await connection.execute(FILL, {**values, "homes": HOMES})
        for table in ("household", "resident", "household_member", "care_object"):
            await connection.execute(text(f"ANALYZE {table}"))
    await engine.dispose()


def given(cursor: str | None) -> dict[str, str]:
    return {"limit": str(LIMIT)} | ({"cursor": cursor} if cursor else {})


async def statements_of(call: Awaitable[Any]) -> list[tuple[str, Any]]:
    """What is sent to the database while something is awaited, with its values."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        seen.append((statement, values))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        await call
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    return seen
