"""What the worker tidies every hour: keys, sessions, staged rows, lines that nobody needs, exports cut off.

As thin as a router: each job is one service call in one transaction. PgQueuer's schedule table sees to it
that only one worker runs a job, and that a job of a killed worker is taken up again.
"""

from collections.abc import Awaitable, Callable

from pgqueuer import PgQueuer
from pgqueuer.models import Schedule
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import logging
from app.core.db import Sessions, transaction
from app.services.access import expiry, uses
from app.services.exchange import exports, imports
from app.services.mobile import outcomes
from app.services.platform import idempotency, limits
from app.services.platform import queue as queue_log

Tidy = Callable[[AsyncSession], Awaitable[int]]

# Minutes apart, and off the full hour, when everybody else's clocks strike.
JOBS: tuple[tuple[str, str, Tidy], ...] = (
    ("forget_idempotency_keys", "11 * * * *", idempotency.forget_old),
    ("forget_queue_log", "17 * * * *", queue_log.forget_log),
    ("purge_sessions", "23 * * * *", expiry.purge_sessions),
    ("forget_push", "29 * * * *", expiry.purge_push),
    ("forget_imports", "41 * * * *", imports.forget_old),
    ("fail_exports", "47 * * * *", exports.fail_stale),
    ("forget_uses", "5 19 * * *", uses.forget_old),
    ("forget_limits", "51 * * * *", limits.forget_whole),
    ("forget_sync_operations", "53 * * * *", outcomes.forget_old),
)

log = logging.get(__name__)


def register(queue: PgQueuer, sessions: Sessions) -> None:
    """Put every job on the queue's schedule (UTC)."""
    for name, when, tidy in JOBS:
        queue.schedule(name, when, clean_old=True)(_job(name, tidy, sessions))


async def run(name: str, tidy: Tidy, sessions: Sessions) -> int:
    """Run one job now; returns how many rows it removed or ended."""
    async with transaction(sessions) as session:
        removed = await tidy(session)
    log.info("tidied", job=name, removed=removed)
    return removed


def _job(name: str, tidy: Tidy, sessions: Sessions) -> Callable[[Schedule], Awaitable[None]]:
    async def job(_schedule: Schedule) -> None:
        await run(name, tidy, sessions)

    return job
