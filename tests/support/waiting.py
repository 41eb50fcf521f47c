"""Waiting for what must happen, instead of for a while: somebody before a lock, the end of transactions."""

import asyncio

from sqlalchemy import text

from app.core.db import Sessions

_WAITING = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)

_BEGUN = text("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
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
    """Return once every transaction of the server has ended that has begun by now; fail after five minutes.

    Readers of the outbox wait for these, too, and for those of other databases; no test takes as long.
    """
    async with sessions() as session:
        begun = await session.scalar(_BEGUN)
    async with asyncio.timeout(300):
        while True:
            async with sessions() as session:
                if (await session.scalar(_ENDED)) >= begun:
                    return
            await asyncio.sleep(0.01)
