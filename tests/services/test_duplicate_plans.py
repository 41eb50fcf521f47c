"""Finding duplicates costs the same at any size: what PostgreSQL does for it, rows and pages.

Asks for the plan of the very statement that the service sends, planned for its values and for any values,
beside 2,000 and then 40,000 older tickets of the same grids, and at last in a flood of new ones.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Engine
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core import clock
from app.core.coordinates import Point
from app.core.crypto import Vault
from app.core.db import Sessions, create_engine, create_sessions
from app.services.access import actors
from app.services.access.keyring import Keyring
from app.services.tickets import duplicates
from app.services.tickets.duplicates import NEWEST_OF_A_PLACE, Draft
from tests.support import crowd, plans
from tests.support.database import Server
from tests.support.plans import Plan
from tests.support.reports import RUBBISH
from tests.support.settings import SECRET
from tests.support.world import World

WORLD = World()
FEW, MANY, FLOOD = 2_000, 40_000, 5_000
WHO = ("dispatcher", "village_admin", "grid_worker", "dept_handler", "api_client")
PLACES = 5  # the grid, its three neighbours, the village
_TICKETS = text("""
    INSERT INTO ticket (id, no, title, content, category_code, source, urgency, stage, status, area_id,
        town_id, village_id, grid_id, address, lng, lat, reported_at, closed_at, revisit_state)
    SELECT md5(:name || n)::uuid, :name || n, '标题 ' || n, repeat('内容', 60),
        CASE n % 3 WHEN 0 THEN '0501' WHEN 1 THEN '0503' ELSE '0601' END, 'grid_patrol', 'normal',
        'report', CASE WHEN n % 5 = 0 THEN 'closed' ELSE 'reported' END, grid.id,
        grid.path[4], grid.path[5], grid.id, '地址', 113.01, 22.84,
        CAST(:newest AS timestamptz) - n * CAST(:apart AS interval),
        CASE WHEN n % 5 = 0 THEN CAST(:newest AS timestamptz) END, 'needed'
    FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS n
    JOIN (SELECT id, path, row_number() OVER (ORDER BY code) - 1 AS number FROM area
           WHERE id = ANY(CAST(:grids AS uuid[]))) AS grid ON grid.number = n % 4
""")
Plans = Mapping[tuple[int, str, bool], Plan]


@pytest.fixture(scope="module")
async def measured(server: Server) -> AsyncIterator[Plans]:
    """The plans by how many tickets there are, who asks, and whether planned for any values."""
    database = await server.create("wangge_duplicates")
    owner, own = create_engine(database.owner_url), create_engine(database.url)
    found: dict[tuple[int, str, bool], Plan] = {}
    now, made = clock.now(), 0
    try:
        async with owner.begin() as connection:
            await crowd.settle(connection, WORLD)
            await _add(connection, "R", range(1, 201), now, timedelta(minutes=30))
        for size in (FEW, MANY, FLOOD):
            async with owner.begin() as connection:
                if size == FLOOD:
                    await _add(connection, "F", range(1, FLOOD + 1), now, timedelta(seconds=1))
                else:
                    past = now - timedelta(days=8)
                    await _add(connection, "H", range(made + 1, size + 1), past, timedelta(minutes=5))
                    made = size
            for who in WHO:
                for generic in (False, True):
                    plan = await _plan(create_sessions(own), who, now, generic=generic)
                    found[size, who, generic] = plan
        yield found
    finally:
        await owner.dispose()
        await own.dispose()
        await server.drop(database.name)


@pytest.mark.parametrize("generic", [False, True], ids=["these values", "any values"])
@pytest.mark.parametrize("size", [FEW, MANY, FLOOD])
@pytest.mark.parametrize("who", WHO)
def test_the_newest_of_each_place_are_read_by_index_and_none_besides(
    measured: Plans, who: str, size: int, generic: bool
) -> None:
    plan = measured[size, who, generic]
    told = plan.outline()
    assert plan.kinds("ticket") <= {"Index Scan", "Index Only Scan"}, told
    lookups = [node for node in plan.scans("ticket") if node.get("Index Name") == "pk_ticket"]
    walks = [node for node in plan.scans("ticket") if node not in lookups]
    newest = sum(node["Actual Rows"] * node["Actual Loops"] for node in walks)
    assert newest <= PLACES * NEWEST_OF_A_PLACE, told
    assert sum(map(plans.read, walks)) <= newest + 1, told
    assert sum(map(plans.read, lookups)) <= newest, told


@pytest.mark.parametrize("generic", [False, True], ids=["these values", "any values"])
@pytest.mark.parametrize("who", WHO)
def test_twenty_times_as_many_older_tickets_cost_no_more_pages(
    measured: Plans, who: str, generic: bool
) -> None:
    few, many = measured[FEW, who, generic], measured[MANY, who, generic]
    assert many.pages <= 1.2 * few.pages, f"{few.outline()}\n\n{many.outline()}"


def test_there_is_something_to_find(measured: Plans) -> None:
    for who in ("dispatcher", "village_admin", "grid_worker", "api_client"):
        assert measured[MANY, who, False].returned > 10


async def _add(
    connection: AsyncConnection, name: str, numbers: range, newest: datetime, apart: timedelta
) -> None:
    grids = [WORLD.places[key].id for key in ("grid_a1", "grid_a2", "grid_b1", "grid_b2")]
    given = {"name": name, "first": numbers[0], "last": numbers[-1], "newest": newest, "apart": apart}
    await connection.execute(_TICKETS, {**given, "grids": grids})
    await connection.execute(text("ANALYZE"))


async def _plan(sessions: Sessions, who: str, now: datetime, *, generic: bool) -> Plan:
    keyring, place = Keyring(Vault(SECRET), key_days=90), WORLD.places["grid_a1"]
    about = Draft(
        **RUBBISH,
        reported_at=now,
        area_id=place.id,
        village_id=WORLD.places["village_a"].id,
        grid_id=place.id,
        point=Point(113.01, 22.84),
    )
    async with sessions() as session:
        actor = await actors.resolve(session, token=WORLD.token(who), keyring=keyring)
        seen: list[tuple[str, Any]] = []

        def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
            seen.append((statement, values))

        event.listen(Engine, "before_cursor_execute", note)
        try:
            await duplicates.find(session, actor=actor, draft=about)
        finally:
            event.remove(Engine, "before_cursor_execute", note)
        return await plans.explain(session, *seen[-1], generic=generic)
