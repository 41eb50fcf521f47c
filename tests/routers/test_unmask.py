"""Plain values of residents and households: shown to few, for a reason, not too often, never unseen."""

import asyncio

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.enums import Role
from app.models.platform import AuditLog
from app.models.privacy import PiiAccessReason
from app.services.platform.unmasking import MOST
from tests.support import dwellings, households
from tests.support.clients import Api
from tests.support.looks import logged, look
from tests.support.problems import problem_in
from tests.support.world import CALLERS, World, fixed_id

RESIDENT = f"/v1/residents/{fixed_id(20_001)}"
HOUSEHOLD = f"/v1/households/{fixed_id(10_001)}"
P2 = {"grid_worker", "grid_leader", "village_admin"}
P3 = {"village_admin"}
# Whoever sees the masked record may know that it is there; others may not.
MASKED = {"grid_assistant": 403}


@pytest.fixture(autouse=True)
async def resident(session: AsyncSession, world: World) -> None:
    """Somebody who lives in the micro-grid of grid A1."""
    await households.add(session, world, world.places["micro_a1"], 1)


async def test_a_worker_sees_the_plain_phone_and_the_log_says_who_what_why_and_whence(
    api: Api, session: AsyncSession, world: World
) -> None:
    reply = await look(api, "grid_worker", RESIDENT, "phone", "name", device="wangge-app/3.1\t" + "x" * 300)
    assert reply.status_code == 200, reply.text
    assert reply.json() == {"values": {"phone": households.PHONE, "name": households.NAME}}
    assert reply.headers["cache-control"] == "no-store"
    [line] = await logged(session)
    assert (line.actor_id, line.resident_id) == (world["grid_worker"].member_id, fixed_id(20_001))
    assert (line.fields, line.reason, line.refusal) == (["phone", "name"], "contact", None)
    assert line.device == "wangge-app/3.1" + "x" * (200 - len("wangge-app/3.1"))
    assert line.session_id == world["grid_worker"].session_id
    assert line.ip
    assert line.request_id == reply.headers["x-request-id"]
    assert (await session.scalars(select(PiiAccessReason.words))).all() == ["电话核实来访情况"]
    audited = await session.scalar(select(AuditLog.data).where(AuditLog.action == "pii.unmask"))
    assert audited is not None
    assert audited["access_id"] == str(line.id)


@pytest.mark.parametrize("who", CALLERS)
async def test_each_role_sees_its_classes_and_a_refusal_is_logged(
    api: Api, session: AsyncSession, who: str
) -> None:
    for field, allowed in (("phone", P2), ("id_number", P3), ("birth_on", P3)):
        reply = await look(api, who, RESIDENT, field)
        inside = who in P2 | P3 | MASKED.keys()
        expected = 200 if who in allowed else 403 if inside else 404
        assert reply.status_code == expected, (field, reply.text)
    lines = await logged(session)
    assert [line.refusal is None for line in lines] == [who in P2, who in P3, who in P3]


async def test_one_field_beyond_the_role_refuses_the_whole_call(api: Api, session: AsyncSession) -> None:
    reply = await look(api, "grid_worker", RESIDENT, "phone", "id_number")
    assert households.PHONE not in reply.text
    problem_in(reply, 403, "unmask_refused")
    assert [line.refusal for line in await logged(session)] == ["unmask_refused"]


@pytest.mark.parametrize("who", ["grid_worker_a2", "grid_worker_b", "village_admin_b"])
async def test_a_person_of_another_grid_is_not_found_and_the_attempt_is_logged(
    api: Api, session: AsyncSession, who: str
) -> None:
    for path, field in ((RESIDENT, "phone"), (HOUSEHOLD, "head_phone")):
        problem_in(await look(api, who, path, field), 404, "not_found")
    assert [line.refusal for line in await logged(session)] == ["not_found"] * 2


async def test_somebody_who_lives_elsewhere_is_shown_there_too_until_they_leave_the_town(
    api: Api, world: World
) -> None:
    person = {"name": "关小明", "relation": "02", "phone": households.PHONE}
    home, other = [
        await dwellings.household(api, "village_admin", world.places[grid], residents=residents)
        for grid, residents in (("grid_a1", [person]), ("grid_a2", [{"name": "梁氏", "relation": "02"}]))
    ]
    path = f"/v1/residents/{home['people'][0]['resident_id']}"
    problem_in(await look(api, "grid_worker_a2", path, "phone"), 404, "not_found")
    lodges = {"reason": "work", "home": {"household_id": other["id"]}}
    assert (await api.as_("village_admin").post(f"{path}/moves", json=lodges)).status_code == 200
    for who in ("grid_worker", "grid_worker_a2"):
        reply = await look(api, who, path, "phone")
        assert reply.json()["values"] == {"phone": households.PHONE}, who
    assert (await api.as_("village_admin").post(f"{path}/departure", json={})).status_code == 200
    for who in ("grid_worker", "grid_worker_a2"):
        problem_in(await look(api, who, path, "phone"), 404, "not_found")


async def test_a_household_shows_its_heads_phone_and_the_log_names_the_head(
    api: Api, session: AsyncSession
) -> None:
    reply = await look(api, "grid_worker", HOUSEHOLD, "head_phone", "head_name")
    assert reply.json()["values"] == {"head_phone": households.PHONE, "head_name": households.NAME}
    assert [line.resident_id for line in await logged(session)] == [fixed_id(20_001)]


async def test_a_room_shows_its_owner_to_whoever_works_there(
    api: Api, session: AsyncSession, world: World
) -> None:
    house = await dwellings.building(api, "village_admin", world.places["micro_a1"])
    owner = {"owner_name": "黎先生", "owner_phone": households.PHONE}
    room = await dwellings.room(api, "village_admin", house, **owner)
    assert room["owner_phone"] != households.PHONE
    path = f"/v1/rooms/{room['id']}"
    reply = await look(api, "grid_worker", path, "owner_name", "owner_phone")
    assert reply.json()["values"] == owner
    problem_in(await look(api, "grid_assistant", path, "owner_phone"), 403, "unmask_refused")
    problem_in(await look(api, "grid_worker_b", path, "owner_phone"), 404, "not_found")
    lines = await logged(session)
    assert [(line.entity, line.resident_id) for line in lines] == [("room", None)] * 3
    assert [line.refusal for line in lines] == [None, "unmask_refused", "not_found"]


async def test_a_place_shows_its_contact_to_whoever_works_there(
    api: Api, session: AsyncSession, world: World
) -> None:
    contact = {"contact_name": "黎先生", "contact_phone": households.PHONE}
    shop = {"area_id": str(world.places["micro_a1"].id), "name": "小卖部", "kind": "shop", "address": "一巷"}
    place = (await api.as_("village_admin").post("/v1/places", json=shop | contact)).json()
    assert (place["contact_name"], place["contact_phone"]) == ("黎*生", "139****5678")
    path = f"/v1/places/{place['id']}"
    reply = await look(api, "grid_worker", path, "contact_name", "contact_phone")
    assert reply.json()["values"] == contact
    problem_in(await look(api, "grid_assistant", path, "contact_phone"), 403, "unmask_refused")
    problem_in(await look(api, "grid_worker_b", path, "contact_phone"), 404, "not_found")
    assert [line.entity for line in await logged(session)] == ["place"] * 3


async def test_nobody_looks_without_saying_why(api: Api, session: AsyncSession) -> None:
    problem_in(await look(api, "grid_worker", RESIDENT, "phone", note=" "), 422, "invalid", "body.note")
    problem_in(await look(api, "grid_worker", RESIDENT, "phone", reason="x"), 422, "invalid", "body.reason")
    problem_in(await look(api, "grid_worker", RESIDENT), 422, "invalid", "body.fields")
    assert not await logged(session)


async def test_after_thirty_looks_in_an_hour_a_person_must_wait_and_others_need_not(
    api: Api, session: AsyncSession
) -> None:
    for _ in range(MOST):
        assert (await look(api, "grid_worker", RESIDENT, "phone")).status_code == 200
    refused = await look(api, "grid_worker", RESIDENT, "phone")
    problem_in(refused, 429, "unmask_limit")
    assert 0 < int(refused.headers["retry-after"]) <= 3600
    assert (await look(api, "grid_leader", RESIDENT, "phone")).status_code == 200
    assert [line.refusal for line in await logged(session)].count("unmask_limit") == 1


@pytest.mark.commits
async def test_looks_at_the_same_instant_do_not_pass_the_limit(api: Api, session: AsyncSession) -> None:
    for _ in range(MOST - 2):
        assert (await look(api, "grid_worker", RESIDENT, "phone")).status_code == 200
    replies = await asyncio.gather(*(look(api, "grid_worker", RESIDENT, "phone") for _ in range(5)))
    assert sorted(reply.status_code for reply in replies) == [200, 200, 429, 429, 429]
    assert len(await logged(session)) == MOST + 3


async def test_the_auditor_reads_the_log_and_can_narrow_it(api: Api, world: World) -> None:
    await look(api, "grid_worker", RESIDENT, "phone")
    await look(api, "grid_assistant", RESIDENT, "phone")
    auditor = api.as_("auditor")
    page = (await auditor.get("/v1/access-log")).json()["items"]
    assert [line["actor_name"] for line in page] == [world["grid_assistant"].name, world["grid_worker"].name]
    assert [line["note"] for line in page] == ["电话核实来访情况"] * 2
    for query, count in (
        ({"refused": "true"}, 1),
        ({"actor_id": str(world["grid_worker"].member_id)}, 1),
        ({"resident_id": str(fixed_id(20_001))}, 2),
        ({"resident_id": str(fixed_id(20_002))}, 0),
    ):
        found = await auditor.get("/v1/access-log", params=query)
        assert len(found.json()["items"]) == count, query


@pytest.mark.parametrize("who", [role for role in CALLERS if role is not Role.AUDITOR])
async def test_nobody_but_the_auditor_reads_the_log(api: Api, who: str) -> None:
    problem_in(await api.as_(who).get("/v1/access-log"), 403, "forbidden")
