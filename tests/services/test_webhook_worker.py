"""The worker and webhooks: everything goes out by itself, and one bad receiver slows nobody else."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from app.core import clock
from app.core.courier import Courier
from app.core.db import Sessions, transaction
from app.core.files import FileStore
from app.jobs import worker
from app.models.access import ApiToken
from app.models.enums.retention import RetentionSubject
from app.runtime.databases import for_asyncpg
from app.services.exchange.webhooks import sending
from app.services.mobile import reader
from app.services.privacy import retention
from tests.support.clients import Api
from tests.support.database import Database
from tests.support.hooks import (
    HERE,
    PATH,
    PATIENCE,
    Later,
    Post,
    Receiver,
    answer,
    dead_port,
    receiver,
    replayed,
)
from tests.support.settings import vault_of_tests
from tests.support.tickets import Loop
from tests.support.world import World

pytestmark = pytest.mark.commits


@pytest.fixture
def loop(api: Api, world: World) -> Loop:
    """A ticket of village A."""
    return Loop(api, world)


@pytest.fixture
async def working(database: Database, files: FileStore) -> AsyncIterator[None]:
    """A worker while the test runs; it must end by itself when told to stop."""
    stop = asyncio.Event()
    task = asyncio.create_task(
        worker.run(
            url=database.url,
            dsn=for_asyncpg(database.url),
            files=files,
            vault=vault_of_tests(),
            courier=Courier(HERE, seconds=60),
            stop=stop,
        )
    )
    yield
    stop.set()
    async with asyncio.timeout(20):
        await task


async def until(hook: Receiver, types: list[str]) -> None:
    """Return once these have come."""
    async with asyncio.timeout(PATIENCE):
        while hook.types != types:  # noqa: ASYNC110 - the worker's connections make it true
            await asyncio.sleep(0.02)


@pytest.mark.usefixtures("working")
async def test_news_go_out_by_themselves_while_other_receivers_hang_or_are_dead(
    post: Post, hook: Receiver, loop: Loop
) -> None:
    async with receiver() as hanging:
        hanging.hangs = True
        await post.subscribe(hanging.url)
        await post.subscribe(f"http://127.0.0.1:{dead_port()}/")
        webhook = await post.subscribe(hook.url)
        await loop.to("dispatched")
        await until(hook, ["ticket.report", "ticket.accept", "ticket.dispatch"])
        await hanging.waiting.wait()
        await loop.to("processing")
        await until(hook, ["ticket.report", "ticket.accept", "ticket.dispatch", "ticket.sign"])
        assert hook.got[-1].verified(webhook["secret"])
        assert len(hanging.got) == 1


@pytest.mark.usefixtures("working")
async def test_a_test_and_a_replay_are_carried_out_by_the_worker(
    api: Api, post: Post, hook: Receiver, loop: Loop
) -> None:
    await loop.to("accepted")
    webhook = await post.subscribe(hook.url)
    client = api.as_("api_client")
    assert (await client.post(f"{PATH}/{webhook['id']}/test")).status_code == 202
    await until(hook, ["webhook.test"])
    since = {"since": (clock.now() - timedelta(hours=1)).isoformat()}
    assert (await client.post(f"{PATH}/{webhook['id']}/replay", json=since)).status_code == 202
    await until(hook, ["webhook.test", "ticket.report", "ticket.accept"])


async def test_no_transaction_is_open_while_a_receiver_is_waited_for(
    post: Post, hook: Receiver, loop: Loop, engine: AsyncEngine
) -> None:
    webhook = await post.subscribe(hook.url)
    await loop.report()
    await post.collect()
    hook.hangs = True
    going = asyncio.create_task(post.carry(webhook))
    await hook.waiting.wait()
    open_ones = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND state LIKE 'idle in transaction%'"
    )
    async with engine.connect() as connection:
        assert await connection.scalar(open_ones) == 0
    post.leave.set()
    await going


async def test_a_slow_receiver_is_asked_a_few_things_at_a_time(
    post: Post, hook: Receiver, loop: Loop
) -> None:
    webhook = await post.subscribe(hook.url)
    for _number in range(sending.AT_ONCE + 4):
        await loop.another()
    await post.collect()
    hook.hangs = True
    going = asyncio.create_task(post.carry(webhook))
    async with asyncio.timeout(PATIENCE):
        while len(hook.got) < sending.AT_ONCE:  # noqa: ASYNC110 - the run's calls make it true
            await asyncio.sleep(0.02)
    post.leave.set()
    await going
    assert len(hook.got) == hook.connections == sending.AT_ONCE


async def test_administrators_get_a_message_when_an_address_is_switched_off(
    api: Api, post: Post, hook: Receiver, loop: Loop, sessions: Sessions
) -> None:
    webhook = await post.subscribe(hook.url)
    hook.answers = lambda _got: answer(410)
    await loop.report()
    await post.deliver(webhook)
    messages: list[dict[str, Any]] = []
    async with asyncio.timeout(PATIENCE):
        while not messages:
            await reader.run(sessions)
            messages = (await api.as_("system_admin").get("/v1/notifications")).json()["items"]
    assert [(row["title"], row["entity_id"]) for row in messages] == [("订阅已停用", webhook["id"])]


async def test_the_log_is_forgotten_by_the_rule_and_a_removed_subscription_with_it(
    api: Api,
    post: Post,
    hook: Receiver,
    loop: Loop,
    world: World,
    sessions: Sessions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    webhook, later = await post.subscribe(hook.url), Later(monkeypatch, world)
    await loop.report()
    await post.deliver(webhook)
    assert (await retention.run(sessions))[RetentionSubject.WEBHOOK_DELIVERIES] == 0
    assert (await api.as_("api_client").delete(f"{PATH}/{webhook['id']}")).status_code == 204
    later.on(timedelta(days=31))
    assert (await retention.run(sessions))[RetentionSubject.WEBHOOK_DELIVERIES] == 1
    async with sessions() as session:
        for table in ("webhook_delivery", "webhook_subscription"):
            assert await session.scalar(text(f"SELECT count(*) FROM {table}")) == 0  # noqa: S608


async def test_what_is_sent_again_is_as_young_as_news(
    post: Post,
    hook: Receiver,
    loop: Loop,
    world: World,
    sessions: Sessions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    webhook, later = await post.subscribe(hook.url), Later(monkeypatch, world)
    since = clock.now().isoformat()
    await loop.report()
    await post.deliver(webhook)
    later.on(timedelta(days=29))
    async with transaction(sessions) as session:
        await session.execute(update(ApiToken).values(expires_at=clock.now() + timedelta(days=90)))
    await replayed(sessions, webhook, since)
    later.on(timedelta(days=2))
    assert (await retention.run(sessions))[RetentionSubject.WEBHOOK_DELIVERIES] == 0
    assert await post.carry(webhook) == 1
