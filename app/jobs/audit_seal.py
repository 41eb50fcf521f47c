"""The audit chain's place on the worker's schedule: every minute. As thin as a router: one service call."""

from pgqueuer import PgQueuer
from pgqueuer.models import Schedule

from app.core import logging
from app.core.crypto import Vault
from app.core.db import Sessions
from app.services.platform import audit_chain

NAME = "seal_audit_log"
WHEN = "* * * * *"

log = logging.get(__name__)


def register(queue: PgQueuer, sessions: Sessions, vault: Vault) -> None:
    """Put the job on the queue's schedule (UTC)."""

    async def job(_schedule: Schedule) -> None:
        sealed = await audit_chain.seal(sessions, vault=vault)
        log.info("audit_sealed", rows=sealed)

    queue.schedule(NAME, WHEN, clean_old=True)(job)
