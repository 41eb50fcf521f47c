"""Webhooks in the worker: the reader of the outbox every second, a run for each address with news, replays.

As thin as a router: one service call each. Runs wait for others most of their time, so any number of them may
be under way, one for each address; what was tried and failed is looked for every minute.
"""

import asyncio
import json
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from pgqueuer import PgQueuer
from pgqueuer.models import Job, Schedule

from app.core import logging
from app.core.courier import Courier
from app.core.crypto import Vault
from app.core.db import Sessions, transaction
from app.jobs.imports import patient
from app.jobs.outages import OUTAGES
from app.services.exchange.webhooks import due, fanout, orders, sending

EVERY_SECONDS = 1.0
AGAIN, WHEN = "webhooks_again", "* * * * *"

log = logging.get(__name__)


async def keep_reading(sessions: Sessions, stop: asyncio.Event) -> None:
    """Make messages of what is new until stop is set; while the database is away, at the next turn."""
    while not stop.is_set():
        try:
            made = await fanout.run(sessions)
            if made:
                log.info("webhooks_made", messages=made)
        except OUTAGES as away:
            log.warning("webhooks_wait", error=type(away).__name__)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), EVERY_SECONDS)


def register(queue: PgQueuer, sessions: Sessions, courier: Courier, vault: Vault) -> None:
    """Take up runs and replays, and put the look for what is due again on the queue's schedule."""

    async def again(_schedule: Schedule) -> None:
        async with transaction(sessions) as session:
            await fanout.wake(session, await due.overdue(session))

    queue.schedule(AGAIN, WHEN, clean_old=True)(again)

    @queue.entrypoint(fanout.SEND, executor_factory=patient)
    async def _send(job: Job) -> None:
        subscription_id = UUID(_payload(job)["subscription_id"])
        taken = await sending.run(
            sessions, subscription_id=subscription_id, courier=courier, vault=vault, leave=queue.shutdown
        )
        if taken:
            log.info("webhooks_sent", subscription_id=str(subscription_id), messages=taken)

    @queue.entrypoint(orders.REPLAY, executor_factory=patient)
    async def _replay(job: Job) -> None:
        asked = _payload(job)
        subscription_id = UUID(asked["subscription_id"])
        since, until = (datetime.fromisoformat(asked[name]) for name in ("since", "until"))
        made = await fanout.replay(sessions, subscription_id=subscription_id, since=since, before=until)
        log.info("webhooks_replayed", subscription_id=str(subscription_id), messages=made)


def _payload(job: Job) -> dict[str, str]:
    found: dict[str, str] = json.loads(job.payload or b"{}")
    return found
