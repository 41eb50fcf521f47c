"""The process that keeps the tests' PostgreSQL: `python -m tests.support.keeper FOLDER`.

Starts a server in a process' own folder of the run, builds and seeds the template, tells the addresses, and
then waits for the end of the run: whoever leads it holds a lock on the file `alive` above, which the
kernel lets go of however that process ends.
"""

import asyncio
import fcntl
import json
import shutil
import sys
from contextlib import suppress
from pathlib import Path

from alembic import command

from app.core.embedded import EmbeddedPostgres
from tests.support.database import ADMIN, ALIVE, APP, EMPTY, KEPT, OWNER, TEMPLATE, Server
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
    run = folder.parent
    with (run / ALIVE).open() as alive, (folder / KEPT).open("w") as kept:
        fcntl.flock(kept, fcntl.LOCK_EX)
        try:
            postgres.start()
            serve(postgres)
            fcntl.flock(alive, fcntl.LOCK_EX)
        finally:
            postgres.stop()
            shutil.rmtree(folder, ignore_errors=True)
            with suppress(OSError):
                (run / ALIVE).unlink()
                run.rmdir()


def serve(postgres: EmbeddedPostgres) -> None:
    """Build the template, tell everybody the addresses."""
    urls = {role: postgres.url(role=role, database="postgres") for role in (ADMIN, OWNER, APP)}
    build_template(Server(urls))
    print(json.dumps(urls), flush=True)  # noqa: T201 - the starter waits for this line


def build_template(server: Server) -> None:
    """A database at head, with the small town in it."""
    template = asyncio.run(server.create(TEMPLATE, EMPTY))
    command.upgrade(template.alembic(), "head")
    asyncio.run(seed(template.owner_url))


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
