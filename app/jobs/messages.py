"""Messages in the worker: the reader of the outbox every two seconds, escalation every minute, deliveries.

As thin as a router: one service call each. The reader has a task of its own, because a phone should ring
soon; any number of workers may run it, one reads at a time. Each channel has a queue of its own with a few
deliveries at a time, so one that is dead holds up no other.
"""

import asyncio
import json
from contextlib import suppress
from uuid import UUID

from pgqueuer import PgQueuer
from pgqueuer.models import Job, Schedule

from app.core import logging
from app.core.crypto import Vault
from app.core.db import Sessions
from app.jobs.imports import patient
from app.jobs.outages import OUTAGES
from app.models.enums.message import Channel
from app.services.mobile import deliveries, escalation, reader
from app.services.mobile.channels import Channels

EVERY_SECONDS = 2.0
ESCALATION, WHEN = "escalate_messages", "* * * * *"
AT_ONCE = 4

log = logging.get(__name__)


async def keep_reading(sessions: Sessions, stop: asyncio.Event) -> None:
    """Tell people what is new until stop is set; whatever goes wrong, try again at the next turn."""
    while not stop.is_set():
        try:
            told = await reader.run(sessions, leave=stop.is_set)
            if told:
                log.info("messages_told", messages=told)
        except OUTAGES as away:
            log.warning("messages_wait", error=type(away).__name__)
        except Exception:
            # As with a job that fails: a reader that is gone would be missed by nobody.
            log.exception("messages_failed")
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), EVERY_SECONDS)


def register(queue: PgQueuer, sessions: Sessions, channels: Channels, vault: Vault) -> None:
    """Put escalation on the queue's schedule, and take up the deliveries of every channel."""

    async def escalate(_schedule: Schedule) -> None:
        made = await escalation.run(sessions, channels=channels, leave=queue.shutdown.is_set)
        if made:
            log.info("messages_escalated", deliveries=made)

    queue.schedule(ESCALATION, WHEN, clean_old=True)(escalate)

    async def deliver(job: Job) -> None:
        delivery_id = UUID(json.loads(job.payload or b"{}")["delivery_id"])
        state = await deliveries.deliver(sessions, delivery_id=delivery_id, channels=channels, vault=vault)
        log.info("message_delivery", delivery_id=str(delivery_id), state=state)

    for channel in Channel:
        name = escalation.JOBS[channel]
        queue.entrypoint(name, concurrency_limit=AT_ONCE, executor_factory=patient)(deliver)
