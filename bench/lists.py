"""The lists that people live in, at several sizes: what PostgreSQL reads for each, and how long it takes.

The server's own statement is run again, alone, in a database of each size: prepared, as the driver does it,
and often enough for PostgreSQL to settle on a plan. Rows and buffers are exact, milliseconds the quickest.
"""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import asyncpg
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from app.demo.people import Account
from app.models.enums import Role
from bench.probe import Probe, Sent, probing
from bench.requests import Ask
from bench.stand import Filled, Stand

RUNS = 60
_LISTS: Mapping[str, tuple[Role, str]] = {
    "a town's newest": (Role.DISPATCHER, ""),
    "a town's queue": (Role.DISPATCHER, "&status=processing"),
    "a department's queue": (Role.DEPT_HANDLER, "&status=processing"),
    "my tasks": (Role.DEPT_HANDLER, "&mine=true&status=processing"),
    "overdue": (Role.DISPATCHER, "&overdue=true"),
    "a grid's newest": (Role.DISPATCHER, "&area_id={grid}"),
}


@dataclass(frozen=True, slots=True)
class Cost:
    """What one list costs: rows it returns, pages it touches (8 KiB each), milliseconds."""

    rows: int
    buffers: int
    milliseconds: float

    @property
    def a_row(self) -> float:
        """Milliseconds for each row; 0 for an empty list."""
        return self.milliseconds / self.rows if self.rows else 0.0


def compare(at: Stand, sizes: Sequence[int], console: Console) -> None:
    """Print each list's cost at each size, and the time a row at the last size against the first's."""
    costs = [asyncio.run(_costs(at.filled(size))) for size in sizes]
    table = Table("list of 50", box=MARKDOWN)
    for size in sizes:
        for what in ("rows", "buffers", "ms"):
            table.add_column(f"{what} at {size:,}", justify="right")
    table.add_column("time a row, last to first", justify="right")
    for name in _LISTS:
        found = [cost[name] for cost in costs]
        cells = [(str(cost.rows), str(cost.buffers), f"{cost.milliseconds:.2f}") for cost in found]
        first, last = found[0].a_row, found[-1].a_row
        ratio = f"{last / first:.2f}" if first and last else ""
        table.add_row(name, *(cell for row in cells for cell in row), ratio)
    console.print(table)


async def _costs(database: Filled) -> dict[str, Cost]:
    async with probing(database) as probe:
        tokens = {
            role: await probe.sign_in(_account(database, role))
            for role in (Role.DISPATCHER, Role.DEPT_HANDLER, Role.GRID_WORKER)
        }
        grid = await _grid(probe, tokens[Role.GRID_WORKER])
        sent = {
            name: await _sent(probe, tokens[role], query.format(grid=grid))
            for name, (role, query) in _LISTS.items()
        }
    connection = await asyncpg.connect(database.dsn, server_settings={"jit": "off"})
    try:
        return {name: await cost(connection, each) for name, each in sent.items()}
    finally:
        await connection.close()


def _account(database: Filled, role: Role) -> Account:
    return next(account for account in database.accounts if account.role is role)


async def _grid(probe: Probe, token: str) -> str:
    me = await probe.read(Ask("GET", "/v1/me", token))
    return str(next(post["area"]["id"] for post in me["posts"] if post["role"] == Role.GRID_WORKER))


async def _sent(probe: Probe, token: str, query: str) -> Sent:
    """The list's statement: the last that its request sends."""
    return (await probe.story([Ask("GET", f"/v1/tickets?limit=50{query}", token)])).requests[0][-1]


async def cost(connection: asyncpg.Connection, sent: Sent) -> Cost:
    """Run one statement often, alone: its rows and pages, and the milliseconds of the quickest run."""
    prepared = await connection.prepare(sent.sql)
    quickest, rows = float("inf"), 0
    for _ in range(RUNS):
        started = time.perf_counter()
        rows = len(await prepared.fetch(*sent.values))
        quickest = min(quickest, time.perf_counter() - started)
    told = await connection.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sent.sql}", *sent.values)
    plan = json.loads(told)[0]["Plan"]
    return Cost(rows, plan["Shared Hit Blocks"] + plan["Shared Read Blocks"], quickest * 1000)
