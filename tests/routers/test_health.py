"""The operator's addresses: alive, ready, metrics."""

import pytest
from sqlalchemy import insert

from app.core import clock, schema
from app.core.db import Sessions, transaction
from app.models.platform import Heartbeat
from app.services.stats import folding, rebuilding
from tests.support.clients import Api
from tests.support.statements import Counter
from tests.support.tickets import Loop
from tests.support.world import World

GAUGES = {"wangge_figures_waiting", "wangge_figures_lag_seconds", "wangge_figures_differ"}


async def test_the_process_says_that_it_is_alive_without_asking_the_database(
    api: Api, statements: Counter
) -> None:
    with statements(at_most=0):
        reply = await api.get("/healthz")
    assert (reply.status_code, reply.json()) == (200, {"status": "ok"})


async def test_ready_reports_the_schema_and_no_worker_before_its_first_heartbeat(api: Api) -> None:
    reply = await api.get("/readyz")
    assert reply.status_code == 200
    assert reply.json() == {"status": "ok", "schema_revision": schema.head(), "worker_seen_at": None}


async def test_ready_reports_when_the_worker_was_seen(api: Api, sessions: Sessions) -> None:
    seen = clock.now()
    async with transaction(sessions) as session:
        await session.execute(insert(Heartbeat).values(name="worker", at=seen))
    reply = await api.get("/readyz")
    assert reply.json()["worker_seen_at"] == seen.isoformat().replace("+00:00", "Z")


@pytest.mark.commits
async def test_the_metrics_say_how_far_the_figures_are_behind(
    api: Api, world: World, sessions: Sessions
) -> None:
    async for _progress in rebuilding.run(sessions):
        pass
    await Loop(api, world).report()
    waiting = await gauges(api)
    assert waiting["wangge_figures_waiting"] >= 1
    assert waiting["wangge_figures_differ"] == 0
    for _ in range(2000):
        await folding.run(sessions)
        behind = await gauges(api)
        if not behind["wangge_figures_waiting"]:
            break
    assert (behind["wangge_figures_waiting"], behind["wangge_figures_lag_seconds"]) == (0, 0)


async def gauges(api: Api) -> dict[str, float]:
    """The gauges of the figures."""
    lines = (await api.get("/metrics")).text.splitlines()
    return {
        name: float(value) for name, _, value in (line.partition(" ") for line in lines) if name in GAUGES
    }
