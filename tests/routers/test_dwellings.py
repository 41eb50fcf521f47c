"""Buildings and rooms over HTTP: who writes where, the order of addresses, versions, what ends when."""

from datetime import timedelta
from typing import Any

import pytest

from app.core import clock
from tests.support import dwellings
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.statements import Counter
from tests.support.world import World

BUILDINGS, ROOMS = "/v1/buildings", "/v1/rooms"
OWNER, OWNERS_PHONE = "欧阳小修", "13900135678"


async def addresses(api: Api, who: str, url: str, **params: Any) -> list[str]:
    found, cursor = [], None
    while True:
        reply = await api.as_(who).get(url, params=params | ({"cursor": cursor} if cursor else {}))
        assert reply.status_code == 200, reply.text
        found += [item["address"] for item in reply.json()["items"]]
        if (cursor := reply.json()["next_cursor"]) is None:
            return found


async def test_number_2_comes_before_number_10_and_pages_follow_that_order(api: Api, world: World) -> None:
    grid = world.places["grid_a1"]
    for number in (10, 1, 100, 2, 20, 3):
        await dwellings.building(api, "grid_worker", grid, address=f"水南街{number}号")
    expected = [f"水南街{number}号" for number in (1, 2, 3, 10, 20, 100)]
    assert await addresses(api, "grid_worker", BUILDINGS) == expected
    assert await addresses(api, "village_admin", BUILDINGS, limit=2) == expected


async def test_a_cursor_does_not_carry_the_address(api: Api, world: World) -> None:
    for number in (1, 2):
        await dwellings.building(api, "grid_worker", world.places["grid_a1"], address=f"秘密巷{number}号")
    page = (await api.as_("grid_worker").get(BUILDINGS, params={"limit": 1})).json()
    first, cursor = page["items"][0], page["next_cursor"]
    assert len(cursor) < 130
    assert (await api.as_("grid_worker").get(BUILDINGS, params={"cursor": cursor})).json()["items"] != []
    assert first["address"] == "秘密巷1号"


async def test_rooms_of_a_building_take_its_grid_and_make_their_address_of_its_own(
    api: Api, world: World
) -> None:
    house = await dwellings.building(api, "grid_worker", world.places["micro_a1"], address="水南街1号")
    for room_no in ("1002", "201", "附2号"):
        await dwellings.room(api, "grid_worker", house, room_no=room_no, unit_no=None)
    flat = await dwellings.room(api, "grid_worker", house)
    assert (flat["address"], flat["area"]["name"]) == ("水南街1号3单元502", "儒林一号楼")
    assert flat["building"] == {"id": house["id"], "name": house["name"]}
    shown = await addresses(api, "grid_worker", ROOMS, building_id=house["id"])
    assert shown[:2] == ["水南街1号3单元502", "水南街1号201"]
    assert await addresses(api, "grid_worker_a2", ROOMS) == []


async def test_a_rural_house_stands_alone_in_a_grid(api: Api, world: World) -> None:
    house = {"area_id": str(world.places["grid_a1"].id), "room_no": "12", "address": "沙头村12号"}
    reply = await api.as_("grid_worker").post(ROOMS, json=house)
    assert reply.status_code == 201, reply.text
    assert reply.json()["building"] is None
    nowhere = await api.as_("grid_worker").post(ROOMS, json={"room_no": "12"})
    problem_in(nowhere, 422, "invalid", "body.building_id")


async def test_the_owner_of_a_room_leaves_masked(api: Api, world: World) -> None:
    house = await dwellings.building(api, "grid_worker", world.places["grid_a1"])
    room = await dwellings.room(api, "grid_worker", house, owner_name=OWNER, owner_phone=OWNERS_PHONE)
    client = api.as_("grid_worker")
    texts = [
        (await client.get(url)).text
        for url in (ROOMS, f"{ROOMS}/{room['id']}", f"{ROOMS}/{room['id']}/history")
    ]
    assert "欧阳*修" in texts[0]
    assert "139****5678" in texts[1]
    assert not any(secret in text for text in texts for secret in (OWNER, OWNERS_PHONE))


@pytest.mark.parametrize("who", ["grid_worker_a2", "grid_worker_b", "village_admin_b"])
async def test_next_door_nobody_sees_or_writes_a_building(api: Api, world: World, who: str) -> None:
    house = await dwellings.building(api, "grid_worker", world.places["grid_a1"])
    client = api.as_(who)
    problem_in(await client.get(f"{BUILDINGS}/{house['id']}"), 404, "not_found")
    problem_in(await client.get(f"{BUILDINGS}/{house['id']}/history"), 404, "not_found")
    problem_in(await client.patch(f"{BUILDINGS}/{house['id']}", json={"floors": 3}), 404, "not_found")
    new = {"area_id": str(world.places["grid_a1"].id), "name": "x", "address": "x"}
    problem_in(await client.post(BUILDINGS, json=new), 404, "not_found")
    problem_in(await client.post(ROOMS, json={"building_id": house["id"], "room_no": "1"}), 404, "not_found")


async def test_an_assistant_reads_buildings_and_writes_none(api: Api, world: World) -> None:
    house = await dwellings.building(api, "grid_worker", world.places["micro_a1"])
    assert (await api.as_("grid_assistant").get(f"{BUILDINGS}/{house['id']}")).status_code == 200
    refused = await api.as_("grid_assistant").patch(f"{BUILDINGS}/{house['id']}", json={"floors": 3})
    problem_in(refused, 403, "forbidden")


async def test_a_change_made_on_an_old_version_is_refused(api: Api, world: World) -> None:
    house = await dwellings.building(api, "grid_worker", world.places["grid_a1"])
    client, url = api.as_("grid_worker"), f"{BUILDINGS}/{house['id']}"
    first = await client.patch(url, json={"floors": 6}, headers={"If-Match": '"1"'})
    assert (first.json()["floors"], first.headers["etag"]) == (6, '"2"')
    problem_in(await client.patch(url, json={"floors": 7}, headers={"If-Match": '"1"'}), 412, "stale_version")
    told = (await client.get(f"{url}/history")).json()
    assert [line["action"] for line in told] == ["building.change", "building.create"]
    assert told[0]["data"] == {"fields": ["floors"]}
    assert told[0]["by"]["name"] == world["grid_worker"].name


async def test_what_moves_to_another_grid_takes_its_rooms_and_households_along(
    api: Api, world: World
) -> None:
    grid, beside = world.places["grid_a1"], world.places["grid_a2"]
    house = await dwellings.building(api, "grid_worker", grid)
    room = await dwellings.room(api, "grid_worker", house)
    body = {"area_id": str(beside.id)}
    url = f"{BUILDINGS}/{house['id']}"
    problem_in(await api.as_("grid_worker").patch(url, json=body), 404, "not_found")
    moved = await api.as_("village_admin").patch(url, json=body)
    assert moved.json()["area"]["id"] == str(beside.id)
    assert (await api.as_("grid_worker_a2").get(f"{ROOMS}/{room['id']}")).status_code == 200
    problem_in(await api.as_("grid_worker").get(f"{ROOMS}/{room['id']}"), 404, "not_found")


async def test_a_building_ends_after_its_rooms_and_stays_readable(api: Api, world: World) -> None:
    house = await dwellings.building(api, "grid_worker", world.places["grid_a1"])
    room = await dwellings.room(api, "grid_worker", house)
    client, url = api.as_("grid_worker"), f"{BUILDINGS}/{house['id']}"
    problem_in(await client.post(f"{url}/end", json={}), 409, "building_in_use")
    assert (await client.post(f"{ROOMS}/{room['id']}/end", json={})).status_code == 200
    ended = await client.post(f"{url}/end", json={})
    assert ended.json()["ended_on"] == clock.today().isoformat()
    assert await addresses(api, "grid_worker", BUILDINGS) == []
    assert (await client.get(url)).json()["ended_on"] is not None
    problem_in(await client.patch(url, json={"floors": 2}), 409, "record_ended")
    problem_in(
        await client.post(ROOMS, json={"building_id": house["id"], "room_no": "1"}), 409, "record_ended"
    )


async def test_a_room_ends_after_whoever_lived_there_left(api: Api, world: World) -> None:
    room = await dwellings.room(
        api, "grid_worker", await dwellings.building(api, "grid_worker", world.places["grid_a1"])
    )
    since = (clock.today() - timedelta(days=9)).isoformat()
    home = await dwellings.household(api, "grid_worker", world.places["grid_a1"], since=since)
    client, url = api.as_("grid_worker"), f"{ROOMS}/{room['id']}/end"
    moves = f"/v1/residents/{home['people'][0]['resident_id']}/moves"
    assert (await client.post(moves, json={"home": {"room_id": room["id"]}})).status_code == 200
    problem_in(await client.post(url, json={}), 409, "room_in_use")
    assert (await client.post(moves, json={"home": {"address": "深圳市"}})).status_code == 200
    problem_in(await client.post(url, json={"ended_on": since}), 422, "invalid", "body.ended_on")
    assert (await client.post(url, json={})).status_code == 200


@pytest.mark.parametrize(("sent", "status"), [(999_999.99, 201), (999_999.999, 422), (0.001, 422)])
async def test_a_room_is_as_large_as_can_be_written_down(
    api: Api, world: World, sent: float, status: int
) -> None:
    body = {"area_id": str(world.places["grid_a1"].id), "address": "水南街 9 号", "room_no": "1"}
    assert (await api.as_("grid_worker").post(ROOMS, json=body | {"area_m2": sent})).status_code == status


async def test_the_head_of_a_building_is_somebody_whom_the_caller_sees(api: Api, world: World) -> None:
    head = str(world["grid_assistant"].member_id)
    house = await dwellings.building(api, "grid_worker", world.places["grid_a1"], head_member_id=head)
    assert house["head"] == {"id": head, "name": world["grid_assistant"].name, "has_left": False}
    stranger = {"head_member_id": str(world["grid_worker_c"].member_id)}
    refused = await api.as_("grid_worker").patch(f"{BUILDINGS}/{house['id']}", json=stranger)
    problem_in(refused, 404, "not_found", "body.head_member_id")


async def test_lists_and_details_cost_the_same_however_long_they_are(
    api: Api, world: World, statements: Counter
) -> None:
    house = await dwellings.building(api, "grid_worker", world.places["grid_a1"])
    for number in range(5):
        await dwellings.room(api, "grid_worker", house, room_no=str(number))
    for url in (BUILDINGS, ROOMS):
        with statements(at_most=2):
            await api.as_("village_admin").get(url)
    with statements(at_most=3):
        await api.as_("village_admin").get(f"{BUILDINGS}/{house['id']}/history")
