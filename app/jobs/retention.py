"""Retention's place on the worker's schedule: every night. As thin as a router: one service call."""

from pgqueuer import PgQueuer
from pgqueuer.models import Schedule

from app.core import logging
from app.core.db import Sessions
from app.services.privacy import retention

NAME = "retention"
WHEN = "53 18 * * *"

log = logging.get(__name__)


def register(queue: PgQueuer, sessions: Sessions) -> None:
    """Put the job on the queue's schedule (UTC; before three at night where the business lives)."""

    async def job(_schedule: Schedule) -> None:
        forgotten = await retention.run(sessions, leave=queue.shutdown.is_set)
        log.info("forgotten", **{subject.value: count for subject, count in forgotten.items()})

    queue.schedule(NAME, WHEN, clean_old=True)(job)
