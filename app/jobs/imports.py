"""What the worker does with spreadsheets: the dry run of what was uploaded, and what was confirmed.

As thin as a router: one service call each, which opens its own transactions. A run that fails is tried
again, later each time; one whose worker was killed is taken up by the next.
"""

import json
from uuid import UUID

from pgqueuer import PgQueuer
from pgqueuer.executors import DatabaseRetryEntrypointExecutor, EntrypointExecutorParameters
from pgqueuer.models import Job

from app.core import logging
from app.core.crypto import Vault
from app.core.db import Sessions
from app.core.files import FileStore
from app.services.exchange import applying, checking

ATTEMPTS = 10

log = logging.get(__name__)


def register(queue: PgQueuer, sessions: Sessions, files: FileStore, vault: Vault) -> None:
    """Take up the jobs of imports."""

    @queue.entrypoint(checking.JOB, executor_factory=patient)
    async def _check(job: Job) -> None:
        job_id = _job_id(job)
        state = await checking.run(sessions, files=files, vault=vault, job_id=job_id)
        log.info("import_checked", import_id=str(job_id), state=state)

    @queue.entrypoint(applying.JOB, executor_factory=patient)
    async def _apply(job: Job) -> None:
        job_id = _job_id(job)
        batches = await applying.run(sessions, vault=vault, job_id=job_id)
        log.info("import_applied", import_id=str(job_id), batches=batches)


def _job_id(job: Job) -> UUID:
    return UUID(json.loads(job.payload or b"{}")["job_id"])


def patient(parameters: EntrypointExecutorParameters) -> DatabaseRetryEntrypointExecutor:
    """Runs what failed again, later each time, ten times at most."""
    return DatabaseRetryEntrypointExecutor(parameters=parameters, max_attempts=ATTEMPTS)
