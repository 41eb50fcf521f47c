"""What the worker removes from the file store every hour: uploads that were cut off by a crash.

As thin as a router: one service call, which opens its own short transactions.
"""

from pgqueuer import PgQueuer
from pgqueuer.models import Schedule

from app.core import logging
from app.core.db import Sessions
from app.core.files import FileStore
from app.services.platform import orphan_files

NAME = "collect_orphan_files"
WHEN = "37 * * * *"

log = logging.get(__name__)


def register(queue: PgQueuer, sessions: Sessions, files: FileStore) -> None:
    """Put the job on the queue's schedule (UTC)."""

    async def job(_schedule: Schedule) -> None:
        removed = await orphan_files.collect(sessions, files=files)
        log.info("tidied", job=NAME, removed=removed)

    queue.schedule(NAME, WHEN, clean_old=True)(job)
