"""The reader that tells people: each message once, whoever commits late, whatever breaks, whoever reads."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import Sessions, transaction
from app.core.ids import uuid7
from app.core.writes import together
from app.jobs import messages
from app.models.message import Notification
from app.models.platform import OutboxReader
from app.services.mobile import reader
from app.services.platform import outbox
from tests.support.clients import Api
from tests.support.tickets import Loop
from tests.support.world import World

pytestmark = pytest.mark.commits
PATIENCE = 60


async def told(sessions: Sessions) -> int:
    """How many messages there are."""
    async with sessions() as session:
        return await session.scalar(select(func.count()).select_from(Notification)) or 0


async def read_until(sessions: Sessions, count: int) -> None:
    """Read until so many were told: transactions of other databases hold readers up, too."""
    async with asyncio.timeout(PATIENCE):
        while await told(sessions) < count:
            await reader.run(sessions)


async def place(session: AsyncSession) -> int:
    """How far the reader has come."""
    found = select(OutboxReader.last_id).where(OutboxReader.name == reader.NAME)
    return (await session.scalars(found)).one()


async def until(sessions: Sessions, count: int) -> None:
    """Wait for somebody else to tell so many."""
    for _ in range(PATIENCE * 20):
        if await told(sessions) >= count:
            return
        await asyncio.sleep(0.05)


@pytest.fixture
async def loop(api: Api, world: World) -> Loop:
    """A ticket that both dispatchers of the town are to be told of."""
    loop = Loop(api, world)
    await loop.report()
    return loop


def notice(ticket_id: str, world: World) -> Any:
    """News for one who holds the clock of a ticket."""
    data = {"notice": "clock.red", "clock": "handle", "seq": 1, "role": "village_admin"}
    data |= {"member_id": str(world["village_admin"].member_id)}
    return outbox.append("notice.holder", UUID(ticket_id), data)


async def test_every_message_is_told_once_however_often_and_by_however_many_it_is_read(
    sessions: Sessions, loop: Loop
) -> None:
    assert loop.id
    await asyncio.gather(*(reader.run(sessions) for _ in range(5)))
    await read_until(sessions, 2)
    await asyncio.gather(*(reader.run(sessions) for _ in range(5)))
    assert await told(sessions) == 2


async def test_what_commits_late_is_told_though_later_news_was_written_before(
    sessions: Sessions, world: World, loop: Loop
) -> None:
    await read_until(sessions, 2)
    async with sessions() as late:
        await together(late, [notice(loop.id, world)])
        async with transaction(sessions) as early:
            await together(early, [notice(loop.id, world)])
        await reader.run(sessions)
        assert await told(sessions) == 2
        await late.commit()
    await read_until(sessions, 4)
    assert await told(sessions) == 4


async def test_a_reader_that_dies_in_its_transaction_has_told_nothing_and_the_next_tells_all(
    sessions: Sessions, loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert loop.id
    tell = reader.tell

    async def die(*arguments: Any) -> int:
        await tell(*arguments)
        raise asyncio.CancelledError

    async with sessions() as session:
        before = await place(session)
    async with asyncio.timeout(PATIENCE):
        with monkeypatch.context() as dying:
            dying.setattr(reader, "tell", die)
            died = False
            while not died:
                try:
                    await reader.run(sessions)
                except asyncio.CancelledError:
                    died = True
    assert await told(sessions) == 0
    async with sessions() as session:
        assert await place(session) == before
    await read_until(sessions, 2)


async def test_a_row_that_breaks_holds_up_nobody_behind_it(
    sessions: Sessions, world: World, loop: Loop
) -> None:
    async with transaction(sessions) as session:
        broken = outbox.append(
            "notice.holder", UUID(loop.id), {"notice": "clock.red", "role": "no_such_role"}
        )
        gone = outbox.append("ticket.report", uuid7(), {"seq": 1, "to": "reported"})
        await together(session, [broken, gone])
    async with transaction(sessions) as session:
        await together(session, [notice(loop.id, world)])
    await read_until(sessions, 3)
    async with sessions() as session:
        kinds = await session.scalars(select(Notification.kind).order_by(Notification.id))
        assert sorted(kinds) == ["clock.red", "to_accept", "to_accept"]


async def test_the_worker_tells_without_being_asked_and_stops_when_told(
    sessions: Sessions, loop: Loop
) -> None:
    assert loop.id
    stop = asyncio.Event()
    working = asyncio.create_task(messages.keep_reading(sessions, stop))
    async with asyncio.timeout(PATIENCE):
        await until(sessions, 2)
        stop.set()
        await working


async def test_the_worker_goes_on_telling_after_a_turn_that_failed(
    sessions: Sessions, loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert loop.id
    run, failed = reader.run, asyncio.Event()

    async def fail_once(*arguments: Any, **named: Any) -> int:
        if not failed.is_set():
            failed.set()
            raise ArithmeticError
        return await run(*arguments, **named)

    monkeypatch.setattr(reader, "run", fail_once)
    stop = asyncio.Event()
    working = asyncio.create_task(messages.keep_reading(sessions, stop))
    async with asyncio.timeout(PATIENCE):
        await until(sessions, 2)
        stop.set()
        await working
    assert failed.is_set()
    assert await told(sessions) == 2


async def test_what_happened_before_there_were_messages_is_told_to_nobody(
    sessions: Sessions, world: World, loop: Loop
) -> None:
    async with transaction(sessions) as session:
        await session.execute(
            text("UPDATE outbox_reader SET txid = pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        )
    async with transaction(sessions) as session:
        await together(session, [notice(loop.id, world)])
    await read_until(sessions, 1)
    async with sessions() as session:
        assert (await session.scalars(select(Notification.kind))).all() == ["clock.red"]
