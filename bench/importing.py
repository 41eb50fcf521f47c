"""The import of a town's ledger: upload, dry run, confirmation and run, over HTTP and by the real worker.

The buildings come in before, which is not measured. Measures seconds and the memory of every process on the
way, then copies the rows that came of it into bare tables (COPY), without and with the indexes: what
PostgreSQL alone needs for them.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from app.models.enums import Role
from bench import ledger, processes
from bench.options import Options
from bench.processes import Running
from bench.stand import Filled, Stand

POLL_SECONDS, PATIENCE_SECONDS = 0.5, 900.0
_PATH = "/v1/imports"
_GRIDS = """
    SELECT grid.code FROM area AS grid JOIN area AS village ON village.id = ANY(grid.path)
    WHERE village.code = $1 AND grid.level = 'grid' ORDER BY grid.code
    """
# What an import writes, and the column that tells since when.
_TABLES = {
    "room": "created_at",
    "household": "created_at",
    "household_stay": "created_at",
    "resident": "created_at",
    "household_member": "created_at",
    "residence": "created_at",
    "audit_log": "at",
    "outbox": "created_at",
}
_COLUMNS = """
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
    WHERE attrelid = CAST($1 AS regclass) AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
    """


class ImportFailed(RuntimeError):
    """The import did not go through; the text says what it said."""


@dataclass(slots=True)
class Imported:
    """Seconds of each part; by kind of process CPU seconds, most memory (PSS of all, largest RSS) in MiB."""

    households: int
    people: int = 0
    size: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    memory: dict[str, float] = field(default_factory=dict)
    largest: dict[str, float] = field(default_factory=dict)
    together: float = 0.0
    copied: int = 0
    copy_seconds: float = 0.0
    indexed_seconds: float = 0.0

    @property
    def total(self) -> float:
        """From the first byte sent until every row is there."""
        return sum(self.seconds.values())


def measure(at: Stand, database: Filled, folder: Path, options: Options) -> Imported:
    """Import into a copy of a filled database that the caller made."""
    found = Imported(options.households)
    with tempfile.TemporaryDirectory() as place:
        account = next(one for one in database.accounts if one.role is Role.VILLAGE_ADMIN)
        grids = asyncio.run(_codes(database, account.area_code))
        book = Path(place) / "ledger.xlsx"
        found.people = ledger.write(book, grids=grids, households=found.households)
        found.size = book.stat().st_size
        with processes.running(at, database, folder, options) as running, running.client() as client:
            form = {"username": account.username, "password": account.password}
            token = client.post("/v1/auth/token", data=form).raise_for_status().json()["access_token"]
            client.headers["Authorization"] = f"Bearer {token}"
            houses = Path(place) / "buildings.xlsx"
            ledger.write_buildings(houses, grids=grids, households=found.households)
            _bring_in(_Watched(Imported(0), running, client), houses, "buildings")
            at.settle(database)
            since = asyncio.run(_now(database))
            _bring_in(_Watched(found, running, client), book, "households")
    asyncio.run(_copy(at, database, since, found))
    return found


@dataclass(slots=True)
class _Watched:
    """The import under way, and who looks at it."""

    found: Imported
    running: Running
    client: httpx.Client

    def timed(self, part: str, step: Callable[[], Any]) -> Any:
        """Do a step, and note how long it took."""
        started = time.perf_counter()
        try:
            return step()
        finally:
            self.found.seconds[part] = time.perf_counter() - started

    def until(self, address: str, state: str) -> None:
        """Ask until the import is in a state, and look at the memory meanwhile."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (job := self.client.get(address).raise_for_status().json())["state"] != state:
            if job["state"] == "failed" or time.monotonic() > deadline:
                raise ImportFailed(str(job["fault"] or job["state"]))
            self._look()
            time.sleep(POLL_SECONDS)
        if job["held_rows"]:
            raise ImportFailed(str(job["faults"][:3]))

    def _look(self) -> None:
        held, found = self.running.held(), self.found
        found.together = max(found.together, sum(each.all_pss for each in held))
        for each in held:
            found.memory[each.kind] = max(found.memory.get(each.kind, 0.0), each.all_pss)
            found.largest[each.kind] = max(found.largest.get(each.kind, 0.0), each.largest_rss)


def _bring_in(watched: _Watched, book: Path, kind: str) -> None:
    before = watched.running.worked()
    with book.open("rb") as file:
        sent = {"file": ("ledger.xlsx", file)}
        reply = watched.timed("upload", lambda: watched.client.post(_PATH, data={"kind": kind}, files=sent))
    address = f"{_PATH}/{reply.raise_for_status().json()['id']}"
    watched.timed("check", lambda: watched.until(address, "checked"))
    watched.client.post(f"{address}/confirm", json={}).raise_for_status()
    watched.timed("apply", lambda: watched.until(address, "done"))
    after = watched.running.worked()
    watched.found.cpu = {kind: after[kind] - before[kind] for kind in after}


async def _codes(database: Filled, village: str) -> list[str]:
    connection = await asyncpg.connect(database.dsn)
    try:
        return [row["code"] for row in await connection.fetch(_GRIDS, village)]
    finally:
        await connection.close()


async def _now(database: Filled) -> Any:
    connection = await asyncpg.connect(database.dsn)
    try:
        return await connection.fetchval("SELECT now()")
    finally:
        await connection.close()


async def _copy(at: Stand, database: Filled, since: Any, found: Imported) -> None:
    """Copy the rows that were written since into tables without and with indexes."""
    connection = await asyncpg.connect(at.owner_dsn(database))
    try:
        await connection.execute("CREATE SCHEMA bare; CREATE SCHEMA indexed")
        with tempfile.TemporaryDirectory() as place:
            for table, moment in _TABLES.items():
                await _copy_table(connection, table, moment, since, Path(place) / table, found)
    finally:
        await connection.close()


async def _copy_table(
    connection: Any, table: str, moment: str, since: Any, path: Path, found: Imported
) -> None:
    names = await connection.fetchval(_COLUMNS, table)
    query = f"SELECT {names} FROM {table} WHERE {moment} >= $1"  # noqa: S608 - names of our own
    await connection.copy_from_query(query, since, output=path, format="binary")
    await connection.execute(f"CREATE TABLE bare.{table} AS {query.partition(' WHERE')[0]} WITH NO DATA")
    await connection.execute(f"CREATE TABLE indexed.{table} (LIKE {table} INCLUDING ALL)")
    columns = names.split(", ")
    for schema in ("bare", "indexed"):
        started = time.perf_counter()
        said = await connection.copy_to_table(
            table, schema_name=schema, source=path, columns=columns, format="binary"
        )
        seconds = time.perf_counter() - started
        if schema == "bare":
            found.copied += int(said.split()[1])
            found.copy_seconds += seconds
        else:
            found.indexed_seconds += seconds
