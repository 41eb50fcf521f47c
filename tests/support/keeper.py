"""The process that keeps the tests' PostgreSQL: `python -m tests.support.keeper FOLDER`.

Starts the server, builds and seeds the template, says `ready`, and then waits for the end of the run:
whoever leads the run holds a lock on `FOLDER/alive`, which the kernel lets go of however that process
ends. Apart from the test processes, because any of them may end before the last one.
"""

import asyncio
import fcntl
import json
import shutil
import sys
from pathlib import Path

from alembic import command

from app.core.embedded import EmbeddedPostgres
from tests.support.database import ADMIN, ALIVE, APP, EMPTY, KEPT, OWNER, READY, TEMPLATE, Server
from tests.support.seed import seed

SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
}


def keep(folder: Path) -> None:
    """Serve until the run has ended, then leave nothing behind."""
    postgres = EmbeddedPostgres(folder / "postgres", settings=SETTINGS)
    with (folder / KEPT).open("w") as kept:
        fcntl.flock(kept, fcntl.LOCK_EX)
        try:
            postgres.start()
            serve(postgres, folder)
            wait_for_the_end(folder)
        finally:
            postgres.stop()
            shutil.rmtree(folder, ignore_errors=True)


def serve(postgres: EmbeddedPostgres, folder: Path) -> None:
    """Build the template, tell everybody the addresses."""
    urls = {role: postgres.url(role=role, database="postgres") for role in (ADMIN, OWNER, APP)}
    build_template(Server(urls))
    (folder / READY).write_text(json.dumps(urls))
    print("ready", flush=True)  # noqa: T201 - the starter waits for this line


def build_template(server: Server) -> None:
    """A database at head, with the small town in it."""
    template = asyncio.run(server.create(TEMPLATE, EMPTY))
    command.upgrade(template.alembic(), "head")
    asyncio.run(seed(template.owner_url))


def wait_for_the_end(folder: Path) -> None:
    """Sleep in the kernel until the run's leader lets go of its lock."""
    with (folder / ALIVE).open() as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
