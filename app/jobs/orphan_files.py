"""What the worker removes of files: every hour what a crash cut off, every night what no record names.

As thin as a router: one service call each, which opens its own short transactions.
"""

from pgqueuer import PgQueuer
from pgqueuer.models import Schedule

from app.core import logging
from app.core.db import Sessions
from app.core.files import FileStore
from app.services.platform import orphan_files, unnamed_files

NAME = "collect_orphan_files"
WHEN = "37 * * * *"
UNNAMED, AT_NIGHT = "forget_unnamed_files", "7 19 * * *"

log = logging.get(__name__)


def register(queue: PgQueuer, sessions: Sessions, files: FileStore) -> None:
    """Put the jobs on the queue's schedule (UTC)."""

    async def job(_schedule: Schedule) -> None:
        removed = await orphan_files.collect(sessions, files=files)
        log.info("tidied", job=NAME, removed=removed)

    async def forget(_schedule: Schedule) -> None:
        removed = await unnamed_files.collect(sessions)
        log.info("tidied", job=UNNAMED, removed=removed)

    queue.schedule(NAME, WHEN, clean_old=True)(job)
    queue.schedule(UNNAMED, AT_NIGHT, clean_old=True)(forget)
