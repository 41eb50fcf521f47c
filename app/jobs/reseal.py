"""A changed deployment secret's place on the worker's schedule: hourly. As thin as a router."""

from pgqueuer import PgQueuer
from pgqueuer.models import Schedule

from app.core import logging
from app.core.crypto import Vault
from app.core.db import Sessions
from app.services.privacy import resealing

NAME = "reseal_values"
WHEN = "47 * * * *"

log = logging.get(__name__)


def register(queue: PgQueuer, sessions: Sessions, vault: Vault) -> None:
    """Put the job on the queue's schedule (UTC); it has work only while a retired secret is configured."""

    async def job(_schedule: Schedule) -> None:
        if vault.rotating:
            done = await resealing.run(sessions, vault=vault, leave=queue.shutdown.is_set)
            log.info("resealed", values=done.values, twice=done.twice, accounts_left=done.accounts_left)

    queue.schedule(NAME, WHEN, clean_old=True)(job)
