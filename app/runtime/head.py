"""Whether a database is at the schema of this code: what every command asks before it works on it.

How a database gets there is `provision`'s business; it takes Alembic along, which no process that serves
or works needs.
"""

import asyncio
import time

from app.core import schema
from app.core.db import create_engine

PATIENCE_SECONDS = 30.0
PAUSE_SECONDS = 0.5


async def revision(url: str) -> str | None:
    """The schema revision that a database is at; None for an empty one."""
    engine = create_engine(url, pool_size=1, name="wangge-cli")
    try:
        return await schema.current(engine)
    finally:
        await engine.dispose()


async def require(url: str) -> None:
    """Raise `SchemaStale` unless the database is at head."""
    engine = create_engine(url, pool_size=1, name="wangge-cli")
    try:
        await schema.require_head(engine)
    finally:
        await engine.dispose()


async def wait_for(url: str, *, outages: tuple[type[Exception], ...]) -> None:
    """As `require`, but patient with a database that is away: it may be starting again.

    Gives up after half a minute, with the last of the outages.
    """
    patience = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return await require(url)
        except outages:
            if time.monotonic() > patience:
                raise
        await asyncio.sleep(PAUSE_SECONDS)
