"""The bench's tables: rates, latencies, statements, CPU, ratios and memory; what falls short is marked."""

from collections.abc import Sequence
from statistics import median

from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from bench.importing import Imported
from bench.measure import Measured
from bench.processes import API, MIB, Held

MOST_MIB = 160
MOST_IMPORT_SECONDS, MOST_IMPORT_MIB = 60, 1024
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


def show_import(console: Console, found: Imported) -> None:
    """Print the import: seconds, CPU and memory of its parts, and the ratio to bare COPY."""
    console.print(
        f"import of {found.households:,} households with {found.people:,} people"
        f" ({found.size / MIB:.1f} MiB, {found.copied:,} rows)"
    )
    table = Table("part", "seconds", "of bare COPY", "of COPY with indexes", box=MARKDOWN)
    for part, seconds in (*found.seconds.items(), ("together", found.total)):
        at_most = _at_most(seconds, MOST_IMPORT_SECONDS, 1) if part == "together" else f"{seconds:.1f}"
        ratios = (seconds / found.copy_seconds, seconds / found.indexed_seconds)
        table.add_row(part, at_most, *(f"{ratio:.1f}" for ratio in ratios))
    table.add_row("bare COPY", f"{found.copy_seconds:.1f}", "1.0", "")
    table.add_row("COPY with indexes", f"{found.indexed_seconds:.1f}", "", "1.0")
    console.print(table)
    console.print(_memory_of_import(found))


def _memory_of_import(found: Imported) -> Table:
    table = Table("memory and CPU", "CPU s", "most RSS, MiB", "most PSS, MiB", box=MARKDOWN)
    for kind, size in found.memory.items():
        table.add_row(kind, f"{found.cpu[kind]:.1f}", f"{found.largest[kind]:.0f}", f"{size:.0f}")
    together = _at_most(found.together, MOST_IMPORT_MIB, 0)
    table.add_row("together", f"{sum(found.cpu.values()):.1f}", "", together)
    return table


def _at_most(value: float, most: float, digits: int) -> str:
    return f"{value:.{digits}f} (≤ {most}){SHORT if value > most else ''}"


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
        is_api = part.kind == API
        largest = _at_most(part.largest_rss, MOST_MIB, 0) if is_api else f"{part.largest_rss:.0f}"
        table.add_row(part.kind, str(part.processes), largest, f"{part.all_pss:.0f}")
    return table
