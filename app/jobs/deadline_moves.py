"""What the worker does when a year of a work calendar was published: open deadlines follow.

As thin as a router: one service call, which opens its own short transactions. A run that fails is tried
again, later each time; one whose worker was killed is taken up by the next.
"""

import json
from uuid import UUID

from pgqueuer import PgQueuer
from pgqueuer.executors import DatabaseRetryEntrypointExecutor, EntrypointExecutorParameters
from pgqueuer.models import Job

from app.core import logging
from app.core.db import Sessions
from app.services.platform.calendar_years import JOB
from app.services.tickets import deadline_moves

ATTEMPTS = 30

log = logging.get(__name__)


def register(queue: PgQueuer, sessions: Sessions) -> None:
    """Take up the jobs of published years."""

    @queue.entrypoint(JOB, executor_factory=_patient)
    async def _job(job: Job) -> None:
        change_id = UUID(json.loads(job.payload or b"{}")["change_id"])
        touched = await deadline_moves.run(sessions, change_id=change_id)
        log.info("deadlines_moved", change_id=str(change_id), tickets=touched)


def _patient(parameters: EntrypointExecutorParameters) -> DatabaseRetryEntrypointExecutor:
    return DatabaseRetryEntrypointExecutor(parameters=parameters, max_attempts=ATTEMPTS)
