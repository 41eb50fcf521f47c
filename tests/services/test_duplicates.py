"""Likely duplicates on a real database: what is near enough to be named, in which order, and to whom."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.coordinates import Point
from app.core.crypto import Vault
from app.models.access import ApiToken
from app.models.area import Area
from app.models.ticket import Ticket
from app.services.access import actors
from app.services.access.keyring import Keyring
from app.services.platform.actor import Actor
from app.services.tickets import duplicates
from app.services.tickets.duplicates import Draft
from tests.support.reports import RUBBISH, add_ticket
from tests.support.settings import SECRET
from tests.support.statements import Counter
from tests.support.world import World

METRE = 1 / 111_195
HERE = (113.005, 22.835)
BORDER = (113.01, 22.835)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def north(metres: float, of: tuple[float, float] = HERE) -> tuple[float, float]:
    return of[0], of[1] + metres * METRE


async def actor(session: AsyncSession, world: World, who: str) -> Actor:
    return await actors.resolve(session, token=world.token(who), keyring=Keyring(Vault(SECRET), key_days=90))


def draft(
    world: World, area: str = "grid_a1", at: tuple[float, float] | None = HERE, **changed: Any
) -> Draft:
    place = world.places[area]
    grid = area.startswith("grid")
    facts = {
        **RUBBISH,
        "reported_at": clock.now(),
        "area_id": place.id,
        "village_id": place.path[4] if len(place.path) > 4 else None,
        "grid_id": place.id if grid else None,
        "point": Point(*at) if at else None,
    }
    return Draft(**{**facts, **changed})


async def found(session: AsyncSession, world: World, about: Draft, who: str = "dispatcher") -> list[UUID]:
    who_asks = await actor(session, world, who)
    return [one.id for one in await duplicates.find(session, actor=who_asks, draft=about)]


async def test_the_same_report_at_the_same_place_comes_first_with_its_parts(
    session: AsyncSession, world: World, statements: Counter
) -> None:
    other_words = await add_ticket(session, world, at=north(20), title="门口一堆垃圾", content="没人来清理")
    same = await add_ticket(session, world, at=north(60), age=timedelta(hours=6))
    who = await actor(session, world, "dispatcher")
    await duplicates.find(session, actor=who, draft=draft(world))
    with statements(at_most=1):
        first, second = await duplicates.find(session, actor=who, draft=draft(world))
    assert (first.id, second.id) == (same, other_words)
    assert first.distance_m == pytest.approx(60, abs=0.2)
    assert (first.age_hours, first.similarity) == (6.0, 1.0)
    assert first.score == pytest.approx(0.5 + 0.3 * 140 / 200 + 0.2 * 162 / 168, abs=0.002)
    assert (first.title, first.status) == (RUBBISH["title"], "reported")
    assert second.similarity < 0.3


async def test_nearer_then_newer_comes_first_and_no_more_than_asked_for(
    session: AsyncSession, world: World
) -> None:
    far = await add_ticket(session, world, at=north(150))
    old = await add_ticket(session, world, at=north(10), age=timedelta(days=6))
    near = await add_ticket(session, world, at=north(10))
    who, about = await actor(session, world, "dispatcher"), draft(world)
    ranked = await duplicates.find(session, actor=who, draft=about)
    assert [one.id for one in ranked] == [near, old, far]
    assert [one.score for one in ranked] == sorted((one.score for one in ranked), reverse=True)
    assert await duplicates.find(session, actor=who, draft=about, limit=1) == ranked[:1]


@pytest.mark.parametrize(
    "changed",
    [
        {"at": north(201)},
        {"age": timedelta(days=7, minutes=1)},
        {"category_code": "0601"},
        {"closed_at": LONG_AGO, "status": "closed"},
        {"closed_at": LONG_AGO, "status": "withdrawn"},
        {"area": "grid_c1"},
        {
            "at": None,
            "address": "太平西街",
            "title": "噪声扰民",
            "content": "夜里施工",
            "category_code": "0507",
        },
    ],
    ids=["too far", "too old", "another class", "closed", "withdrawn", "no neighbour", "nothing in common"],
)
async def test_what_is_too_far_in_any_way_is_no_duplicate(
    session: AsyncSession, world: World, changed: dict[str, Any]
) -> None:
    await add_ticket(session, world, **changed)
    assert await found(session, world, draft(world)) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"at": north(199)},
        {"age": timedelta(days=6, hours=23)},
        {"category_code": "0503"},
        {"at": None},
        {"area": "micro_a1"},
        {"status": "processing", "stage": "handle"},
    ],
    ids=["just near", "just recent", "the same class", "no point", "a micro-grid of it", "in work"],
)
async def test_what_is_near_enough_is(session: AsyncSession, world: World, changed: dict[str, Any]) -> None:
    ticket = await add_ticket(session, world, **changed)
    assert await found(session, world, draft(world)) == [ticket]


async def test_a_street_between_two_grids_does_not_hide_a_duplicate(
    session: AsyncSession, world: World
) -> None:
    across = await add_ticket(session, world, "grid_a2", at=(BORDER[0] + 50 * METRE, BORDER[1]))
    at_the_corner = await add_ticket(session, world, "grid_b2", at=north(90, (113.01, 22.84)))
    about = draft(world, at=(BORDER[0] - 50 * METRE, BORDER[1]))
    assert await found(session, world, about) == [across]
    about = draft(world, at=north(-90, (113.01, 22.84)))
    assert await found(session, world, about) == [at_the_corner]


async def test_a_redrawn_border_makes_neighbours_at_once(
    session: AsyncSession, world: World, statements: Counter
) -> None:
    await add_ticket(session, world, "grid_c1", at=None)
    about, who = draft(world), await actor(session, world, "dispatcher_c")
    assert await duplicates.find(session, actor=who, draft=about) == []
    row = await session.get_one(Area, world.places["grid_c1"].id)
    row.boundary, row.version = world.places["grid_a2"].boundary, row.version + 1
    await session.commit()
    with statements(at_most=3):
        assert len(await duplicates.find(session, actor=who, draft=about)) == 1
    with statements(at_most=1):
        assert len(await duplicates.find(session, actor=who, draft=about)) == 1


async def test_without_points_the_address_and_the_words_decide(session: AsyncSession, world: World) -> None:
    here = await add_ticket(session, world, at=None)
    elsewhere = await add_ticket(session, world, at=None, address="太平西街 3 号")
    who = await actor(session, world, "dispatcher")
    ranked = await duplicates.find(session, actor=who, draft=draft(world))
    assert [(one.id, one.distance_m) for one in ranked] == [(here, None), (elsewhere, None)]


async def test_a_report_for_the_whole_village_meets_those_of_its_grids(
    session: AsyncSession, world: World
) -> None:
    of_village = await add_ticket(session, world, "village_a", at=None)
    of_grid = await add_ticket(session, world, "grid_a2", at=north(30))
    next_door = await add_ticket(session, world, "village_b", at=None)
    assert await found(session, world, draft(world)) == [of_village, of_grid]
    assert await found(session, world, draft(world, "village_a", at=None)) == [of_grid, of_village]
    assert await found(session, world, draft(world, "village_b", at=None)) == [next_door]


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        ("dispatcher", {"a1", "a2", "b2"}),
        ("village_admin", {"a1", "a2"}),
        ("grid_worker", {"a1"}),
        ("grid_worker_b", set()),
        ("dispatcher_c", set()),
        ("system_admin", set()),
        ("api_client", {"a1", "a2"}),
    ],
)
async def test_only_what_the_caller_may_see_is_named(
    session: AsyncSession, world: World, who: str, sees: set[str]
) -> None:
    corner = (113.01, 22.84)
    tickets = {
        name: await add_ticket(session, world, f"grid_{name}", at=north(metres, corner))
        for name, metres in (("a1", -20), ("a2", -10), ("b2", 10))
    }
    seen = await found(session, world, draft(world, at=north(-15, corner)), who)
    assert set(seen) == {tickets[name] for name in sees}


async def test_a_token_that_may_only_report_learns_of_no_other_ticket(
    session: AsyncSession, world: World
) -> None:
    await add_ticket(session, world)
    assert len(await found(session, world, draft(world), "api_client")) == 1
    token = await session.get_one(ApiToken, world.client.token_id)
    token.scopes = ["tickets:write"]
    await session.commit()
    assert await found(session, world, draft(world), "api_client") == []


async def test_a_stored_ticket_is_no_duplicate_of_itself_and_meets_earlier_and_later_ones(
    session: AsyncSession, world: World, statements: Counter
) -> None:
    earlier = await add_ticket(session, world, age=timedelta(days=5))
    ticket = await add_ticket(session, world, age=timedelta(days=3))
    later = await add_ticket(session, world, age=timedelta(days=0))
    await add_ticket(session, world, age=timedelta(days=11))
    who = await actor(session, world, "dispatcher")
    with statements(at_most=3):
        named = await duplicates.find_for(session, actor=who, ticket_id=ticket)
    assert [one.id for one in named] == [earlier, later]
    with statements(at_most=2):
        await duplicates.find_for(session, actor=who, ticket_id=ticket)
    row = (await session.execute(select(Ticket.__table__).where(Ticket.id == ticket))).mappings().one()
    assert await duplicates.find(session, actor=who, draft=duplicates.draft_of(dict(row))) == named


async def test_a_flood_of_reports_hides_none_of_the_newest(
    session: AsyncSession, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duplicates, "NEWEST_OF_A_PLACE", 3)
    tickets = [await add_ticket(session, world, age=timedelta(hours=hours)) for hours in range(5)]
    assert await found(session, world, draft(world)) == tickets[:3]
