"""The outbox: no reader skips a row that commits late, and the change mark misses no commit."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import Sessions
from app.core.ids import uuid7
from app.core.writes import together
from app.services.platform import outbox
from app.services.platform.outbox import OutboxCursor

pytestmark = pytest.mark.commits
PATIENCE = 60


class Reader:
    """Follows the outbox with a cursor of its own, a few rows at a time."""

    def __init__(self, sessions: Sessions, limit: int = 3) -> None:
        self._sessions, self._limit = sessions, limit
        self.cursor = OutboxCursor()
        self.seen: list[UUID] = []

    async def read(self) -> None:
        """Remember what is new and safe to read."""
        async with self._sessions() as session:
            while True:
                rows, self.cursor = await outbox.read_after(session, cursor=self.cursor, limit=self._limit)
                if not rows:
                    return
                self.seen += [row.entity_id for row in rows]

    async def catch_up(self, count: int) -> list[UUID]:
        """Read until so many rows were seen: transactions of other databases hold readers up, too."""
        async with asyncio.timeout(PATIENCE):
            while len(self.seen) < count:
                await self.read()
                await asyncio.sleep(0.005)
        return self.seen


@asynccontextmanager
async def writer(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    """A transaction that the test ends itself."""
    async with sessions() as session:
        yield session


async def write(session: AsyncSession) -> UUID:
    """Append a row; returns what it is about."""
    about = uuid7()
    await together(session, [outbox.append("ticket.accept", about, {"seq": 1})])
    return about


async def mark(sessions: Sessions) -> str:
    """The change mark now, in a transaction of its own."""
    async with sessions() as session:
        return await outbox.change_mark(session)


async def test_a_row_with_an_earlier_id_that_commits_later_is_not_skipped(sessions: Sessions) -> None:
    reader = Reader(sessions)
    async with writer(sessions) as slow, writer(sessions) as quick:
        first = await write(slow)
        second = await write(quick)
        await quick.commit()
        await reader.read()
        assert reader.seen == [], "the slow transaction is below the quick one and still runs"
        await slow.commit()
    assert await reader.catch_up(2) == [first, second]


async def test_a_row_with_a_later_id_of_an_older_transaction_is_not_skipped(sessions: Sessions) -> None:
    reader = Reader(sessions)
    async with writer(sessions) as old, writer(sessions) as young:
        first = await write(old)
        second = await write(young)
        third = await write(old)
        await young.commit()
        await reader.read()
        await old.commit()
    assert await reader.catch_up(3) == [first, third, second]


async def test_what_is_rolled_back_is_never_read_and_holds_nobody_up(sessions: Sessions) -> None:
    reader = Reader(sessions)
    async with writer(sessions) as failing, writer(sessions) as good:
        await write(failing)
        kept = await write(good)
        await good.commit()
        await failing.rollback()
    assert await reader.catch_up(1) == [kept]


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_the_order_of_commits_every_reader_sees_every_row_once(
    sessions: Sessions, seed: int
) -> None:
    dice, readers = Random(seed), [Reader(sessions, limit) for limit in (1, 2, 500)]  # noqa: S311
    async with writer(sessions) as before:
        committed = {await write(before) for _ in range(seed * outbox.NEWEST)}
        await before.commit()
    marks = [await mark(sessions)]
    running: dict[AsyncSession, set[UUID]] = {}
    for _ in range(60):
        if len(running) < 5 and dice.random() < 0.5:
            session = sessions()
            running[session] = {await write(session)}
        elif running:
            session = dice.choice(list(running))
            move = dice.choice(["write", "commit", "commit", "roll back"])
            if move == "write":
                running[session].add(await write(session))
                continue
            written = running.pop(session)
            if move == "commit":
                await session.commit()
                committed |= written
                marks.append(await mark(sessions))
            await session.close()
        await dice.choice(readers).read()
    for session, written in running.items():
        await session.commit()
        committed |= written
        await session.close()
        marks.append(await mark(sessions))
    assert len(marks) > 10
    assert len(set(marks)) == len(marks), "a commit left the mark as it was"
    assert sorted(await readers[0].catch_up(len(committed))) == sorted(committed)
    for reader in readers:
        assert await reader.catch_up(len(committed)) == readers[0].seen


async def test_the_mark_stays_while_nothing_is_committed(sessions: Sessions) -> None:
    before = await mark(sessions)
    async with writer(sessions) as running:
        await write(running)
        assert await mark(sessions) == before
        await running.rollback()
    async with writer(sessions) as other:
        await write(other)
        await other.commit()
    after = await mark(sessions)
    assert after != before
    assert await mark(sessions) == after


async def test_the_mark_sees_a_late_commit_of_an_earlier_id(sessions: Sessions) -> None:
    marks = [await mark(sessions)]
    async with writer(sessions) as one, writer(sessions) as two, writer(sessions) as three:
        for session in (one, two, three):
            await write(session)
        for session in (three, two, one):
            await session.commit()
            marks.append(await mark(sessions))
    assert len(set(marks)) == 4


async def test_the_mark_sees_the_commit_of_a_transaction_older_than_many_others(sessions: Sessions) -> None:
    async with writer(sessions) as old:
        await write(old)
        for _ in range(2 * outbox.NEWEST):
            async with writer(sessions) as young:
                await write(young)
                await young.commit()
        before = await mark(sessions)
        await old.commit()
    assert await mark(sessions) != before


async def test_the_mark_does_not_follow_transactions_that_write_elsewhere(sessions: Sessions) -> None:
    async with writer(sessions) as elsewhere:
        await elsewhere.execute(text("SELECT pg_current_xact_id()"))
        async with writer(sessions) as other:
            await write(other)
            await other.commit()
        before = await mark(sessions)
        await elsewhere.commit()
    assert await mark(sessions) == before
