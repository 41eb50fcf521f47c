"""Figures in the worker: the fold every second, the first rebuild where one is wanted, a daily self-check.

As thin as a router: one service call each. The fold has a task of its own, because screens should not wait;
any number of workers may run it, one folds at a time.
"""

import asyncio
from contextlib import suppress
from random import SystemRandom

from pgqueuer import PgQueuer
from pgqueuer.models import Schedule

from app.core import logging
from app.core.db import Sessions, transaction
from app.jobs.outages import OUTAGES
from app.services.stats import checking, folding, rebuilding

EVERY_SECONDS = 1.0
CHECK, WHEN = "check_figures", "17 19 * * *"

log = logging.get(__name__)


async def keep_folding(sessions: Sessions, stop: asyncio.Event) -> None:
    """Fold what is new until stop is set; while the database is away, try again at the next turn."""
    while not stop.is_set():
        try:
            await _turn(sessions, stop)
        except OUTAGES as away:
            log.warning("figures_wait", error=type(away).__name__)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), EVERY_SECONDS)


async def _turn(sessions: Sessions, stop: asyncio.Event) -> None:
    async with transaction(sessions) as session:
        wanted = await rebuilding.is_wanted(session)
    if wanted:
        async for progress in rebuilding.run(sessions, leave=stop.is_set):
            log.info("figures_rebuilt", done=progress.done, whole=progress.whole)
    folded = await folding.run(sessions, leave=stop.is_set)
    if folded:
        log.info("figures_folded", news=folded)


def register(queue: PgQueuer, sessions: Sessions) -> None:
    """Put the self-check on the queue's schedule (UTC; after three at night where the business lives)."""

    async def check(_schedule: Schedule) -> None:
        verdict = await checking.run(sessions, dice=SystemRandom())
        await rebuilding.sweep(sessions)
        log.info("figures_checked", ok=verdict is None or verdict.ok)

    queue.schedule(CHECK, WHEN, clean_old=True)(check)
