"""The rollups themselves: how fast news are folded, how long a rebuild takes, how large they are.

Straight at the services, without HTTP, over few tickets of a town and over many: a thousand tickets that
changed and fifty, then all from scratch. `python -m bench.stats --sizes 10000,1000000`.
"""

import argparse
import asyncio
import sys
import time
from pathlib import Path

from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from app.core.db import Sessions, create_engine, create_sessions
from app.services.stats import folding, rebuilding
from bench import options, stand
from bench.processes import MIB
from bench.stand import Filled

SIZES, FOLDER = (10_000, 100_000), "bench"
CHANGED = text("""
WITH changed AS (
    UPDATE ticket SET rework_count = 1 - least(rework_count, 1)
     WHERE id IN (SELECT id FROM ticket WHERE status = 'closed' ORDER BY id DESC LIMIT :count) RETURNING id)
INSERT INTO outbox (topic, entity_id, data) SELECT 'ticket.comment', id, '{}' FROM changed
""")
TABLES = ("stat_cell", "stat_fact", "stat_record")


def main() -> None:
    """Fill, fold, rebuild, print."""
    parser = argparse.ArgumentParser(prog="bench.stats", description="Measures what keeps the figures.")
    parser.add_argument("--sizes", type=options.counts, default=SIZES, help="tickets of the town")
    parser.add_argument("--data", type=Path, default=Path("var"), help="folder to keep loaded databases in")
    given = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 160)
    table = Table("town with", *(f"{size:,} tickets" for size in given.sizes), box=MARKDOWN)
    with stand.opened((given.data / FOLDER).resolve(), console) as at:
        columns = []
        for size in given.sizes:
            with at.copy_of(at.town(size)) as database:
                columns.append(asyncio.run(_measure(database)))
    for name in columns[0]:
        table.add_row(name, *(column[name] for column in columns))
    console.print(table)


async def _measure(database: Filled) -> dict[str, str]:
    engine = create_engine(database.url, pool_size=2)
    try:
        sessions = create_sessions(engine)
        sizes = await _sizes(sessions)
        folded = {f"{count} changed, folded": await _fold(sessions, count) for count in (50, 1000)}
        built, whole = await _rebuild(sessions)
        seconds = {**folded, "rebuilt until it is read": built, "with the old removed": whole}
        return sizes | {name: f"{taken:.2f} s" for name, taken in seconds.items()}
    finally:
        await engine.dispose()


async def _fold(sessions: Sessions, count: int) -> float:
    """Seconds to fold so many tickets that changed."""
    await folding.run(sessions)
    async with sessions() as session:
        await session.execute(CHANGED, {"count": count})
        await session.commit()
    started = time.perf_counter()
    await folding.run(sessions)
    return time.perf_counter() - started


async def _rebuild(sessions: Sessions) -> tuple[float, float]:
    """Seconds of a rebuild from scratch until its last batch, and with the removal of what was before."""
    started = last = time.perf_counter()
    async for _progress in rebuilding.run(sessions, anew=True):
        last = time.perf_counter()
    return last - started, time.perf_counter() - started


async def _sizes(sessions: Sessions) -> dict[str, str]:
    """Rows and room of the rollups, as the one generation that the kept database has."""
    found = {}
    async with sessions() as session:
        for name in TABLES:
            size = text(f"SELECT count(*), pg_table_size('{name}'), pg_indexes_size('{name}') FROM {name}")  # noqa: S608
            rows, table, indexes = (await session.execute(size)).one()
            found[name] = f"{rows:,} rows, {table / MIB:,.0f} MiB, indexes {indexes / MIB:,.0f}"
    return found


if __name__ == "__main__":
    main()
