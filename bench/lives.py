"""Whole lives at several sizes: how many a second the same server manages over few tickets and over many.

Each size has a database and a server of its own, all of them up at once; they take turns within a round,
so that what else the machine does strikes all alike. What is compared is taken from the same round.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from bench import operations, processes
from bench.measure import WARM_SECONDS, Load, Measured
from bench.operations import LIFE, Operation
from bench.options import Options
from bench.stand import Stand
from bench.table import SHORT

LEAST_RATIO = 0.8


def compare(at: Stand, folder: Path, wanted: Options, console: Console) -> None:
    """Print the lives a second at each size, and the last size's against the first's."""
    with ExitStack() as stack:
        found = [stack.enter_context(_served(at, folder, wanted, size)) for size in wanted.sizes]
        for load, life in found:
            load.round([Measured(life, 0)], WARM_SECONDS)
        measured = [Measured(life, 0) for _load, life in found]
        for number in range(1, wanted.rounds + 1):
            turns = list(zip(found, measured, strict=True))
            with console.status(f"round {number} of {wanted.rounds}"):
                # In turn from either end, so that none is always the first.
                for (load, _life), row in turns if number % 2 else reversed(turns):
                    load.round([row], wanted.seconds)
    _show(console, wanted.sizes, measured)


@contextmanager
def _served(at: Stand, folder: Path, wanted: Options, tickets: int) -> Iterator[tuple[Load, Operation]]:
    """A server on a copy of the database with so many tickets, and a life as its people lead it."""
    with at.copy_of(at.filled(tickets)) as database:
        place = folder / f"at_{tickets}"
        place.mkdir(exist_ok=True)
        with processes.running(at, database, place, wanted) as running:
            with running.client() as client:
                told = operations.operations(operations.cast(client, database.accounts))
            yield Load(running, wanted, ()), next(each for each in told if each.name == LIFE)


def _show(console: Console, sizes: Sequence[int], measured: Sequence[Measured]) -> None:
    table = Table("tickets", box=MARKDOWN)
    for name in ("lives a second", "p50 ms", "CPU ms API", "CPU ms DB", "of the first"):
        table.add_column(name, justify="right")
    for size, row in zip(sizes, measured, strict=True):
        ratio = median(mine / first for mine, first in zip(row.rates, measured[0].rates, strict=True))
        table.add_row(
            f"{size:,}",
            f"{median(row.rates):.1f}",
            f"{median(row.micros) / 1000:.0f}",
            f"{median(spent.api for spent in row.spent) * 1000:.2f}",
            f"{median(spent.postgres for spent in row.spent) * 1000:.2f}",
            f"{ratio:.2f} (≥ {LEAST_RATIO}){SHORT if ratio < LEAST_RATIO else ''}",
        )
    console.print(table)
