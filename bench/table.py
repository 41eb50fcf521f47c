"""The bench's tables: rates, latencies, statements, CPU, ratios and memory; what falls short is marked."""

from collections.abc import Sequence
from statistics import median

from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from bench.measure import Measured
from bench.processes import API, Held

MOST_MIB = 160
SHORT = " ✗"
_COLUMNS = (
    "a second",
    "p50 ms",
    "p99 ms",
    "SQL",
    "CPU ms API",
    "CPU ms DB",
    "of constant",
    "pgbench",
    "of pgbench",
)


def show(console: Console, measured: Sequence[Measured], memory: Sequence[Held]) -> None:
    """Print the operations, the constant route first, then the memory."""
    table = Table("operation", box=MARKDOWN)
    for name in _COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    for row in measured:
        table.add_row(row.operation.name, *_cells(row, measured[0].rates))
    console.print(table)
    console.print(_memory(memory))


def _cells(row: Measured, constant: Sequence[float]) -> tuple[str, ...]:
    micros, operation = sorted(row.micros), row.operation
    return (
        f"{median(row.rates):,.0f}",
        f"{_at(micros, 0.50):.1f}",
        f"{_at(micros, 0.99):.1f}",
        f"{row.statements:.3g}" if row.statements else "",
        f"{median(spent.api for spent in row.spent) * 1000:.2f}",
        f"{median(spent.postgres for spent in row.spent) * 1000:.2f}",
        _ratio([mine / limit for mine, limit in zip(row.rates, constant, strict=True)], operation.of_limit),
        f"{median(row.pgbench):,.0f}" if row.pgbench else "",
        _ratio([median(row.rates) / median(row.pgbench)] if row.pgbench else [], operation.of_pgbench),
    )


def _ratio(ratios: Sequence[float], least: float | None) -> str:
    if not ratios:
        return ""
    found = median(ratios)
    if least is None:
        return f"{found:.3f}"
    return f"{found:.3f} (≥ {least:.2f}){SHORT if found < least else ''}"


def _at(micros: Sequence[int], share: float) -> float:
    """The milliseconds that so large a share of the sorted answers stayed below."""
    return micros[min(len(micros) - 1, int(len(micros) * share))] / 1000


def _memory(memory: Sequence[Held]) -> Table:
    table = Table("memory", "processes", "largest RSS, MiB", "PSS of all, MiB", box=MARKDOWN)
    for part in memory:
        largest = f"{part.largest_rss:.0f}"
        if part.kind == API:
            largest += f" (≤ {MOST_MIB}){SHORT if part.largest_rss > MOST_MIB else ''}"
        table.add_row(part.kind, str(part.processes), largest, f"{part.all_pss:.0f}")
    return table
