"""A process of its own that writes a confirmed import, to be killed: `… -m tests.support.applying URL ID`."""

import asyncio
import sys
from uuid import UUID

from app.core.db import create_engine, create_sessions
from app.services.exchange import applying
from tests.support.settings import vault_of_tests


async def run(url: str, job_id: str) -> None:
    """Do the worker's run in small batches."""
    engine = create_engine(url, pool_size=2)
    vault = vault_of_tests()
    await applying.run(create_sessions(engine), vault=vault, job_id=UUID(job_id), batch_rows=200)
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(run(*sys.argv[1:]))
