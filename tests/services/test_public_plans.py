"""What the public reads costs by what was published, and not by how many tickets the town has."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Engine
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import Vault
from app.core.db import create_engine, create_sessions
from app.services.access import actors
from app.services.access.keyring import Keyring
from app.services.exchange.open311 import asked, requests, steps
from app.services.platform.actor import Actor
from tests.support import crowd, plans
from tests.support.database import Server
from tests.support.plans import Plan
from tests.support.settings import SECRET
from tests.support.world import World

TICKETS, PUBLISHED, PAGE = 20_000, 400, 20
WORLD = World()
PUBLISH = text("""
    INSERT INTO publication
        (ticket_id, reported_at, description, with_point, published_at, updated_at)
    SELECT id, reported_at, '路面有垃圾', true, now(), now() FROM ticket
    WHERE NOT confidential AND category_code IN (SELECT category_code FROM public_service)
    ORDER BY md5(id::text) LIMIT :published
""")
ACCEPT = text("""
    INSERT INTO ticket_event (id, ticket_id, seq, action, from_status, to_status, at, actor_role, data)
    SELECT gen_random_uuid(), id, 2, 'accept', 'reported', 'accepted', updated_at, 'dispatcher', '{}'
    FROM ticket
""")
Call = Callable[[AsyncSession, Actor | None], Awaitable[Any]]


async def _page(session: AsyncSession, actor: Actor | None) -> Any:
    wanted = asked.requests({"page_size": [str(PAGE)]})
    return await requests.page(session, actor=actor, asked=wanted, base="")


async def _steps(session: AsyncSession, actor: Actor | None) -> Any:
    now = clock.now()
    return await steps.updates(session, actor=actor, span=asked.Span(now - timedelta(days=7), now))


CALLS: dict[str, Call] = {"a page of requests": _page, "the updates of a week": _steps}


@pytest.fixture(scope="module")
async def sessions(server: Server) -> AsyncIterator[Any]:
    """A town of many tickets that moved on lately, few of them published."""
    database = await server.create("wangge_public_plans")
    owner, own = create_engine(database.owner_url), create_engine(database.url)
    try:
        async with owner.begin() as connection:
            await crowd.settle(connection, WORLD)
            await crowd.tickets(connection, WORLD, range(1, TICKETS + 1), clock.now())
            await connection.execute(PUBLISH, {"published": PUBLISHED})
            await connection.execute(ACCEPT)
            await connection.execute(text("ANALYZE publication, ticket_event"))
        yield create_sessions(own)
    finally:
        await owner.dispose()
        await own.dispose()
        await server.drop(database.name)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("who", [None, "api_client"], ids=["the public", "a client"])
async def test_what_the_public_reads_costs_by_what_was_published(
    sessions: Any, who: str | None, call: str
) -> None:
    async with sessions() as session:
        keyring = Keyring(Vault(SECRET), key_days=90)
        actor = await actors.resolve(session, token=WORLD.token(who), keyring=keyring) if who else None
        plan = await _plan(session, actor, CALLS[call])
    told = plan.outline()
    looked = sum(map(plans.read, plan.scans("ticket")))
    assert "Seq Scan" not in plan.kinds("ticket") | plan.kinds("ticket_event"), told
    assert looked <= 3 * PUBLISHED + 4 * PAGE, told


async def _plan(session: AsyncSession, actor: Actor | None, call: Call) -> Plan:
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        seen.append((statement, values))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        assert await call(session, actor) is not None
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    statement, values = seen[-1]
    return await plans.explain(session, statement, values, generic=False)
