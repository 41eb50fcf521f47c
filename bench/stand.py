"""The databases under test: an embedded server of the bench's own, and a filled database for each size.

A filled database is made once and kept in the data folder; what is measured is a copy of it that is
thrown away, so that every run begins with the same rows. The data are the demo's: a year of its town.
"""

import asyncio
import json
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import asyncpg
from rich.console import Console

from app.core.crypto import Vault
from app.core.db import create_engine, create_sessions
from app.core.embedded import APP_ROLE, DATABASE, OWNER_ROLE, EmbeddedPostgres
from app.core.pinyin import spellings
from app.demo import loader
from app.demo.people import Account
from app.demo.scale import SIZES, Scale, Size
from app.runtime import databases, provision
from app.services.stats import folding, rebuilding
from app.services.tickets import sweep

SECRET = "the-secret-of-the-bench-and-of-nothing-else"  # noqa: S105 - opens no real data
SEED, MORE_SEED = 20_260_101, 20_260_102
PEOPLE_OF_A_HOUSEHOLD = 3.056
FASHION, ONE_IN = "建国", 40
SURNAMES = "SELECT array_agg(DISTINCT left(name, 1)) FROM resident"
RENAME = """
UPDATE resident SET name = new.name, spellings = string_to_array(new.spelled, ' ')
FROM unnest($1::text[], $2::text[]) AS new (name, spelled)
WHERE left(new.name, 1) = left(resident.name, 1) AND mod(abs(hashtext(resident.id::text)), $3) = 0
"""
Fill = Callable[[str], Coroutine[Any, Any, list[dict[str, Any]]]]


@dataclass(frozen=True, slots=True)
class Filled:
    """A database with tickets: SQLAlchemy's address of it, and who can sign in there."""

    name: str
    url: str
    accounts: list[Account]

    @property
    def dsn(self) -> str:
        """The same for asyncpg."""
        return databases.for_asyncpg(self.url)


class Stand:
    """The embedded server while the bench runs."""

    def __init__(self, server: EmbeddedPostgres, folder: Path, console: Console) -> None:
        self.server = server
        self._folder = folder
        self._console = console

    def filled(self, tickets: int) -> Filled:
        """The kept database with so many tickets, filled now unless an earlier run did, and up to date."""
        found = self._kept(f"tickets_{tickets}", f"{tickets:,} tickets", lambda dsn: _tickets(dsn, tickets))
        asyncio.run(_catch_up(found.url))
        return found

    def town(self, tickets: int) -> Filled:
        """The same as `filled`, but always in the demo's town, however few the tickets are."""
        size = SIZES[Scale.TOWN]
        if tickets >= size.tickets:
            return self.filled(tickets)
        few = replace(size, tickets=tickets)
        found = self._kept(f"town_{tickets}", f"a town with {tickets:,} tickets", lambda dsn: _town(dsn, few))
        asyncio.run(_catch_up(found.url))
        return found

    def peopled(self, people: int) -> Filled:
        """The kept database with so many people and hardly a ticket, as `filled`."""
        return self._kept(f"people_{people}", f"{people:,} people", lambda dsn: _people(dsn, people))

    @contextmanager
    def copy_of(self, original: Filled) -> Iterator[Filled]:
        """A copy to measure on; it is dropped afterwards."""
        name = f"{original.name}_copy"
        drop = f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'
        self._run(drop, f'CREATE DATABASE "{name}" TEMPLATE "{original.name}" STRATEGY FILE_COPY')
        try:
            asyncio.run(_settle(databases.for_asyncpg(self._url(OWNER_ROLE, name))))
            yield Filled(name, self._url(APP_ROLE, name), original.accounts)
        finally:
            self._run(drop)

    def owner_dsn(self, database: Filled) -> str:
        """The address of a database as its owner, for asyncpg."""
        return databases.for_asyncpg(self._url(OWNER_ROLE, database.name))

    def _kept(self, name: str, what: str, fill: Fill) -> Filled:
        """The database of this name, migrated; filled now unless an earlier run did."""
        summary, owner = self._folder / f"{name}.json", self._url(OWNER_ROLE, name)
        if not summary.exists():
            started = time.monotonic()
            self._console.print(f"loading {what} …")
            self._run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', f'CREATE DATABASE "{name}"')
            provision.migrate(owner)
            summary.write_text(json.dumps(asyncio.run(fill(databases.for_asyncpg(owner)))))
            self._console.print(f"loaded in {time.monotonic() - started:.0f} s")
        provision.migrate(owner)
        accounts = [Account.of(row) for row in json.loads(summary.read_text())]
        return Filled(name, self._url(APP_ROLE, name), accounts)

    def _url(self, role: str, database: str) -> str:
        return self.server.url(role=role, database=database)

    def _run(self, *statements: str) -> None:
        asyncio.run(_execute(databases.for_asyncpg(self._url(OWNER_ROLE, DATABASE)), statements))


@contextmanager
def opened(folder: Path, console: Console) -> Iterator[Stand]:
    """The bench's own server, in its own folder, with the settings of every embedded server."""
    folder.mkdir(parents=True, exist_ok=True)
    with EmbeddedPostgres(folder / "postgres") as server:
        yield Stand(server, folder, console)


def environment(database: Filled, folder: Path) -> dict[str, str]:
    """What the server's processes are told: a deployment's settings, but the bench's secret."""
    return {
        "WANGGE_ENVIRONMENT": "production",
        "WANGGE_DATA_DIR": str(folder),
        "WANGGE_DATABASE_URL": database.url,
        "WANGGE_SECRET_KEY": SECRET,
        "WANGGE_ACCESS_TOKEN_MINUTES": "60",
        "WANGGE_WEBHOOK_NETWORKS": "127.0.0.0/8",
    }


async def _tickets(dsn: str, tickets: int) -> list[dict[str, Any]]:
    scale = Scale.TOWN if tickets >= SIZES[Scale.TOWN].tickets else Scale.VILLAGE
    made = await loader.load(dsn, scale=scale, seed=SEED, vault=Vault(SECRET), progress=_silent)
    more = tickets - SIZES[scale].tickets
    if more > 0:
        await loader.load_tickets(dsn, count=more, seed=MORE_SEED, progress=_silent)
    return made.accounts


async def _town(dsn: str, size: Size) -> list[dict[str, Any]]:
    """The demo's town with less of something: the same people and homes otherwise."""
    vault = Vault(SECRET)
    made = await loader.load(dsn, scale=Scale.TOWN, seed=SEED, vault=vault, progress=_silent, size=size)
    return made.accounts


async def _people(dsn: str, people: int) -> list[dict[str, Any]]:
    """The demo's town grown until so many live in it; grids stay as large as they are.

    One person in forty gets the same given name, so that two characters can hit tens of thousands.
    """
    town, least = SIZES[Scale.TOWN], SIZES[Scale.VILLAGE]
    households = round(people / PEOPLE_OF_A_HOUSEHOLD)
    grown = households / town.households
    size = Size(
        households=households,
        tickets=least.tickets,
        grids=max(least.grids, round(town.grids * grown)),
        members=max(least.members, round(town.members * grown)),
        full_time=max(least.full_time, round(town.full_time * grown)),
    )
    vault = Vault(SECRET)
    made = await loader.load(dsn, scale=Scale.TOWN, seed=SEED, vault=vault, progress=_silent, size=size)
    connection = await asyncpg.connect(dsn)
    try:
        names = [surname + FASHION for surname in await connection.fetchval(SURNAMES)]
        await connection.execute(RENAME, names, [" ".join(spellings(name)) for name in names], ONE_IN)
        await connection.execute("VACUUM (ANALYZE) resident")
    finally:
        await connection.close()
    return made.accounts


async def _execute(dsn: str, statements: tuple[str, ...]) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def _catch_up(url: str) -> None:
    """Do what has fallen due since the tickets were loaded: it is no work for the worker under test."""
    engine = create_engine(url, pool_size=2)
    try:
        sessions = create_sessions(engine)
        await sweep.run(sessions)
        async with sessions() as session:
            wanted = await rebuilding.is_wanted(session)
        if wanted:
            async for _progress in rebuilding.run(sessions):
                pass
        await folding.run(sessions)
    finally:
        await engine.dispose()


async def _settle(dsn: str) -> None:
    """Let what copying left to be done be done now, and not while something is measured."""
    await _execute(dsn, ("VACUUM (ANALYZE)",))


def _silent(_what: str, _done: int, _all: int) -> None:
    pass
