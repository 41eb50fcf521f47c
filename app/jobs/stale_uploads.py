"""What the worker forgets every hour: uploads left alone for a week, files awaited for two.

As thin as a router: two service calls, which open their own short transactions.
"""

from pgqueuer import PgQueuer
from pgqueuer.models import Schedule

from app.core import logging
from app.core.db import Sessions
from app.core.files import FileStore
from app.services.mobile import awaited, uploads

NAME = "forget_stale_uploads"
WHEN = "47 * * * *"

log = logging.get(__name__)


def register(queue: PgQueuer, sessions: Sessions, files: FileStore) -> None:
    """Put the job on the queue's schedule (UTC)."""

    async def job(_schedule: Schedule) -> None:
        forgotten = await uploads.expire(sessions, files=files)
        given_up = await awaited.give_up(sessions)
        log.info("tidied", job=NAME, removed=forgotten, given_up=given_up)

    queue.schedule(NAME, WHEN, clean_old=True)(job)
