"""Text messages with links by which people answer: one job each, as thin as a router.

The link is made when it is sent, so that none waits in the queue. What fails in passing is tried again, later
each time; what the gateway refuses for good is not.
"""

import json
from uuid import UUID

from pgqueuer import PgQueuer
from pgqueuer.models import Job

from app.core import logging
from app.core.crypto import Vault
from app.core.db import Sessions, transaction
from app.core.ids import uuid7
from app.jobs.imports import patient
from app.models.enums.message import Channel
from app.services.exchange.public import answering
from app.services.mobile.channels import ChannelFailed, Channels, Outgoing

AT_ONCE = 4

log = logging.get(__name__)


def register(
    queue: PgQueuer, sessions: Sessions, channels: Channels, vault: Vault, public_url: str | None
) -> None:
    """Take up the jobs that endpoints queued."""

    async def send(job: Job) -> None:
        ticket_id = UUID(json.loads(job.payload or b"{}")["ticket_id"])
        log.info("answer_link", sent=await run(sessions, channels, vault, public_url, ticket_id))

    queue.entrypoint(answering.JOB, concurrency_limit=AT_ONCE, executor_factory=patient)(send)


async def run(
    sessions: Sessions, channels: Channels, vault: Vault, public_url: str | None, ticket_id: UUID
) -> bool:
    """Send one; False where nothing is asked any more, nobody can be reached, or the gateway refuses."""
    if public_url is None or Channel.SMS not in channels:
        return False
    async with transaction(sessions) as session:
        letter = await answering.letter(session, ticket_id=ticket_id, vault=vault, public_url=public_url)
    if letter is None:
        return False
    try:
        await channels.send(Channel.SMS, Outgoing(uuid7(), letter.phone, letter.text))
    except ChannelFailed as failed:
        if not failed.final:
            raise
        log.warning("answer_link_refused", code=failed.code)
        return False
    return True
