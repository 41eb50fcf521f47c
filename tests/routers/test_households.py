"""Households over HTTP: who sees which, how they come in, and that nothing personal leaves unmasked."""

import io
import sys
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.api import observe, problems
from app.core import clock, logging
from app.core.crypto import Vault
from app.models.enums import HouseholdType
from app.models.registry import Household, HouseholdMember, Resident
from tests.support import dwellings, households
from tests.support.clients import Api
from tests.support.households import BORN, NAME, PHONE, body, identity_number, person
from tests.support.problems import problem_in
from tests.support.settings import SECRET
from tests.support.statements import Counter
from tests.support.world import World

URL = "/v1/households"
STRANGERS = [
    *("dispatcher", "dept_handler", "dept_head", "revisit_agent", "supervisor"),
    *("leader_viewer", "statistician", "system_admin", "auditor", "api_client"),
]


@pytest.fixture
async def town(session: AsyncSession, world: World) -> dict[str, str]:
    """One household in each grid and micro-grid: ids by the key of the place."""
    keys = [key for key, place in world.places.items() if place.corner]
    rows = [
        await households.add(session, world, world.places[key], number) for number, key in enumerate(keys)
    ]
    return {key: str(row.id) for key, row in zip(keys, rows, strict=True)}


async def ids(api: Api, who: str, **params: Any) -> set[str]:
    reply = await api.as_(who).get(URL, params=params)
    assert reply.status_code == 200, reply.text
    return {item["id"] for item in reply.json()["items"]}


@pytest.mark.parametrize(
    ("who", "keys"),
    [
        ("grid_assistant", {"micro_a1"}),
        ("grid_worker", {"grid_a1", "micro_a1"}),
        ("grid_worker_a2", {"grid_a2"}),
        ("village_admin", {"grid_a1", "grid_a2", "micro_a1"}),
        ("grid_worker_c", {"grid_c1"}),
    ],
)
async def test_everybody_sees_the_households_of_their_own_area(
    api: Api, town: dict[str, str], who: str, keys: set[str]
) -> None:
    assert await ids(api, who) == {town[key] for key in keys}


@pytest.mark.parametrize("who", STRANGERS)
async def test_who_has_nothing_to_do_with_residents_is_refused(
    api: Api, world: World, town: dict[str, str], who: str
) -> None:
    client = api.as_(who)
    problem_in(await client.get(URL), 403, "forbidden")
    problem_in(await client.get(f"{URL}/{town['grid_a1']}"), 403, "forbidden")
    problem_in(await client.post(URL, json=body(world.places["grid_a1"])), 403, "forbidden")


@pytest.mark.parametrize("key", ["grid_b1", "grid_c1", "grid_a2"])
async def test_a_household_next_door_does_not_exist(api: Api, town: dict[str, str], key: str) -> None:
    problem_in(await api.as_("grid_worker").get(f"{URL}/{town[key]}"), 404, "not_found")


async def test_a_filter_narrows_the_list_and_never_widens_it(
    api: Api, session: AsyncSession, world: World, town: dict[str, str]
) -> None:
    shop = await households.add(session, world, world.places["grid_a2"], 50, kind=HouseholdType.SHOP_HOUSE)
    who, places = "village_admin", world.places
    assert await ids(api, who, area_id=places["grid_a1"].id) == {town["grid_a1"], town["micro_a1"]}
    assert await ids(api, who, area_id=places["micro_a1"].id) == {town["micro_a1"]}
    assert await ids(api, who, area_id=places["town"].id) == await ids(api, who)
    assert await ids(api, who, household_type="shop_house") == {str(shop.id)}
    assert await ids(api, "grid_worker", area_id=places["village_a"].id) == {
        town["grid_a1"],
        town["micro_a1"],
    }


async def test_a_list_of_a_room_tells_who_lives_there(api: Api, world: World) -> None:
    place = world.places["grid_a1"]
    rooms = [
        await dwellings.room(
            api, "village_admin", await dwellings.building(api, "village_admin", place, name=name)
        )
        for name in ("一座", "二座")
    ]
    home = await dwellings.household(api, "grid_worker", place, room_id=rooms[0]["id"])
    assert await ids(api, "grid_worker", room_id=rooms[0]["id"]) == {home["id"]}
    assert await ids(api, "grid_worker", room_id=rooms[1]["id"]) == set()
    assert await ids(api, "grid_worker_b", room_id=rooms[0]["id"]) == set()


async def test_a_filter_by_somebody_elses_area_is_not_found(api: Api, world: World) -> None:
    reply = await api.as_("village_admin").get(URL, params={"area_id": str(world.places["village_b"].id)})
    problem_in(reply, 404, "not_found", "query.area_id")


async def test_a_household_that_has_ended_leaves_the_list_and_can_still_be_read(
    api: Api, session: AsyncSession, world: World
) -> None:
    gone = await households.add(session, world, world.places["grid_a1"], 60, ended_on=clock.today())
    assert await ids(api, "grid_worker") == set()
    reply = await api.as_("grid_worker").get(f"{URL}/{gone.id}")
    assert reply.json()["ended_on"] == clock.today().isoformat()


async def test_pages_neither_repeat_nor_skip_while_others_register(
    api: Api, session: AsyncSession, world: World
) -> None:
    for number in range(10, 20):
        await households.add(session, world, world.places["grid_a1"], number)
    client = api.as_("village_admin")
    first = (await client.get(URL, params={"limit": 4})).json()
    await households.add(session, world, world.places["grid_a2"], 5)
    await households.add(session, world, world.places["grid_a2"], 30)
    seen = [item["no"] for item in first["items"]]
    cursor = first["next_cursor"]
    while cursor:
        page = (await client.get(URL, params={"limit": 4, "cursor": cursor})).json()
        seen += [item["no"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert seen == [f"T{number}" for number in (*range(10, 20), 30)]


async def test_a_list_costs_the_same_however_long_it_is(
    api: Api, session: AsyncSession, world: World, statements: Counter
) -> None:
    for number in range(30):
        await households.add(session, world, world.places["grid_a1"], number)
    client = api.as_("village_admin")
    with statements(at_most=2):
        await client.get(URL, params={"limit": 1})
    with statements(at_most=2):
        assert len((await client.get(URL, params={"limit": 30})).json()["items"]) == 30
    with statements(at_most=3):
        await client.get(URL, params={"area_id": str(world.places["grid_a1"].id)})


async def test_a_worker_registers_a_family(api: Api, world: World, statements: Counter) -> None:
    family = [
        person(),
        person("12", name="李 小红", id_number=identity_number(2), phone="0757-8650 1234"),
        person("20", name="欧阳新生", id_number=None, phone=None, birth_on=clock.today().isoformat()),
    ]
    sent = body(world.places["micro_a1"], residents=family, address="沙头水南街（北）１２号")
    with statements(at_most=12):
        reply = await api.as_("grid_worker").post(URL, json=sent)
    assert reply.status_code == 201, reply.text
    stored = reply.json()
    assert stored["address"] == "沙头水南街(北)12号"
    assert stored["member_count"] == 3
    assert stored["head_name"] == "欧阳*修"
    assert stored["warnings"] == []
    assert stored["area"] == {"id": str(world.places["micro_a1"].id), "name": "儒林一号楼"}
    for level in ("town", "village", "grid"):
        key = {"town": "town", "village": "village_a", "grid": "grid_a1"}[level]
        assert stored[f"{level}_id"] == str(world.places[key].id)
    head, wife, baby = stored["people"]
    assert (head["name"], head["is_head"], head["gender"]) == ("欧阳*修", True, "1")
    assert head["id_number"] == f"440605********{identity_number()[-4:]}"
    assert head["phone"] == "139****5678"
    assert (wife["name"], wife["gender"], wife["phone"]) == ("李*红", "2", "****1234")
    assert (baby["age"], baby["id_number"], baby["gender"]) == (0, None, "9")
    with statements(at_most=4):
        read = await api.as_("village_admin").get(reply.headers["location"])
    assert read.headers["etag"] == '"1"'
    assert read.json() == {key: value for key, value in stored.items() if key != "warnings"}


async def test_numbers_are_sealed_in_the_database_and_can_be_found_again(
    api: Api, session: AsyncSession, world: World
) -> None:
    typed = person(id_number=f" {identity_number().lower()[:6]}\u3000{identity_number()[6:]} ")
    await api.as_("grid_worker").post(URL, json=body(world.places["grid_a1"], residents=[typed]))
    vault = Vault(SECRET)
    found = await session.scalar(select(Resident).where(Resident.id_index == vault.index(identity_number())))
    assert found is not None
    assert found.id_sealed is not None
    assert identity_number().encode() not in found.id_sealed
    assert vault.open(found.id_sealed) == identity_number()
    assert found.phone_index == vault.index(PHONE)
    assert (found.id_last4, found.phone_last4) == (identity_number()[-4:], "5678")
    assert found.birth_on == BORN


async def test_what_a_worker_knows_better_wins_over_the_number(api: Api, world: World) -> None:
    known = person(gender="2", birth_on="1991-03-07")
    reply = await api.as_("grid_worker").post(URL, json=body(world.places["grid_a1"], residents=[known]))
    shown = reply.json()["people"][0]
    today = clock.today()
    assert shown["gender"] == "2"
    assert shown["age"] == today.year - 1991 - ((today.month, today.day) < (3, 7))


async def test_an_odd_region_is_stored_with_a_warning(api: Api, world: World) -> None:
    odd = person(id_number=identity_number(region="770101"))
    reply = await api.as_("grid_worker").post(URL, json=body(world.places["grid_a1"], residents=[odd]))
    assert reply.status_code == 201
    (warning,) = reply.json()["warnings"]
    assert (warning["field"], warning["code"]) == ("body.residents.0.id_number", "id_number_region")


async def count(session: AsyncSession) -> tuple[int | None, ...]:
    tables = (Household, Resident, HouseholdMember)
    return tuple([await session.scalar(select(func.count()).select_from(table)) for table in tables])


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no head": ({"residents": [person("12")]}, "body.residents"),
    "two heads": ({"residents": [person("01"), person("02", id_number=None)]}, "body.residents"),
    "nobody": ({"residents": []}, "body.residents"),
    "a wrong check digit": (
        {"residents": [person(id_number="110105194912310021")]},
        "body.residents.0.id_number",
    ),
    "the same person twice": ({"residents": [person(), person("12")]}, "body.residents.1.id_number"),
    "a wrong phone": ({"residents": [person(phone="12345")]}, "body.residents.0.phone"),
    "born tomorrow": ({"residents": [person(birth_on="2999-01-01")]}, "body.residents.0.birth_on"),
    "a strange relation": ({"residents": [person("00")]}, "body.residents.0.relation"),
    "no address": ({"address": " \u3000"}, "body.address"),
    "a NUL in the address": ({"address": "沙头\x00"}, "body.address"),
    "an unknown type": ({"household_type": "castle"}, "body.household_type"),
    "an unknown field": ({"hukou": "x"}, "body.hukou"),
    "too many people": ({"residents": [person()] * 101}, "body.residents"),
}


@pytest.mark.parametrize(("changed", "field"), WRONG.values(), ids=WRONG)
async def test_a_wrong_form_names_the_field_and_stores_nothing(
    api: Api, session: AsyncSession, world: World, changed: dict[str, Any], field: str
) -> None:
    before = await count(session)
    reply = await api.as_("grid_worker").post(URL, json=body(world.places["grid_a1"], **changed))
    problem_in(reply, 422, "invalid", field)
    assert await count(session) == before


async def test_a_vacant_house_needs_nobody(api: Api, world: World) -> None:
    vacant = body(world.places["grid_a1"], household_type="vacant", residence_status="empty", residents=[])
    reply = await api.as_("grid_worker").post(URL, json=vacant)
    assert reply.status_code == 201
    assert (reply.json()["head_name"], reply.json()["member_count"]) == (None, 0)


async def test_somebody_registered_elsewhere_is_refused_without_saying_where(
    api: Api, session: AsyncSession, world: World
) -> None:
    await api.as_("grid_worker_c").post(URL, json=body(world.places["grid_c1"]))
    before = await count(session)
    again = body(world.places["grid_a1"], residents=[person("12"), person("02", id_number=None)])
    reply = await api.as_("grid_worker").post(URL, json=again)
    problem_in(reply, 409, "resident_registered", "body.residents.0.id_number")
    assert "岭西" not in reply.text
    assert await count(session) == before


async def test_two_households_cannot_share_a_number(api: Api, world: World) -> None:
    client = api.as_("grid_worker")
    sent = body(world.places["grid_a1"], no="440605-77")
    assert (await client.post(URL, json=sent)).json()["no"] == "440605-77"
    other = body(world.places["grid_a1"], no="440605-77", residents=[person(id_number=None)])
    problem_in(await client.post(URL, json=other), 409, "household_no_taken", "body.no")


@pytest.mark.parametrize(
    ("who", "key", "status"),
    [
        ("grid_worker", "grid_a1", 201),
        ("grid_leader", "micro_a1", 201),
        ("village_admin", "grid_a2", 201),
        ("grid_worker", "grid_a2", 404),
        ("village_admin", "grid_b1", 404),
        ("grid_worker", "village_a", 404),
        ("village_admin", "village_a", 422),
        ("grid_assistant", "micro_a1", 403),
    ],
)
async def test_only_those_who_keep_the_register_write_and_only_in_their_own_grids(
    api: Api, world: World, who: str, key: str, status: int
) -> None:
    reply = await api.as_(who).post(URL, json=body(world.places[key]))
    assert reply.status_code == status, reply.text


async def test_the_same_call_again_registers_nobody_twice(
    api: Api, session: AsyncSession, world: World
) -> None:
    client, headers = api.as_("grid_worker"), {"Idempotency-Key": "household-1"}
    first = await client.post(URL, json=body(world.places["grid_a1"]), headers=headers)
    before = await count(session)
    again = await client.post(URL, json=body(world.places["grid_a1"]), headers=headers)
    assert again.status_code == 201
    assert again.json() == first.json()
    assert await count(session) == before


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the application logs during the test, from INFO on."""
    written = io.StringIO()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", written)
        logging.configure("INFO")
        for module in (observe, problems):
            patch.setattr(module, "log", logging.get(module.__name__))
        yield written
    logging.configure("WARNING")


async def test_names_and_numbers_leave_neither_in_bodies_nor_in_errors_nor_in_logs(
    api: Api, world: World, log: io.StringIO
) -> None:
    client, grid = api.as_("grid_worker"), world.places["grid_a1"]
    wrong = person(id_number=identity_number()[:-1] + "Y", phone=PHONE + "9", birth_on="1990-13-07")
    replies = [
        await client.post(URL, json=body(grid)),
        await client.post(URL, json=body(grid)),
        await client.post(URL, json=body(grid, residents=[wrong])),
        await client.post(URL, json=body(grid, residents=[person(id_number=identity_number()[:-1])])),
        await client.get(URL),
    ]
    replies.append(await client.get(replies[0].headers["location"]))
    assert [reply.status_code for reply in replies] == [201, 409, 422, 422, 200, 200]
    assert log.getvalue().count("/v1/households") >= len(replies)
    everything = log.getvalue() + "".join(reply.text for reply in replies)
    for secret in (NAME, PHONE, identity_number()[:-1], f"{BORN:%Y%m%d}", BORN.isoformat()):
        assert secret not in everything


async def test_a_person_who_left_is_no_longer_shown_in_the_household(
    api: Api, session: AsyncSession, world: World
) -> None:
    reply = await api.as_("grid_worker").post(
        URL, json=body(world.places["grid_a1"], residents=[person(), person("20", id_number=None)])
    )
    child = reply.json()["people"][1]
    place = await session.scalar(
        select(HouseholdMember).where(HouseholdMember.resident_id == UUID(child["resident_id"]))
    )
    assert place is not None
    place.valid_to = clock.today()
    await session.commit()
    shown = (await api.as_("grid_worker").get(reply.headers["location"])).json()
    assert [one["relation"] for one in shown["people"]] == ["02"]
