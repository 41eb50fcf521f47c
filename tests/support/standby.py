"""A streaming replica of the run's PostgreSQL: made with `pg_basebackup -R`, paused, resumed, killed."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from app.core.embedded import EmbeddedPostgres
from tests.support.database import ADMIN, APP, Server
from tests.support.keeper import SETTINGS

TRIES = 5


class Standby:
    """A replica that runs."""

    def __init__(self, postgres: EmbeddedPostgres) -> None:
        self._postgres = postgres

    def url(self, database: str) -> str:
        """The application's address of a database on it."""
        return self._postgres.url(role=APP, database=database)

    async def hold(self, *, held: bool) -> None:
        """Stop taking over what the primary writes, or go on."""
        function = "pg_wal_replay_pause" if held else "pg_wal_replay_resume"
        engine = create_async_engine(self._postgres.url(role=ADMIN, database="postgres"))
        async with engine.connect() as connection:
            await connection.execute(text(f"SELECT {function}()"))
        await engine.dispose()

    def stop(self) -> None:
        """End it."""
        self._postgres.stop()


@contextmanager
def standby_of(server: Server, folder: Path) -> Iterator[Standby]:
    """A replica of the server, in a folder; it ends with the block."""
    socket = str(make_url(server.url(ADMIN, "postgres")).query["host"])
    postgres = EmbeddedPostgres(folder, settings=SETTINGS)
    folder.mkdir()
    data = folder / "data"
    _copy(postgres, socket, data)
    _hand_over(data, Path(socket).stat())
    try:
        postgres.start()
        yield Standby(postgres)
    finally:
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _copy(postgres: EmbeddedPostgres, socket: str, data: Path) -> None:
    """A base backup; again where other tests made or dropped a database while it was being read."""
    program = str(postgres.bin / "pg_basebackup")
    command = [program, "-h", socket, "-U", ADMIN, "-D", str(data), "-R", "-c", "fast"]
    told = []
    for _attempt in range(TRIES):
        made = subprocess.run(command, check=False, capture_output=True, text=True, cwd="/")
        if made.returncode == 0:
            return
        told.append(made.stderr)
    raise AssertionError("\n".join(told))


def _hand_over(data: Path, owner: os.stat_result) -> None:
    """The copy belongs to whoever made it; a server runs as the account that the other runs as."""
    for path in (data, *data.rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
