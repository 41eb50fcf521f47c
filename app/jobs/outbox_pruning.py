"""The pruning of the outbox on the worker's schedule: every night. As thin as a router: one service call."""

from pgqueuer import PgQueuer
from pgqueuer.models import Schedule

from app.core import logging
from app.core.db import Sessions
from app.services.platform import outbox_pruning

NAME = "prune_outbox"
WHEN = "17 19 * * *"

log = logging.get(__name__)


def register(queue: PgQueuer, sessions: Sessions) -> None:
    """Put the job on the queue's schedule (UTC; after three at night where the business lives)."""

    async def job(_schedule: Schedule) -> None:
        removed = await outbox_pruning.prune(sessions, leave=queue.shutdown.is_set)
        log.info("tidied", job=NAME, removed=removed)

    queue.schedule(NAME, WHEN, clean_old=True)(job)
