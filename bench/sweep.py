"""The sweep over many overdue clocks: how long it takes, and whether it grows. `python -m bench.sweep`.

A database of its own with as many tickets at work as asked for, each with an overdue clock, filled by SQL.
First every clock has just turned red; then all of them are as they would be after a week without a sweep.
"""

import argparse
import asyncio
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import psutil
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from app.core.db import Sessions, create_engine, create_sessions
from app.core.embedded import EmbeddedPostgres
from app.runtime import databases, guards, provision
from app.services.tickets import sweep

CLOCKS = 100_000
MIB = 1 << 20

TOWN = """
INSERT INTO area (id, code, name, short_name, level, kind, path, valid_from)
VALUES ('00000000-0000-7000-8000-000000000001', '440605121', '九江镇', '九江', 'town', 'town',
        ARRAY['00000000-0000-7000-8000-000000000001'::uuid], '2020-01-01');
INSERT INTO org (id, name, short_name, kind, area_id)
VALUES ('00000000-0000-7000-8000-000000000002', '九江镇综合行政执法办公室', '执法办', 'department',
        '00000000-0000-7000-8000-000000000001');
"""
TICKETS = """
INSERT INTO ticket (id, no, title, content, category_code, source, urgency, stage, status, area_id, town_id,
    lead_org_id, address, reported_at, due_at, revisit_state, version, created_at, updated_at)
SELECT uuidv7(), 'B' || n, '沙龙路垃圾堆放', '沙龙路 12 号门口堆了建筑垃圾，已有三天。', '0501',
    'grid_patrol', 'normal', 'handle', 'processing', area.id, area.id, org.id, '沙龙路 12 号',
    now() - interval '7 days', now(), 'needed', 3, now() - interval '7 days', now() - interval '7 days'
FROM generate_series(1, $1::int) AS n, area, org
"""
EVENTS = """
INSERT INTO ticket_event (id, ticket_id, seq, action, from_status, to_status, at, actor_role, data)
SELECT uuidv7(), ticket.id, seq, 'comment', 'processing', 'processing', ticket.updated_at, 'dispatcher', '{}'
FROM ticket, generate_series(1, 3) AS seq
"""
RUNNING = """
INSERT INTO ticket_clock (id, ticket_id, kind, round, unit, amount, started_at, due_at, provisional,
    next_at, level, org_id)
SELECT uuidv7(), id, 'handle', 1, 'work_days', 5, now() - interval '7 days',
    now() - random() * interval '1 hour', false, now() - interval '1 hour' - random() * interval '1 day', 0,
    lead_org_id
FROM ticket
"""
A_WEEK_LATER = """
UPDATE ticket_clock SET level = 0, due_at = due_at - interval '7 days', next_at = due_at - interval '8 days'
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the sweep: seconds (of CPU: this process'), what it did, memory before and at most."""

    name: str
    seconds: float
    cpu: float
    swept: sweep.Swept
    steps: int
    before: int
    most: int


def main() -> None:
    """Fill, sweep, sweep again, print."""
    parser = argparse.ArgumentParser(prog="bench.sweep", description="Measures the sweep on this machine.")
    parser.add_argument("--clocks", type=int, default=CLOCKS, help="overdue clocks")
    parser.add_argument(
        "--data", type=Path, default=Path("var/bench-sweep"), help="a folder to use and remove"
    )
    wanted = parser.parse_args()
    folder = wanted.data.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with EmbeddedPostgres(folder / "postgres") as server:
            provision.migrate(databases.of_server(server).require_owner())
            # As the worker does.
            guards.keep_what_is_there()
            _show(asyncio.run(_measure(databases.of_server(server), wanted.clocks)))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _measure(database: databases.Database, clocks: int) -> list[Run]:
    owner = await asyncpg.connect(databases.for_asyncpg(database.require_owner()))
    engine = create_engine(database.app_url, pool_size=2)
    try:
        await owner.execute(TOWN)
        await owner.execute(TICKETS, clocks)
        for fill in (EVENTS, RUNNING, "VACUUM (ANALYZE)"):
            await owner.execute(fill)
        sessions = create_sessions(engine)
        await sweep.run(sessions, leave=lambda: True)
        runs = [await _timed("just overdue", sessions, owner)]
        for moved in (A_WEEK_LATER, "VACUUM (ANALYZE)"):
            await owner.execute(moved)
        runs.append(await _timed("a week without a sweep", sessions, owner))
        runs.append(await _timed("nothing due", sessions, owner))
    finally:
        await engine.dispose()
        await owner.close()
    return runs


async def _timed(name: str, sessions: Sessions, owner: asyncpg.Connection) -> Run:
    process, stop = psutil.Process(), asyncio.Event()
    before = most = process.memory_info().rss

    def watch() -> bool:
        nonlocal most
        most = max(most, process.memory_info().rss)
        return stop.is_set()

    count = "SELECT count(*) FROM ticket_event WHERE actor_role = 'system'"
    told = await owner.fetchval(count)
    started, spent = time.perf_counter(), time.process_time()
    swept = await sweep.run(sessions, leave=watch)
    seconds, cpu = time.perf_counter() - started, time.process_time() - spent
    return Run(name, seconds, cpu, swept, await owner.fetchval(count) - told, before, most)


def _show(runs: list[Run]) -> None:
    table = Table("sweep", box=MARKDOWN)
    for name in ("clocks", "steps", "seconds", "CPU s", "clocks a second", "MiB before", "MiB at most"):
        table.add_column(name, justify="right")
    for run in runs:
        table.add_row(
            run.name,
            f"{run.swept.clocks:,}",
            f"{run.steps:,}",
            f"{run.seconds:.2f}",
            f"{run.cpu:.2f}",
            f"{run.swept.clocks / run.seconds:,.0f}",
            f"{run.before / MIB:.0f}",
            f"{run.most / MIB:.0f}",
        )
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
