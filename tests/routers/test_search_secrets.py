"""Search confirms nothing that masks hide: no number by guessing, nobody out of scope, no reporter."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.ids import uuid7
from app.models.platform import AuditLog
from app.services.access.roles import ROLES
from app.services.platform.actor import Dataset
from app.services.registry import lookups
from tests.support import dwellings
from tests.support import secrets_of_people as people
from tests.support.clients import Api
from tests.support.households import identity_number, person
from tests.support.problems import problem_in
from tests.support.statements import Counter
from tests.support.tickets import Loop
from tests.support.world import CALLERS, World

URL = "/v1/search"
NUMBER, PHONE = identity_number(5), "13900134512"
# The same region and last four, which masks show, and another birth date; another middle of the phone.
GUESSED, GUESSED_PHONE = NUMBER[:6] + "19910403" + NUMBER[14:], "13900994512"
EVERYBODY = (*CALLERS, "grid_worker_a2", "grid_worker_b", "village_admin_b", "dispatcher_c", "newcomer")


@pytest.fixture
async def home(api: Api, world: World) -> dict[str, Any]:
    """A household of one in a micro-grid of the village's first grid."""
    head = person("02", name="张三", id_number=NUMBER, phone=PHONE)
    return await dwellings.household(
        api, "grid_worker", world.places["micro_a1"], address="漏水巷 8 号", residents=[head]
    )


async def found(api: Api, who: str, term: str, **more: Any) -> list[dict[str, Any]]:
    reply = await api.as_(who).post(URL, json={"term": term} | more)
    assert reply.status_code == 200, reply.text
    items: list[dict[str, Any]] = reply.json()["items"]
    return items


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("who", "knows_number", "knows_phone"),
    [
        ("grid_assistant", False, False),
        ("grid_worker", False, True),
        ("grid_leader", False, True),
        ("village_admin", True, True),
    ],
)
async def test_a_guess_tells_nobody_more_than_masks_and_their_post_do(
    api: Api, who: str, *, knows_number: bool, knows_phone: bool
) -> None:
    for right, guessed, knows in ((NUMBER, GUESSED, knows_number), (PHONE, GUESSED_PHONE, knows_phone)):
        hit = await found(api, who, right)
        assert [item["name"] for item in hit] == ["张*"]
        assert await found(api, who, guessed) == ([] if knows else hit)


@pytest.mark.usefixtures("home")
async def test_who_looks_for_whole_numbers_is_written_down_without_the_number(
    api: Api, session: AsyncSession, world: World
) -> None:
    logged = select(AuditLog).where(AuditLog.action == lookups.ACTION).order_by(AuditLog.at, AuditLog.id)
    for term in ("张三", "zs", "4512", NUMBER[-4:], "漏水"):
        await found(api, "village_admin", term)
    await found(api, "grid_worker", NUMBER)
    assert list(await session.scalars(logged)) == []
    await found(api, "village_admin", NUMBER)
    await found(api, "grid_worker", GUESSED_PHONE)
    rows = list(await session.scalars(logged))
    told = [(row.actor_id, row.entity_id, row.data["fields"]) for row in rows]
    assert told == [
        (world["village_admin"].member_id, None, ["id_number"]),
        (world["grid_worker"].member_id, None, ["phone"]),
    ]


@pytest.mark.usefixtures("home")
async def test_whole_numbers_may_be_looked_for_so_many_times_an_hour_and_names_go_on(
    api: Api, session: AsyncSession, world: World
) -> None:
    actor_id = world["village_admin"].member_id
    session.add_all(
        AuditLog(
            id=uuid7(),
            at=clock.now(),
            actor_id=actor_id,
            action=lookups.ACTION,
            entity=lookups.ENTITY,
            data={},
        )
        for _time in range(lookups.MOST)
    )
    await session.commit()
    reply = await api.as_("village_admin").post(URL, json={"term": NUMBER})
    problem_in(reply, 429, "lookup_limit")
    assert 0 < int(reply.headers["retry-after"]) <= lookups.WINDOW.total_seconds() + 1
    assert len(await found(api, "village_admin", NUMBER[-4:])) == 1
    assert len(await found(api, "village_admin", "张三")) == 1
    assert len(await found(api, "grid_worker", PHONE)) == 1


@pytest.mark.commits
async def test_searches_at_once_do_not_pass_the_limit_together(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookups, "MOST", 2)
    client = api.as_("village_admin")

    async def search() -> int:
        """Ask until one's turn comes: on a busy machine a lock may be waited for in vain."""
        while (status := (await client.post(URL, json={"term": NUMBER})).status_code) == 409:
            pass
        return status

    statuses = await asyncio.gather(*(search() for _search in range(6)))
    assert sorted(statuses) == [200, 200, 429, 429, 429, 429]


@pytest.mark.usefixtures("home")
async def test_guessing_numbers_by_registering_people_is_limited_and_leaves_a_trace(
    api: Api, session: AsyncSession, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookups, "MOST", 2)
    client, area_id = api.as_("grid_worker_a2"), str(world.places["grid_a2"].id)
    guesses = [person("02", id_number=identity_number(8)), person("20", id_number=NUMBER)]
    body = {"area_id": area_id, "address": "x", "household_type": "resident", "residents": guesses}
    for _guess in range(2):
        problem_in(await client.post("/v1/households", json=body), 409, "resident_registered")
    reply = await client.post("/v1/households", json=body)
    problem_in(reply, 429, "lookup_limit")
    assert "residents" not in reply.text
    noted = await session.scalars(select(AuditLog).where(AuditLog.action == lookups.TAKEN))
    assert [(row.actor_id, row.data) for row in noted] == [
        (world["grid_worker_a2"].member_id, {"people": 1})
    ] * 2
    assert (await client.get("/v1/households")).json()["items"] == []


@pytest.mark.usefixtures("home")
async def test_a_search_for_a_whole_number_costs_six_statements(api: Api, statements: Counter) -> None:
    with statements(at_most=6):
        await api.as_("village_admin").post(URL, json={"term": NUMBER})


@pytest.mark.usefixtures("home")
async def test_only_posts_that_open_the_registry_search_it(api: Api) -> None:
    for who in CALLERS:
        reply = await api.as_(who).post(URL, json={"term": "张三"})
        allowed = Dataset.REGISTRY in ROLES[who].datasets
        assert reply.status_code == (200 if allowed else 403), (who, reply.text)


async def test_who_is_registered_here_and_lives_there_is_found_by_both_and_the_home_is_told_to_one(
    api: Api, world: World, home: dict[str, Any]
) -> None:
    there = await dwellings.household(api, "village_admin", world.places["grid_a2"], address="外村路 9 号")
    resident_id = home["people"][0]["resident_id"]
    move = {"home": {"household_id": there["id"]}}
    reply = await api.as_("village_admin").post(f"/v1/residents/{resident_id}/moves", json=move)
    assert reply.is_success, reply.text
    for term in ("张三", "zs", "4512", NUMBER):
        here = await found(api, "grid_worker", term, kinds=["resident"])
        beyond = await found(api, "grid_worker_a2", term, kinds=["resident"])
        assert [item["id"] for item in here] == [item["id"] for item in beyond] == [resident_id]
        assert (here[0]["address"], beyond[0]["address"]) == ("漏水巷 8 号", "外村路 9 号")
        assert await found(api, "grid_worker_b", term) == []


async def test_trap_9_search_finds_no_confidential_reporter(api: Api, world: World) -> None:
    contact = {"name": people.CONTACT_NAME, "phone": people.CONTACT_PHONE}
    loop = Loop(api, world)
    await loop.report(confidential=True, contact=contact, title="漏水严重")
    await loop.to("processing")
    name = people.CONTACT_NAME
    for term in (name, name[:2], "ggl", *contact.values(), people.CONTACT_PHONE[-4:], "漏水"):
        for who in EVERYBODY:
            reply = await api.as_(who).post(URL, json={"term": term})
            if reply.status_code == 200:
                assert reply.json() == {"items": [], "next_cursor": None}, (who, term)
            else:
                assert reply.status_code == 403, reply.text


async def test_no_search_shows_a_plain_value_to_anybody(
    api: Api, session: AsyncSession, world: World, logged: list[Any]
) -> None:
    await people.plant(api, session, world)
    seen = 0
    for term in (*people.MARKS, "泄密", "hlxm", people.ID_NUMBER[-4:], "泄密测试巷 1 号"):
        for who in EVERYBODY:
            reply = await api.as_(who).post(URL, json={"term": term})
            told = reply.text + str(reply.headers.raw)
            assert not [mark for mark in people.MARKS if mark in told], (who, term)
            seen += len(reply.json().get("items", []))
    assert seen > 0
    assert not [mark for mark in people.MARKS if mark in str(logged)]
