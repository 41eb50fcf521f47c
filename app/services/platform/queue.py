"""Putting work into the worker's queue, in the transaction of whoever has the work done.

So a job exists exactly when what it is about was committed. What a job does is the jobs floor's business;
here it has a name and a small JSON payload of ids and codes.
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock

if TYPE_CHECKING:
    from pgqueuer.adapters.persistence.queries import Queries


LOGGED = timedelta(days=1)
_FORGET = text("DELETE FROM pgqueuer_log WHERE created < :before RETURNING 1")


async def forget_log(session: AsyncSession) -> int:
    """Delete the queue's own lines about jobs of more than a day ago; returns how many."""
    gone = await session.execute(_FORGET, {"before": clock.now() - LOGGED})
    return len(gone.all())


async def enqueue(
    session: AsyncSession,
    *,
    job: str,
    payload: Mapping[str, Any],
    after: timedelta | None = None,
    alone: str | None = None,
) -> bool:
    """Have a job run once the session's transaction has committed, or a while later.

    Of the jobs that have `alone` in common one is there at a time: False where one waits or runs.
    """
    connection = await session.connection()
    # The driver begins its transaction with the first statement that comes through SQLAlchemy.
    await connection.execute(text("SELECT 1"))
    raw: Any = (await connection.get_raw_connection()).driver_connection
    content = json.dumps(dict(payload), separators=(",", ":")).encode()
    found = await _queue_of(raw).enqueue(
        job, content, execute_after=after, dedupe_key=alone, on_conflict="skip"
    )
    return found != [None]


def _queue_of(raw: Any) -> "Queries":
    # Three MiB, its scheduler and its command line with it, that only a process that queues work carries.
    from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver  # noqa: PLC0415 - see above
    from pgqueuer.adapters.persistence.queries import Queries  # noqa: PLC0415 - see above

    return Queries(AsyncpgDriver(raw))
