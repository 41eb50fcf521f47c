"""Whom to visit next follows an index: a page reads its own rows, however large the city is."""

from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Engine
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from tests.support import crowd, plans
from tests.support.clients import Api
from tests.support.database import Database
from tests.support.plans import read
from tests.support.world import World

HOUSEHOLDS, LIMIT = 20_000, 20
SETTLED = text("""
    INSERT INTO household (id, no, area_id, grid_id, village_id, town_id, address, household_type,
        residence_status, member_count, next_visit_due)
    SELECT md5('household' || n)::uuid, 'N' || n, place.id, place.id, place.path[array_length(path, 1) - 1],
        place.path[array_length(path, 1) - 2], 'road ' || n, 'resident', 'same', 1,
        date '2026-01-01' + n % 365
    FROM generate_series(1, CAST(:households AS int)) AS n
    JOIN (SELECT id, path, row_number() OVER (ORDER BY code) - 1 AS place, count(*) OVER () AS places
            FROM area WHERE level = 'grid') AS place
      ON place.place = CASE WHEN n % 4 = 0 THEN n / 4 % 4 ELSE n % places END
""")


@pytest.fixture
async def crowded(database: Database, world: World) -> None:
    """A city, a quarter of whose households live in four grids."""
    owner = create_async_engine(database.owner_url)
    async with owner.begin() as connection:
        await crowd.settle(connection, world)
        await connection.execute(SETTLED, {"households": HOUSEHOLDS})
        await connection.execute(text("ANALYZE"))
    await owner.dispose()


@pytest.mark.commits
@pytest.mark.usefixtures("crowded")
@pytest.mark.parametrize(
    ("who", "index"),
    [
        ("grid_worker", "ix_household_grid_id_next_visit_due_id"),
        ("village_admin", "ix_household_village_id_next_visit_due_id"),
    ],
)
async def test_a_page_of_who_is_due_reads_its_own_rows(
    api: Api, session: AsyncSession, who: str, index: str
) -> None:
    seen: dict[str, Any] = {}

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        if "next_visit_due" in statement:
            seen[statement] = values

    client = api.as_(who)
    cursor: dict[str, str] = {}
    event.listen(Engine, "before_cursor_execute", note)
    try:
        for _page in range(2):
            reply = await client.get("/v1/visits/due", params={"limit": LIMIT, **cursor})
            assert len(reply.json()["items"]) == LIMIT
            cursor = {"cursor": reply.json()["next_cursor"]}
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert len(seen) == 2
    for statement, values in seen.items():
        plan = await plans.explain(session, statement, values, generic=False)
        assert index in {node.get("Index Name") for node in plan.nodes()}, plan.outline()
        assert sum(map(read, plan.scans("household"))) <= 3 * (LIMIT + 1), plan.outline()
        # For any values, a page may be most of an average area: then the area is read, never the city.
        plan = await plans.explain(session, statement, values, generic=True)
        assert "Seq Scan" not in plan.kinds("household"), plan.outline()
