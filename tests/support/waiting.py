"""Waiting for what must happen, instead of for a while: somebody before a lock, the end of transactions."""

import asyncio

from sqlalchemy import text

from app.core.db import Sessions

_WAITING = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)

_BEGUN = text("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
_OPEN = text(
    "SELECT datname, application_name, state, now() - xact_start, query FROM pg_stat_activity"
    " WHERE backend_xid IS NOT NULL ORDER BY xact_start"
)
_ENDED = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")


async def until_somebody_waits(sessions: Sessions) -> None:
    """Return once a transaction of this database waits for another one's lock; fail after ten seconds."""
    async with asyncio.timeout(10):
        while True:
            async with sessions() as session:
                if await session.scalar(_WAITING):
                    return
            await asyncio.sleep(0.01)


async def until_all_have_ended(sessions: Sessions) -> None:
    """Return once every transaction of the server has ended that has begun by now; fail after half a minute.

    Readers of the outbox wait for these, too, and for those of other databases of this process' server.
    """
    async with sessions() as session:
        begun = await session.scalar(_BEGUN)
    for _ in range(3000):
        async with sessions() as session:
            if (await session.scalar(_ENDED)) >= begun:
                return
        await asyncio.sleep(0.01)
    async with sessions() as session:
        raise AssertionError([tuple(row) for row in await session.execute(_OPEN)])
