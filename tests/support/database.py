"""The tests' PostgreSQL: a server for each process of a run, a migrated and seeded template, clones of it.

Each process of the run has its own, because readers of the outbox wait for the open transactions of a
whole server, whatever database they are in: no test may wait for another process' tests. A process that
needs its server has it started by a process of its own (`keeper`); it ends with the process that leads
the run. Cloning the template takes a tenth of a second; migrating and seeding happen once for each.
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from alembic.config import Config
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from app.core.schema import ROOT
from app.runtime.provision import alembic_config

FOLDER = "WANGGE_TEST_FOLDER"
ALIVE, KEPT, LOG = "alive", "kept", "keeper.log"
ADMIN, OWNER, APP = "postgres", "wangge_owner", "wangge_app"
EMPTY, TEMPLATE = "template1", "wangge_template"


@dataclass(frozen=True, slots=True)
class Database:
    """One database: where the application and the owner of the tables reach it."""

    name: str
    url: str
    owner_url: str

    def alembic(self) -> Config:
        """Alembic's settings for this database, as its owner."""
        config = alembic_config()
        config.attributes["url"] = self.owner_url
        return config


class Server:
    """The server of this run: makes and drops databases."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._urls = urls

    def url(self, role: str, database: str) -> str:
        """A database's address for a role."""
        return make_url(self._urls[role]).set(database=database).render_as_string(hide_password=False)

    def database(self, name: str) -> Database:
        """The addresses of a database, whether or not it exists."""
        return Database(name, self.url(APP, name), self.url(OWNER, name))

    async def create(self, name: str, template: str = TEMPLATE) -> Database:
        """A new database as a copy of another."""
        await self.admin(f'CREATE DATABASE "{name}" OWNER {OWNER} TEMPLATE "{template}"')
        return self.database(name)

    async def drop(self, name: str) -> None:
        """Remove a database, with whoever is still connected."""
        await self.admin(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    async def admin(self, statement: str, database: str = "postgres") -> None:
        """Run a statement as the superuser, outside of any transaction."""
        engine = create_async_engine(self.url(ADMIN, database), isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            await connection.execute(text(statement))
        await engine.dispose()


class Run:
    """The folder of one run of the tests, made by the process that leads it."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="wangge-test-"))
        self._alive: IO[str] = (self.folder / ALIVE).open("w")
        fcntl.flock(self._alive, fcntl.LOCK_EX)
        os.environ[FOLDER] = str(self.folder)

    def end(self) -> None:
        """Let the servers go and wait until they are gone."""
        os.environ.pop(FOLDER, None)
        self._alive.close()
        for kept in self.folder.glob(f"*/{KEPT}"):
            with suppress(FileNotFoundError), kept.open() as handle:
                fcntl.flock(handle, fcntl.LOCK_EX)
        shutil.rmtree(self.folder, ignore_errors=True)


def running_server(process: str) -> Server:
    """Start the server of a process of the run, once, and wait for it."""
    folder = Path(os.environ[FOLDER], process)
    folder.mkdir()
    with (folder / LOG).open("w+") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "tests.support.keeper", str(folder)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
        assert keeper.stdout is not None
        addresses = keeper.stdout.readline()
        if not addresses:
            keeper.wait()
            log.seek(0)
            raise RuntimeError(f"no PostgreSQL for the tests:\n{log.read()}")
        return Server(json.loads(addresses))
