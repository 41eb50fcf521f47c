"""Whom a worker visits next, in a village and in a city around it: the same page for the same worker.

A village as the demo makes it, and a copy of it with a city around (`city`), each with a server of its own;
both take turns within a round. What the city costs is the ratio of the rates. `python -m bench.due`, and the
last part of `make bench`.
"""

import argparse
import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import asyncpg
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from app.demo.scale import SIZES, Scale
from app.models.enums import Role
from bench import city, lists, options, processes, stand
from bench.lists import Cost
from bench.measure import WARM_SECONDS, Load, Measured
from bench.operations import Operation
from bench.options import Options
from bench.probe import Sent, probing
from bench.requests import Ask
from bench.stand import Filled, Stand

HOMES, LEAST_RATIO, SHORT, FOLDER, WIDTH = 800_000, 0.8, " ✗", "bench", 160
FIRST, LATER = "first page", "third page"
_ADDRESS = "/v1/visits/due?limit=50"


@dataclass(frozen=True, slots=True)
class Place:
    """A database of so many homes with its server, and the pages that its worker asks for."""

    homes: int
    database: Filled
    load: Load
    pages: tuple[Operation, ...]


def main() -> None:
    """Fill, serve, measure, print."""
    parser = argparse.ArgumentParser(prog="bench.due", description="Measures the list of whom to visit next.")
    parser.add_argument("--homes", type=int, default=HOMES, help="households of the city around the village")
    parser.add_argument("--rounds", type=int, default=options.ROUNDS, help="both places one after another")
    parser.add_argument("--seconds", type=float, default=options.SECONDS, help="of each page in each round")
    parser.add_argument("--data", type=Path, default=Path("var"), help="folder to keep loaded databases in")
    given = vars(parser.parse_args())
    homes, village = given.pop("homes"), SIZES[Scale.VILLAGE]
    wanted = Options(
        tickets=village.tickets,
        households=village.households,
        connections=options.CONNECTIONS,
        processes=options.PROCESSES,
        **given,
    )
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    folder = (wanted.data / FOLDER).resolve()
    with stand.opened(folder, console) as at:
        compare(at, folder, wanted, homes, console)


def compare(at: Stand, folder: Path, wanted: Options, homes: int, console: Console) -> None:
    """Print pages a second, CPU, and what PostgreSQL reads for a page, in the village and in the city."""
    with ExitStack() as stack:
        village = at.filled(wanted.tickets)
        around = stack.enter_context(at.copy_of(village))
        with console.status(f"building a city of {homes:,} homes"):
            asyncio.run(city.grow(at.owner_dsn(around), homes))
        least = SIZES[Scale.VILLAGE].households
        served = ((least, village), (least + homes, around))
        places = [stack.enter_context(_served(at, folder, wanted, *each)) for each in served]
        measured = [[Measured(page, 0) for page in place.pages] for place in places]
        for place in places:
            place.load.round([Measured(page, 0) for page in place.pages], WARM_SECONDS)
        turns = list(zip(places, measured, strict=True))
        for number in range(1, wanted.rounds + 1):
            with console.status(f"round {number} of {wanted.rounds}"):
                # In turn from either end, so that neither is always the first.
                for place, rows in turns if number % 2 else reversed(turns):
                    place.load.round(rows, wanted.seconds)
        costs = [asyncio.run(_costs(place)) for place in places]
    _show(console, places, measured, costs)


@contextmanager
def _served(at: Stand, folder: Path, wanted: Options, homes: int, database: Filled) -> Iterator[Place]:
    place = folder / f"due_at_{homes}"
    place.mkdir(exist_ok=True)
    with processes.running(at, database, place, wanted) as running:
        pages = asyncio.run(_pages(database))
        yield Place(homes, database, Load(running, wanted, ()), pages)


async def _pages(database: Filled) -> tuple[Operation, ...]:
    """The worker's first page and the third."""
    account = next(one for one in database.accounts if one.role is Role.GRID_WORKER)
    async with probing(database) as probe:
        token = await probe.sign_in(account)
        cursor = ""
        for _page in range(2):
            page = await probe.read(Ask("GET", f"{_ADDRESS}{cursor}", token))
            cursor = f"&cursor={page['next_cursor']}"
    return tuple(
        Operation(name, (Ask("GET", path, token),))
        for name, path in ((FIRST, _ADDRESS), (LATER, f"{_ADDRESS}{cursor}"))
    )


async def _costs(place: Place) -> list[Cost]:
    """The statement of each page, run alone."""
    async with probing(place.database) as probe:
        sent: list[Sent] = [_listing((await probe.story(page.story)).requests[0]) for page in place.pages]
    connection = await asyncpg.connect(place.database.dsn, server_settings={"jit": "off"})
    try:
        return [await lists.cost(connection, each) for each in sent]
    finally:
        await connection.close()


def _listing(sent: Sequence[Sent]) -> Sent:
    return next(each for each in sent if "next_visit_due" in each.sql)


def _show(
    console: Console,
    places: Sequence[Place],
    measured: Sequence[Sequence[Measured]],
    costs: Sequence[Sequence[Cost]],
) -> None:
    table = Table("due list of 50", "households", box=MARKDOWN)
    for name in ("a second", "of the village", "CPU ms API", "CPU ms DB", "rows", "buffers", "ms in SQL"):
        table.add_column(name, justify="right")
    for number, page in enumerate(places[0].pages):
        for place, rows, found in zip(places, measured, costs, strict=True):
            row, least, cost = rows[number], measured[0][number], found[number]
            ratio = median(mine / first for mine, first in zip(row.rates, least.rates, strict=True))
            table.add_row(
                page.name,
                f"{place.homes:,}",
                f"{median(row.rates):,.0f}",
                f"{ratio:.2f} (≥ {LEAST_RATIO}){SHORT if ratio < LEAST_RATIO else ''}",
                f"{median(spent.api for spent in row.spent) * 1000:.2f}",
                f"{median(spent.postgres for spent in row.spent) * 1000:.2f}",
                str(cost.rows),
                str(cost.buffers),
                f"{cost.milliseconds:.2f}",
            )
    console.print(table)


if __name__ == "__main__":
    main()
