"""How search reads: by its own indexes, and little, however many people and households there are."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Engine
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import Vault
from app.core.db import Sessions, create_engine, create_sessions
from app.schemas.search import FoundKind
from app.services.access import actors
from app.services.access.keyring import Keyring
from app.services.platform.actor import Actor
from app.services.registry import hits, search
from tests.support import crowd, plans
from tests.support.database import Server
from tests.support.plans import Plan
from tests.support.settings import SECRET
from tests.support.world import World

MANY, ALIKE, LIMIT, A_PAGE = 20_000, 40, 20, 7
WORLD = World()
WHO = ("grid_worker", "village_admin")
INDEXES = {
    ("漏水", FoundKind.RESIDENT): "ix_resident_grams",
    ("ls", FoundKind.RESIDENT): "ix_resident_spellings",
    ("4512", FoundKind.RESIDENT): "ix_resident_phone_last4",
    ("莞城", FoundKind.HOUSEHOLD): "ix_household_grams",
    ("3-502", FoundKind.HOUSEHOLD): "ix_household_grams",
}
PEOPLE = text("""
    INSERT INTO resident (id, name, spellings, area_id, grid_id, village_id, town_id, gender, population_type,
        phone_last4)
    SELECT gen_random_uuid(),
        CASE WHEN number % :every = 0 THEN '漏水' ELSE chr(20000 + number % 97) || chr(21000 + number % 1009)
            END || chr(30000 + number % 103),
        ARRAY[CASE WHEN number % :every = 0 THEN 'ls' ELSE 'x' || number % 1009 END],
        :grid, :grid, :village, :town, '1', 'hukou', lpad((number % 10000)::text, 4, '0')
    FROM generate_series(1, :many) AS number
    """)
HOUSEHOLDS = text("""
    INSERT INTO household (id, no, address, area_id, grid_id, village_id, town_id, household_type,
        residence_status, member_count)
    SELECT gen_random_uuid(), 'S' || number,
        CASE WHEN number % :every = 0 THEN '莞城路3栋502'
            ELSE chr(20000 + number % 1009) || number || '号' END,
        :grid, :grid, :village, :town, 'resident', 'same', 0
    FROM generate_series(1, :many) AS number
    """)
LEVELS = {"grid": "grid_a1", "village": "village_a", "town": "town"}
# How many hits are few, how many rows are looked through for the others, and by which way a page is found.
FETCHED, MET, EVERY = (1_000, 10, "few"), (5, 3 * MANY, "met"), (5, 10, "every")
PEOPLE_LIKE = "SELECT id FROM resident WHERE name LIKE '%{}%' ORDER BY id"
HOMES_LIKE = "SELECT id FROM household WHERE address LIKE '%{}%' ORDER BY sort_key, id"
PAGES = [
    *(("漏水", FoundKind.RESIDENT, PEOPLE_LIKE, who, way) for who in WHO for way in (FETCHED, MET, EVERY)),
    *(("莞城", FoundKind.HOUSEHOLD, HOMES_LIKE, who, way) for who in WHO for way in (FETCHED, MET, EVERY)),
    *(("3-502", FoundKind.HOUSEHOLD, HOMES_LIKE.format("路3栋502"), who, MET) for who in WHO),
    *(("漏", FoundKind.RESIDENT, PEOPLE_LIKE, "grid_worker", way) for way in (FETCHED, MET, EVERY)),
    *(("漏水", FoundKind.RESIDENT, PEOPLE_LIKE, "both", way) for way in (FETCHED, EVERY)),
    *(("莞城", FoundKind.HOUSEHOLD, HOMES_LIKE, "both", way) for way in (FETCHED, EVERY)),
]
Plans = Mapping[tuple[str, str, FoundKind], Plan]


@pytest.fixture(scope="module")
async def crowded(server: Server) -> AsyncIterator[Sessions]:
    """A database with many people, as the application sees it."""
    database = await server.create("wangge_search")
    owner, own = create_engine(database.owner_url), create_engine(database.url)
    places = {level: WORLD.places[key].id for level, key in LEVELS.items()}
    values = {**places, "many": MANY, "every": MANY // ALIKE}
    try:
        async with owner.begin() as connection:
            await crowd.settle(connection, WORLD)
            for fill in (PEOPLE, HOUSEHOLDS):
                await connection.execute(fill, values)
            await connection.execute(text("ANALYZE"))
        yield create_sessions(own)
    finally:
        await owner.dispose()
        await own.dispose()
        await server.drop(database.name)


@pytest.fixture(scope="module")
async def measured(crowded: Sessions) -> Plans:
    """The plans of searches among them, by who asks, the term, and the kind."""
    return {(who, term, kind): await _plan(crowded, who, term, kind) for who in WHO for term, kind in INDEXES}


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize(("term", "kind"), INDEXES)
def test_a_search_reads_by_its_index_what_it_finds_and_little_more(
    measured: Plans, who: str, term: str, kind: FoundKind
) -> None:
    plan = measured[who, term, kind]
    told = plan.outline()
    assert INDEXES[term, kind] in {node.get("Index Name") for node in plan.nodes()}, told
    for table in ("resident", "household"):
        assert "Seq Scan" not in plan.kinds(table), told
        assert sum(map(plans.read, plan.scans(table))) <= 4 * ALIKE, told
    assert plan.returned > 0, told


@pytest.mark.parametrize(("term", "kind", "like", "who", "way"), PAGES)
async def test_however_common_a_term_is_its_pages_are_the_same(
    crowded: Sessions,
    monkeypatch: pytest.MonkeyPatch,
    term: str,
    kind: FoundKind,
    like: str,
    who: str,
    way: tuple[int, int, str],
) -> None:
    few, ahead, gone = way
    monkeypatch.setattr(hits, "FEW", few)
    monkeypatch.setattr(hits, "AHEAD", ahead)
    async with crowded() as session:
        expected = list(await session.scalars(text(like.format(term))))
        assert len(expected) == ALIKE
        found: list[UUID] = []
        cursor = None
        while len(found) <= ALIKE:
            page = await search.page(
                session,
                actor=await _actor(session, who),
                vault=Vault(SECRET),
                term=term,
                kinds=[kind],
                cursor=cursor,
                limit=A_PAGE,
            )
            found += [hit.id for hit in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert found == expected
        plan = await _plan(crowded, who, term, kind, limit=A_PAGE)
        ways = {node["Subplan Name"].removeprefix("CTE ") for node in plan.nodes() if _ran(node)}
        assert gone in {name.rpartition("_")[2] for name in ways}, plan.outline()


def _ran(node: Mapping[str, Any]) -> bool:
    """Whether it is one of the ways that a statement may go, and brought rows."""
    return "_" in node.get("Subplan Name", "") and node["Actual Loops"] > 0 and node["Actual Rows"] > 0


async def _actor(session: AsyncSession, who: str) -> Actor:
    """Somebody of the world; `both` holds the posts of two, and one area lies in the other."""
    if who == "both":
        first, second = [await _actor(session, one) for one in WHO]
        return replace(first, grants=first.grants + second.grants)
    return await actors.resolve(session, token=WORLD.token(who), keyring=Keyring(Vault(SECRET), key_days=90))


async def _plan(sessions: Sessions, who: str, term: str, kind: FoundKind, limit: int = LIMIT) -> Plan:
    """The plan of what the service sends to find the rows, for its values."""
    async with sessions() as session:
        statement, values = await _sent(session, await _actor(session, who), term, kind, limit)
        return await plans.explain(session, statement, values, generic=False)


async def _sent(
    session: AsyncSession, actor: Actor, term: str, kind: FoundKind, limit: int
) -> tuple[str, Any]:
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        seen.append((statement, values))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        await search.page(
            session, actor=actor, vault=Vault(SECRET), term=term, kinds=[kind], cursor=None, limit=limit
        )
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    return seen[0]
