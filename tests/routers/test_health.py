"""The operator's addresses: alive, ready, metrics."""

from sqlalchemy import insert

from app.core import clock, schema
from app.core.db import Sessions, transaction
from app.models.platform import Heartbeat
from tests.support.clients import Api
from tests.support.statements import Counter


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
