"""Waiting for what must happen, instead of for a while: somebody who stands before a lock."""

import asyncio

from sqlalchemy import text

from app.core.db import Sessions

_WAITING = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


async def until_somebody_waits(sessions: Sessions) -> None:
    """Return once a transaction of this database waits for another one's lock; fail after ten seconds."""
    async with asyncio.timeout(10):
        while True:
            async with sessions() as session:
                if await session.scalar(_WAITING):
                    return
            await asyncio.sleep(0.01)
