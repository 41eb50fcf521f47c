"""The worker's sign of life: one row, renewed every ten seconds, that `/readyz` reports.

Several workers renew the same row: it says that somebody works, not how many.
"""

import asyncio
from contextlib import suppress

from sqlalchemy.dialects.postgresql import insert

from app.core import clock, logging
from app.core.db import Sessions, transaction
from app.jobs.outages import OUTAGES
from app.models.platform import Heartbeat

NAME = "worker"
EVERY_SECONDS = 10.0

log = logging.get(__name__)


async def keep(sessions: Sessions, stop: asyncio.Event) -> None:
    """Renew the row until stop is set; while the database is away, try again at the next beat."""
    while not stop.is_set():
        try:
            await beat(sessions)
        except OUTAGES as away:
            log.warning("heartbeat_missed", error=type(away).__name__)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), EVERY_SECONDS)


async def beat(sessions: Sessions) -> None:
    """Write the present instant."""
    row = insert(Heartbeat).values(name=NAME, at=clock.now())
    async with transaction(sessions) as session:
        await session.execute(
            row.on_conflict_do_update(index_elements=[Heartbeat.name], set_={"at": row.excluded.at})
        )
