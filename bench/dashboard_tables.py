"""The tables of the dashboards' bench: calls at two sizes, polls against the constant route, the fleet."""

from collections.abc import Mapping, Sequence
from statistics import median

from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from bench.fleet import Fleet, Seen
from bench.measure import Measured
from bench.table import SHORT

LEAST_RATIO = 0.8


def show_calls(console: Console, sizes: Sequence[int], found: Mapping[str, Sequence[Measured]]) -> None:
    """Each question's rate at the sizes, and what the last keeps of the first, in rate and in CPU time."""
    names = [f"{'at ' if number else 'a second at '}{size:,}" for number, size in enumerate(sizes)]
    table = Table("answers worked out", *names, "p50 ms", "CPU ms API", "CPU ms DB", box=MARKDOWN)
    for name in ("of the first", "CPU, first of it"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, rows in found.items():
        first, last = rows[0], rows[-1]
        ratio = median(mine / least for mine, least in zip(last.rates, first.rates, strict=True))
        short = SHORT if ratio < LEAST_RATIO else ""
        table.add_row(
            name,
            *(f"{median(row.rates):,.0f}" for row in rows),
            f"{median(last.micros) / 1000:.1f}",
            f"{median(spent.api for spent in last.spent) * 1000:.2f}",
            f"{median(spent.postgres for spent in last.spent) * 1000:.2f}",
            f"{ratio:.2f} (≥ {LEAST_RATIO}){short}",
            f"{_cpu(first) / _cpu(last):.2f}",
        )
    console.print(table)


def show_polls(console: Console, measured: Sequence[Measured]) -> None:
    """What pollers get, against the constant route."""
    table = Table("poll", "a second", "p50 ms", "CPU ms API", "CPU ms DB", "of constant", box=MARKDOWN)
    for row in measured:
        ratio = median(mine / most for mine, most in zip(row.rates, measured[0].rates, strict=True))
        least = row.operation.of_limit
        told = f"{ratio:.3f}" if least is None else f"{ratio:.3f} (≥ {least}){SHORT if ratio < least else ''}"
        table.add_row(
            row.operation.name,
            f"{median(row.rates):,.0f}",
            f"{median(row.micros) / 1000:.1f}",
            f"{median(spent.api for spent in row.spent) * 1000:.2f}",
            f"{median(spent.postgres for spent in row.spent) * 1000:.2f}",
            told,
        )
    console.print(table)


def show_fleet(console: Console, wanted: Fleet, seen: Seen) -> None:
    """What the fleet got beside the lives, and how far the fold was behind."""
    table = Table(f"{wanted.screens} screens, {seen.seconds:.0f} s", "answers", "p50", "p99", box=MARKDOWN)
    for status, answers in sorted(seen.answers.items()):
        table.add_row(f"screens, {status}, ms", f"{len(answers):,}", *_percentiles(answers))
    table.add_row("whole lives, ms", f"{len(seen.lives):,} of {seen.begun:,}", *_percentiles(seen.lives))
    table.add_row("fold behind, s", f"{len(seen.lags):,} looks", *_percentiles(seen.lags, digits=2))
    table.add_row("errors (0)", f"{seen.errors}{SHORT if seen.errors else ''}", "", "")
    console.print(table)
    console.print(f"{len(seen.lives) / wanted.seconds:.1f} lives a second of {wanted.lives:.1f} wanted")
    for trouble in seen.trouble:
        console.print(trouble, markup=False)


def _cpu(row: Measured) -> float:
    return median(spent.api + spent.postgres for spent in row.spent)


def _percentiles(values: Sequence[float], digits: int = 0) -> tuple[str, str]:
    if not values:
        return "", ""
    ordered = sorted(values)
    half, most = (ordered[int(len(ordered) * share)] for share in (0.5, 0.99))
    return f"{half:,.{digits}f}", f"{most:,.{digits}f}"
