"""What a dashboard asks, over few tickets and over many: the same questions by the same leader, in turn.

Straight at the services, without HTTP, so that nothing hides what a question costs; then a thousand tickets
that changed to fold, and a rebuild from scratch. `python -m bench.stats --sizes 10000,100000`.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from uuid import UUID

from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import Sessions, create_engine, create_readers, create_sessions
from app.models.area import Area
from app.models.enums import AreaLevel, Role
from app.models.enums.figure import Breakdown, Grain, PeriodName
from app.services.platform.actor import Actor, Dataset, Grant, ScopeKind
from app.services.stats import board, breakdowns, folding, rebuilding
from app.services.stats.asked import Asked
from bench import stand
from bench.stand import Filled

SIZES, ROUNDS, SECONDS, LEAST_RATIO, SHORT, FOLDER = "10000,100000", 5, 2.0, 0.8, " ✗", "bench"
MONTH, YEAR = Asked(period=PeriodName.MONTH), Asked(period=PeriodName.YEAR)
FEW = ("reports", "closed", "on_time_rate", "satisfaction_rate")
CHANGED = """
WITH changed AS (
    UPDATE ticket SET rework_count = 1 - least(rework_count, 1)
     WHERE id IN (SELECT id FROM ticket WHERE status = 'closed' ORDER BY id DESC LIMIT 1000) RETURNING id)
INSERT INTO outbox (topic, entity_id, data) SELECT 'ticket.comment', id, '{}' FROM changed
"""
Question = Callable[[AsyncSession, Actor], Awaitable[object]]


def _by(by: Breakdown) -> Question:
    """The month by something."""

    async def ask(session: AsyncSession, actor: Actor) -> object:
        return await breakdowns.breakdown(session, actor=actor, asked=MONTH, by=by, codes=FEW, limit=20)

    return ask


QUESTIONS: dict[str, Question] = {
    "all KPIs of the month": lambda session, actor: board.kpis(session, actor=actor, asked=MONTH),
    "all KPIs of the year": lambda session, actor: board.kpis(session, actor=actor, asked=YEAR),
    "trend of a year by months": lambda session, actor: board.trend(
        session, actor=actor, asked=YEAR, codes=FEW, grain=Grain.MONTH
    ),
    "trend of a month by days": lambda session, actor: board.trend(
        session, actor=actor, asked=MONTH, codes=FEW, grain=Grain.DAY
    ),
    "five stages": lambda session, actor: board.flow(session, actor=actor, asked=MONTH),
    "overdue and ageing": lambda session, actor: board.overdue(session, actor=actor, asked=MONTH),
    **{f"by {by.value}": _by(by) for by in Breakdown},
    "ranking of villages": lambda session, actor: breakdowns.ranking(
        session, actor=actor, asked=MONTH, by=Breakdown.AREA, code="composite"
    ),
}


@dataclass(slots=True)
class Place:
    """A filled database, its leader, and the calls a second of each round by question."""

    tickets: int
    sessions: Sessions
    writers: Sessions
    actor: Actor
    rates: dict[str, list[float]] = field(default_factory=dict)


def main() -> None:
    """Fill, ask, fold, print."""
    parser = argparse.ArgumentParser(prog="bench.stats", description="Measures what a dashboard asks.")
    parser.add_argument("--sizes", default=SIZES, help="tickets of the databases, the smallest first")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each question in each round")
    parser.add_argument("--data", type=Path, default=Path("var"), help="folder to keep loaded databases in")
    given = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 160)
    sizes = [int(size) for size in given.sizes.split(",")]
    with stand.opened((given.data / FOLDER).resolve(), console) as at, ExitStack() as stack:
        databases = [stack.enter_context(at.copy_of(at.filled(size))) for size in sizes]
        asyncio.run(_measure(console, sizes, databases, given.rounds, given.seconds))


async def _measure(
    console: Console, sizes: Sequence[int], databases: Sequence[Filled], rounds: int, seconds: float
) -> None:
    engines = [create_engine(database.url, pool_size=2) for database in databases]
    try:
        places = [
            Place(
                size, create_readers(engine), create_sessions(engine), await _leader(create_readers(engine))
            )
            for size, engine in zip(sizes, engines, strict=True)
        ]
        for number in range(rounds + 1):
            for name, question in QUESTIONS.items():
                for place in places if number % 2 else reversed(places):
                    rate = await _rate(place, question, seconds)
                    if number:
                        place.rates.setdefault(name, []).append(rate)
        _show(console, places)
        for place in places:
            folded, built = await _fold(place), await _rebuild(place)
            console.print(f"{place.tickets:,} tickets: 1,000 folded in {folded:.2f} s, all in {built:.0f} s")
    finally:
        for engine in engines:
            await engine.dispose()


async def _rate(place: Place, question: Question, seconds: float) -> float:
    started, count = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        async with place.sessions() as session:
            await question(session, place.actor)
        count += 1
    return count / (time.perf_counter() - started)


async def _fold(place: Place) -> float:
    """Seconds to fold a thousand tickets that changed."""
    await folding.run(place.writers)
    async with place.writers() as session:
        await session.execute(text(CHANGED))
        await session.commit()
    started = time.perf_counter()
    await folding.run(place.writers)
    return time.perf_counter() - started


async def _rebuild(place: Place) -> float:
    """Seconds of a rebuild from scratch, with the removal of what was there before."""
    started = time.perf_counter()
    async for _progress in rebuilding.run(place.writers, anew=True):
        pass
    return time.perf_counter() - started


async def _leader(sessions: Sessions) -> Actor:
    """Who leads the town."""
    async with sessions() as session:
        town = (await session.scalars(select(Area).where(Area.level == AreaLevel.TOWN).limit(1))).one()
    datasets = frozenset({Dataset.STATS})
    grant = Grant(Role.LEADER_VIEWER, ScopeKind.AREA, datasets, area_id=town.id, level=AreaLevel.TOWN)
    return Actor(id=UUID(int=1), grants=(grant,))


def _show(console: Console, places: Sequence[Place]) -> None:
    table = Table("question", "tickets", "a second", "ms", "of the first", box=MARKDOWN)
    first = places[0]
    for name in QUESTIONS:
        for place in places:
            pairs = zip(place.rates[name], first.rates[name], strict=True)
            ratio, rate = median(mine / least for mine, least in pairs), median(place.rates[name])
            short = SHORT if ratio < LEAST_RATIO else ""
            table.add_row(
                name, f"{place.tickets:,}", f"{rate:,.0f}", f"{1000 / rate:.2f}", f"{ratio:.2f}{short}"
            )
    console.print(table)


if __name__ == "__main__":
    main()
