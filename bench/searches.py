"""Searches among many people: what PostgreSQL takes for a page, against the same page by its primary keys.

The service's own statements are run again, alone, as in `lists`. The terms are found in the data by how
many rows they hit. Who asks sees everybody: nothing is left out because it lies elsewhere.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table
from sqlalchemy import event
from sqlalchemy.engine import Engine

from app.core.crypto import Vault
from app.core.db import Sessions, create_engine, create_sessions
from app.models.enums import AreaLevel, Role
from app.schemas.search import FoundKind
from app.services.platform.actor import Actor, Dataset, Grant, ScopeKind
from app.services.registry import search
from bench.probe import Sent
from bench.stand import SECRET, Filled, Stand
from bench.table import SHORT

RUNS, PAGE = 60, 50
FEW, MANY = 3.0, 30.0
TOWN = "SELECT id FROM area WHERE level = 'town'"
# The commonest text among the parts of a column that hits at most so many rows.
COMMONEST = """
SELECT part, count(*)
FROM {table}, unnest({column}) AS part
WHERE length(part) = $1 AND part ~ $2
GROUP BY part
HAVING count(*) <= $3
ORDER BY count(*) DESC, part
LIMIT 1
"""
CHINESE, INITIALS, DOOR = "^[一-龥]+$", "^[a-z]+$", "^[0-9]-[0-9]+$"


@dataclass(frozen=True, slots=True)
class Case:
    """A search: which part of which column, how long, with at most how many hits, and what it may cost."""

    name: str
    kind: FoundKind
    column: str
    length: int
    hits: int
    form: str = CHINESE
    most: float | None = None
    kinds: tuple[FoundKind, ...] = ()


Measured = tuple[Case, str, int, list["Cost"]]
PERSON, HOME = FoundKind.RESIDENT, FoundKind.HOUSEHOLD
ANY = 10**9
CASES = (
    Case("two characters of a name, up to 500", PERSON, "grams", 2, 500, most=FEW),
    Case("two characters of a name, thousands", PERSON, "grams", 2, 5_000, most=MANY),
    Case("two characters of a name, tens of thousands", PERSON, "grams", 2, ANY, most=MANY),
    Case("a surname", PERSON, "grams", 1, ANY, most=MANY),
    Case("initials", PERSON, "spellings", 2, ANY, INITIALS, most=MANY),
    Case("a name, among everything", PERSON, "grams", 2, 500, kinds=tuple(FoundKind)),
    Case("two characters of an address, up to 500", HOME, "grams", 2, 500),
    Case("two characters of an address, thousands", HOME, "grams", 2, 5_000),
    Case("two characters of an address, lying together", HOME, "grams", 2, 50_000),
    Case("two characters of an address, everywhere", HOME, "grams", 2, 300_000),
    Case("a door", HOME, "grams", 5, ANY, DOOR),
)


@dataclass(frozen=True, slots=True)
class Cost:
    """A page: its rows, milliseconds of the search and of the same page by its ids, and of the bare rows."""

    rows: int
    searched: float
    looked_up: float
    bare: float


def compare(at: Stand, people: int, console: Console) -> None:
    """Print what each search costs among so many people, the first page and the second."""
    database = at.peopled(people)
    table = Table(f"search among {people:,}", box=MARKDOWN)
    for name in ("term", "hits", "page", "rows", "ms", "ms by ids", "of that", "ms of bare rows"):
        table.add_column(name, justify="right")
    for case, term, hits, costs in asyncio.run(_all(database)):
        for number, cost in enumerate(costs, 1):
            told = f"{cost.searched:.2f}", f"{cost.looked_up:.2f}", _ratio(case, cost), f"{cost.bare:.2f}"
            table.add_row(case.name, term, f"{hits:,}", str(number), str(cost.rows), *told)
    console.print(table)


def _ratio(case: Case, cost: Cost) -> str:
    found = cost.searched / cost.looked_up
    if case.most is None:
        return f"{found:.1f}"
    return f"{found:.1f} (≤ {case.most:.0f}){SHORT if found > case.most else ''}"


async def _all(database: Filled) -> list[Measured]:
    engine = create_engine(database.url)
    connection = await asyncpg.connect(database.dsn, server_settings={"jit": "off"})
    try:
        grant = Grant(
            Role.VILLAGE_ADMIN,
            ScopeKind.AREA,
            frozenset({Dataset.REGISTRY}),
            area_id=await connection.fetchval(TOWN),
            level=AreaLevel.TOWN,
        )
        actor = Actor(id=UUID(int=0), grants=(grant,))
        return [await _case(connection, create_sessions(engine), actor, case) for case in CASES]
    finally:
        await connection.close()
        await engine.dispose()


async def _case(connection: asyncpg.Connection, sessions: Sessions, actor: Actor, case: Case) -> Measured:
    sql = COMMONEST.format(table=case.kind.value, column=case.column)
    term, hits = (await connection.fetch(sql, case.length, case.form, case.hits))[0]
    costs: list[Cost] = []
    cursor = None
    for _page in range(2):
        sent, ids, cursor = await _sent(sessions, actor, case, term, cursor)
        looked_up = await _quickest(connection, sent[-1:])
        bare = Sent(f"SELECT * FROM {case.kind.value} WHERE id = ANY ($1)", [ids])  # noqa: S608 - a kind
        costs.append(
            Cost(len(ids), await _quickest(connection, sent), looked_up, await _quickest(connection, [bare]))
        )
    return case, term, hits, costs


async def _sent(
    sessions: Sessions, actor: Actor, case: Case, term: str, cursor: str | None
) -> tuple[list[Sent], list[UUID], str | None]:
    """The statements of a page, the last of which shows its rows; their ids; the next page's cursor."""
    sent: list[Sent] = []

    def note(_connection: Any, _cursor: Any, sql: str, values: Any, *_rest: Any) -> None:
        sent.append(Sent(sql, tuple(values)))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        async with sessions() as session:
            page = await search.page(
                session,
                actor=actor,
                vault=Vault(SECRET),
                term=term,
                kinds=case.kinds or (case.kind,),
                cursor=cursor,
                limit=PAGE,
            )
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    return sent, [found.id for found in page.items], page.next_cursor


async def _quickest(connection: asyncpg.Connection, sent: Sequence[Sent]) -> float:
    """The milliseconds of the quickest run of some statements, one after another, prepared."""
    prepared = [(await connection.prepare(each.sql), each.values) for each in sent]
    quickest = float("inf")
    for _ in range(RUNS):
        started = time.perf_counter()
        for statement, values in prepared:
            await statement.fetch(*values)
        quickest = min(quickest, time.perf_counter() - started)
    return quickest * 1000
