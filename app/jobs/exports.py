"""What the worker does with exports: it makes the file of one that may begin.

As thin as a router: one service call, which opens its own transactions. A run that fails is tried again.
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
from app.services.exchange import exporting
from app.services.exchange.exports import JOB

ATTEMPTS = 10

log = logging.get(__name__)


def register(queue: PgQueuer, sessions: Sessions, files: FileStore, vault: Vault) -> None:
    """Take up the jobs of exports."""

    @queue.entrypoint(JOB, executor_factory=_patient)
    async def _job(job: Job) -> None:
        job_id = UUID(json.loads(job.payload or b"{}")["job_id"])
        state = await exporting.run(sessions, files=files, vault=vault, job_id=job_id)
        log.info("export_made", export_id=str(job_id), state=state)


def _patient(parameters: EntrypointExecutorParameters) -> DatabaseRetryEntrypointExecutor:
    return DatabaseRetryEntrypointExecutor(parameters=parameters, max_attempts=ATTEMPTS)
