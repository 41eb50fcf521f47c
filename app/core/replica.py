"""A streaming replica to read from: whether it is fit for that now, and its sessions.

It is fit while it has replayed what the primary had written at most two seconds ago, which is measured and
not believed: the primary's position is noted every half second, and the replica asked how far it is. A
replica that is away, too far behind, or cut off from its primary is left alone until it has caught up.
Writing, and deciding what may be read from it, is not done here.
"""

import asyncio
from collections import deque
from contextlib import suppress

import asyncpg
from sqlalchemy import TextClause, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine

from app.core.db import Sessions, create_engine, create_readers

MOST_BEHIND_SECONDS = 2.0
LOOKS_EVERY_SECONDS = 0.5
AWAY = (
    DBAPIError,
    PoolTimeout,
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
_REMEMBERED = 240
# What was inserted, not what was written: a commit that does not wait for the disk counts, too.
_WRITTEN = text("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
_REPLAYED = text("SELECT pg_last_wal_replay_lsn() - '0/0'::pg_lsn")


class Replica:
    """A replica of the primary; `readers` makes sessions for reading only."""

    def __init__(self, primary: AsyncEngine, url: str, *, pool_size: int = 10) -> None:
        """Nothing is connected yet, and it is not fit before it was looked at."""
        self._primary = primary
        self._engine = create_engine(url, pool_size=pool_size, name="wangge-api-read")
        self.readers: Sessions = create_readers(self._engine)
        self._noted: deque[tuple[float, int]] = deque(maxlen=_REMEMBERED)
        self._had_all_at: float | None = None

    @property
    def fit(self) -> bool:
        """Whether what it tells is at most two seconds old."""
        behind = self.behind
        return behind is not None and behind <= MOST_BEHIND_SECONDS

    @property
    def behind(self) -> float | None:
        """At most how many seconds it is behind; None when that is not known."""
        return None if self._had_all_at is None else _now() - self._had_all_at

    def lost(self) -> None:
        """A reading failed: leave it alone until it was looked at again."""
        self._had_all_at = None

    async def look(self) -> None:
        """Note how far the primary is, and up to when the replica has all of it."""
        try:
            async with asyncio.timeout(MOST_BEHIND_SECONDS):
                self._noted.append((_now(), await _position(self._primary, _WRITTEN)))
                replayed = await _position(self._engine, _REPLAYED)
        except AWAY:
            self.lost()
            return
        while self._noted and self._noted[0][1] <= replayed:
            self._had_all_at = self._noted.popleft()[0]

    async def keep_looking(self) -> None:
        """Look for ever, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOKS_EVERY_SECONDS)

    async def close(self) -> None:
        """Give up the connections."""
        with suppress(*AWAY):
            await self._engine.dispose()


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _position(engine: AsyncEngine, statement: TextClause) -> int:
    """A place in the log as bytes from its beginning; a server that is no replica has replayed nothing."""
    async with engine.connect() as connection:
        found = await connection.scalar(statement)
        return int(found or 0)
