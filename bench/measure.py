"""The rounds: every operation in turn, again and again, then pgbench with the SQL that the probe saw.

All operations take turns within a round, the constant route first, so that what else the machine does
strikes all alike; ratios are taken within a round. pgbench comes last, because it fills the tables.
"""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rich.console import Console

from bench import pgbench
from bench.operations import LIFE, Operation
from bench.options import Options
from bench.pgbench import Pgbench, Script
from bench.plan import Plan, Report
from bench.probe import Probed
from bench.processes import HOST, Running, Spent
from bench.requests import Ask
from bench.server import CONSTANT

WARM_SECONDS = 0.5
# pgbench numbers the records it makes; a life's must not be those of the reports before it.
LIVES = 1_000


class BenchFailed(RuntimeError):
    """An operation did not answer as it should; the text is its answer."""


@dataclass(slots=True)
class Measured:
    """What the rounds found of one operation: answers a second, microseconds of each, CPU a request."""

    operation: Operation
    statements: float
    rates: list[float] = field(default_factory=list)
    micros: list[int] = field(default_factory=list)
    spent: list[Spent] = field(default_factory=list)
    pgbench: list[float] = field(default_factory=list)

    def add(self, report: Report, spent: Spent) -> None:
        """Take in one round."""
        self.rates.append(len(report.micros) / report.seconds)
        self.micros.extend(report.micros)
        self.spent.append(spent.each(report.answers))


@dataclass(frozen=True, slots=True)
class Load:
    """What does not change from one operation to the next: the server, the options, known tickets."""

    running: Running
    options: Options
    tickets: Sequence[str]

    def round(self, measured: Sequence[Measured], seconds: float) -> None:
        """Each operation once; the steps take on what the round's reports made."""
        ids: dict[str, Sequence[str]] = {"loaded": self.tickets}
        for row in measured:
            before = self.running.spent()
            report = ask(self._plan(row.operation, ids.get(row.operation.ids, ()), seconds))
            row.add(report, self.running.spent() - before)
            if row.operation.name == "report":
                ids["reported"] = report.made

    def _plan(self, operation: Operation, ids: Sequence[str], seconds: float) -> Plan:
        return Plan(
            host=HOST,
            port=self.running.port,
            connections=self.options.connections,
            processes=self.options.processes,
            seconds=seconds,
            whoami=Ask("GET", CONSTANT).as_bytes(),
            story=tuple(ask.as_bytes() for ask in operation.story),
            ids=tuple(ticket.encode() for ticket in ids),
            once=operation.ids == "reported",
            whole=operation.whole,
            expect=operation.expect,
        )


def in_rounds(load: Load, measured: Sequence[Measured], console: Console) -> None:
    """A short round that does not count, then those that do."""
    with console.status("warming up"):
        load.round([Measured(row.operation, 0) for row in measured], WARM_SECONDS)
    for number in range(1, load.options.rounds + 1):
        with console.status(f"round {number} of {load.options.rounds}"):
            load.round(measured, load.options.seconds)


def against_pgbench(
    runner: Pgbench, measured: Sequence[Measured], probed: Mapping[str, Probed], options: Options
) -> None:
    """As many rounds of pgbench; report and step go through the same records, as in the rounds before."""
    life = probed[LIFE]
    scripts: dict[str, tuple[Script, int]] = {
        "report": (pgbench.script(life, writes=True, last=1), 0),
        "one step": (pgbench.script(life, writes=True, first=1), 0),
        LIFE: (pgbench.script(life, writes=True), LIVES),
    }
    for row in measured:
        if not row.operation.writes and row.statements:
            scripts[row.operation.name] = (pgbench.script(probed[row.operation.name], writes=False), 0)
    for number in range(options.rounds):
        for row in measured:
            if row.operation.name in scripts:
                script, series = scripts[row.operation.name]
                rate = runner.rate(script, seconds=options.seconds, series=series + number)
                row.pgbench.append(rate / (script.transactions if row.operation.whole else 1))


def ask(plan: Plan) -> Report:
    """Run the load generator; `BenchFailed` with the first answer that was none."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.client"],
        input=plan.as_json(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BenchFailed(done.stderr[-2000:])
    report = Report.of_json(done.stdout)
    if report.trouble or not report.micros:
        raise BenchFailed(report.trouble or "no answers")
    return report
