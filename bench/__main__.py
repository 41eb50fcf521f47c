"""`make bench`: fill a database, serve it, measure, search, print; or compare lists and lives at sizes."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import asyncpg
from rich.console import Console

from bench import importing, lists, lives, measure, operations, options, processes, searches, stand, table
from bench.measure import Load, Measured
from bench.operations import Cast, Operation
from bench.options import Options
from bench.pgbench import Pgbench
from bench.probe import Probed, probing
from bench.stand import Filled, Stand

TICKETS_AT_RANDOM = 2_000
SOME = "SELECT id FROM ticket WHERE status <> 'draft' ORDER BY random() LIMIT $1"
WIDTH = 160
FOLDER = "bench"


def main() -> None:
    """Do what the command line asks for."""
    wanted = options.read()
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    folder = (wanted.data / FOLDER).resolve()
    with stand.opened(folder, console) as at:
        if wanted.sizes:
            lists.compare(at, wanted.sizes, console)
            lives.compare(at, folder, wanted, console)
        else:
            _measure(at, folder, wanted, console)
            searches.compare(at, wanted.people, console)


def _measure(at: Stand, folder: Path, wanted: Options, console: Console) -> None:
    with (
        at.copy_of(at.filled(wanted.tickets)) as database,
        processes.running(at, database, folder, wanted) as running,
    ):
        with running.client() as client:
            cast = operations.cast(client, database.accounts)
        tickets = asyncio.run(_some(database))
        chosen = operations.operations(cast)
        probed = asyncio.run(_probe(database, cast, chosen, tickets[0]))
        measured = [
            Measured(each, probed[each.name].per_request if each.name in probed else 0) for each in chosen
        ]
        measure.in_rounds(Load(running, wanted, tickets), measured, console)
        memory = running.held()
        programs, socket = at.server.bin, at.server.socket_folder
        runner = Pgbench(programs / "pgbench", socket, database.name, wanted.connections)
        measure.against_pgbench(runner, measured, probed, wanted)
    table.show(console, measured, memory)
    with at.copy_of(at.filled(wanted.tickets)) as database:
        table.show_import(console, importing.measure(at, database, folder, wanted))


async def _some(database: Filled) -> list[str]:
    """The ids of some tickets, at random; a draft is its reporter's alone."""
    connection = await asyncpg.connect(database.dsn)
    try:
        rows = await connection.fetch(SOME, TICKETS_AT_RANDOM)
    finally:
        await connection.close()
    return [str(row["id"]) for row in rows]


async def _probe(database: Filled, cast: Cast, chosen: Sequence[Operation], ticket: str) -> dict[str, Probed]:
    """The SQL of every operation, from an application of the same code in this process."""
    found = {}
    async with probing(database) as probe:
        for operation in chosen[1:]:
            reported = (await probe.read(cast.report))["id"]
            record = {"reported": reported, "loaded": ticket}.get(operation.ids, "")
            found[operation.name] = await probe.story(operation.story, record)
    return found


if __name__ == "__main__":
    main()
