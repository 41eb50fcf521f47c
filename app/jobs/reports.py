"""What the worker does with reports: every night it makes those of the periods that are over.

As thin as a router: one service call, which opens its own transactions and leaves out what is there.
"""

from pgqueuer import PgQueuer
from pgqueuer.models import Schedule

from app.core import logging
from app.core.db import Sessions
from app.services.stats import reports

MAKE, WHEN = "make_reports", "37 18 * * *"

log = logging.get(__name__)


def register(queue: PgQueuer, sessions: Sessions) -> None:
    """Put it on the queue's schedule (UTC; after half past two at night where the business lives)."""

    async def make(_schedule: Schedule) -> None:
        made = await reports.make_due(sessions)
        log.info("reports_made", made=made)

    queue.schedule(MAKE, WHEN, clean_old=True)(make)
