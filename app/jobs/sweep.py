"""The sweep's place on the worker's schedule: every minute. As thin as a router: one service call."""

from pgqueuer import PgQueuer
from pgqueuer.models import Schedule

from app.core import logging
from app.core.db import Sessions
from app.services.tickets import sweep

NAME = "sweep_tickets"
WHEN = "* * * * *"

log = logging.get(__name__)


def register(queue: PgQueuer, sessions: Sessions) -> None:
    """Put the sweep on the queue's schedule; when the worker is told to stop, it ends with its batch."""

    async def job(_schedule: Schedule) -> None:
        swept = await sweep.run(sessions, leave=queue.shutdown.is_set)
        log.info("swept", clocks=swept.clocks, tickets=swept.tickets, steps=swept.steps, broken=swept.broken)

    queue.schedule(NAME, WHEN, clean_old=True)(job)
