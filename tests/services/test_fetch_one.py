"""The short way to the driver: it sees the transaction, is counted, and its failures are SQLAlchemy's."""

import pytest
from sqlalchemy import delete, insert, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Sessions, fetch_one, transaction
from app.models.platform import Heartbeat
from tests.support.database import Database, Server
from tests.support.statements import Counter

BEAT = "SELECT name, at FROM heartbeat WHERE name = $1"


async def test_it_sees_what_its_transaction_wrote(session: AsyncSession) -> None:
    moment = clock.now()
    await session.execute(insert(Heartbeat).values(name="worker", at=moment))
    row = await fetch_one(session, BEAT, "worker")
    assert row is not None
    assert (row["name"], row["at"]) == ("worker", moment)


async def test_no_row_is_none(session: AsyncSession) -> None:
    assert await fetch_one(session, BEAT, "nobody") is None


@pytest.mark.commits
async def test_it_follows_its_session_from_one_transaction_to_the_next(sessions: Sessions) -> None:
    async with sessions() as session, sessions() as other:
        for number in range(3):
            moment = clock.now()
            await fetch_one(session, BEAT, "worker")
            await session.execute(delete(Heartbeat))
            await session.execute(insert(Heartbeat).values(name=f"worker {number}", at=moment))
            row = await fetch_one(session, BEAT, f"worker {number}")
            assert row is not None, "it sees what is not committed yet"
            await session.commit()
            # Takes the connection that the session gave back.
            await fetch_one(other, BEAT, "worker")
            assert await fetch_one(session, BEAT, f"worker {number}") is not None
            await session.rollback()
            await other.rollback()


async def test_its_statements_are_counted_like_all_others(session: AsyncSession, statements: Counter) -> None:
    with statements() as seen:
        await fetch_one(session, BEAT, "worker")
        await session.execute(text("SELECT 1"))
    assert seen.texts == [BEAT, "SELECT 1"]


async def test_what_the_database_refuses_is_a_database_error_with_its_code(session: AsyncSession) -> None:
    with pytest.raises(DBAPIError) as refused:
        await fetch_one(session, "SELECT 1 / $1::int", 0)
    assert getattr(refused.value.orig, "sqlstate", None) == "22012"


@pytest.mark.commits
async def test_after_the_server_dropped_all_connections_one_call_fails_and_the_next_ones_work(
    sessions: Sessions, server: Server, database: Database
) -> None:
    async with transaction(sessions) as one, transaction(sessions) as two:
        await fetch_one(one, "SELECT 1")
        await fetch_one(two, "SELECT 1")
    await server.admin(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database.name}'"  # noqa: S608
    )
    with pytest.raises(DBAPIError) as gone:
        async with transaction(sessions) as session:
            await fetch_one(session, "SELECT 1")
    assert gone.value.connection_invalidated
    async with transaction(sessions) as one, transaction(sessions) as two:
        for session in (one, two):
            row = await fetch_one(session, "SELECT 7 AS seven")
            assert row is not None
            assert row["seven"] == 7
