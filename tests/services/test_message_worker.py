"""Deliveries by the real worker's queue: sent without being asked, and a dead channel slows nobody."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import select, update

from app.core import clock
from app.core.db import Sessions, transaction
from app.core.files import FileStore
from app.jobs import worker
from app.models.enums.message import DeliveryState
from app.models.message import Delivery, EscalationRule, Notification
from app.runtime import databases
from app.services.mobile import escalation
from app.services.mobile.channels import Channels, base, of_settings
from tests.support.clients import Api
from tests.support.database import Database
from tests.support.receivers import http_receiver
from tests.support.settings import settings_of_tests, vault_of_tests
from tests.support.tickets import Loop
from tests.support.world import World

pytestmark = pytest.mark.commits
PATIENCE = 60


@asynccontextmanager
async def working(database: Database, files: FileStore, channels: Channels) -> AsyncIterator[None]:
    """The worker while the block runs; it ends by itself when told to."""
    stop = asyncio.Event()
    url, dsn = database.url, databases.for_asyncpg(database.url)
    work = worker.run(url=url, dsn=dsn, files=files, vault=vault_of_tests(), channels=channels, stop=stop)
    task = asyncio.create_task(work)
    try:
        yield
        stop.set()
        await asyncio.wait_for(task, PATIENCE)
    finally:
        task.cancel()


async def told(sessions: Sessions, who: UUID) -> list[UUID]:
    """Wait until the worker has told somebody; the messages."""
    for _ in range(PATIENCE * 20):
        async with sessions() as session:
            found = await session.scalars(select(Notification.id).where(Notification.member_id == who))
            if ids := list(found):
                return ids
        await asyncio.sleep(0.05)
    pytest.fail("nobody was told")


async def ended(sessions: Sessions, channel: str) -> datetime:
    """Wait until a delivery of the channel was sent or given up; when that was."""
    for _ in range(PATIENCE * 20):
        async with sessions() as session:
            row = (await session.scalars(select(Delivery).where(Delivery.channel == channel))).one()
            if row.state != DeliveryState.WAITING or row.failure:
                return row.ended_at or clock.now()
        await asyncio.sleep(0.05)
    pytest.fail(f"{channel} never ended")


async def test_a_dead_channel_holds_up_no_other_and_is_tried_again_later(
    api: Api,
    sessions: Sessions,
    database: Database,
    files: FileStore,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(base, "SECONDS", 3.0)
    handler = world["dept_handler"].member_id
    async with http_receiver() as dead, http_receiver() as gateway:
        dead.hangs = True
        gateway.answer(200, {"code": 0})
        chosen = {
            "wecom_webhook_url": SecretStr(dead.url),
            "sms_url": gateway.url,
            "sms_token": SecretStr("t"),
        }
        channels = of_settings(settings_of_tests().model_copy(update=chosen))
        async with working(database, files, channels):
            await Loop(api, world).to("dispatched")
            ids = await told(sessions, handler)
            due = {(handler, channel): ids for channel in ("wecom", "sms")}
            async with transaction(sessions) as session:
                # The worker goes by the real clock: this must hold at night, too.
                await session.execute(update(EscalationRule).values(quiet_from=None, quiet_until=None))
                await escalation.plan(session, due, dict.fromkeys(due, clock.now()))
            texted, given_up = await ended(sessions, "sms"), await ended(sessions, "wecom")
        assert texted < given_up
        assert gateway.got[0][2]["phone"] == world["dept_handler"].phone
    async with sessions() as session:
        rows = {row.channel: row for row in await session.scalars(select(Delivery))}
    assert (rows["sms"].state, rows["wecom"].state) == ("sent", "waiting")
    assert (rows["wecom"].failure, rows["wecom"].attempts) == ("timeout", 1)
    assert rows["wecom"].not_before > given_up
