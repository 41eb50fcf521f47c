"""Places over HTTP: shops, factories and rental houses, who sees them, and when each is checked."""

from datetime import timedelta
from typing import Any

import pytest

from app.core import clock
from app.services.registry import uscc
from tests.support import dwellings
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.statements import Counter
from tests.support.world import World

URL = "/v1/places"
TODAY = clock.today()
CODE = "91350100M000100Y43"


async def shop(api: Api, world: World, **changed: Any) -> dict[str, Any]:
    body = {
        "area_id": str(world.places["grid_a1"].id),
        "name": "利民小卖部",
        "kind": "shop",
        "address": "水南街10号",
        "contact_name": "欧阳小修",
        "contact_phone": "13900135678",
    }
    reply = await api.as_("grid_worker").post(URL, json=body | changed)
    assert reply.status_code == 201, reply.text
    found: dict[str, Any] = reply.json()
    return found


def day(days: int) -> str:
    return (TODAY + timedelta(days=days)).isoformat()


def test_a_credit_code_is_checked_by_its_last_character() -> None:
    assert uscc.parse(f" {CODE.lower()[:9]} {CODE[9:]}") == CODE
    assert uscc.parse(CODE[:-1] + "4") is None
    assert uscc.parse(CODE.replace("M", "I")) is None
    assert uscc.parse("4419") is None


async def test_a_place_is_found_by_address_and_its_contact_leaves_masked(
    api: Api, world: World, statements: Counter
) -> None:
    await shop(api, world)
    near = await shop(api, world, address="水南街2号", uscc=CODE)
    with statements(at_most=2):
        reply = await api.as_("village_admin").get(URL)
    assert [item["address"] for item in reply.json()["items"]] == ["水南街2号", "水南街10号"]
    assert near["contact_name"] == "欧阳*修"
    assert not any(secret in reply.text for secret in ("欧阳小修", "13900135678"))
    assert near["uscc"] == CODE
    wrong = await api.as_("grid_worker").patch(f"{URL}/{near['id']}", json={"uscc": CODE[:-1] + "4"})
    problem_in(wrong, 422, "invalid", "body.uscc")


async def test_a_check_sets_the_next_one_and_another_cycle_moves_it(api: Api, world: World) -> None:
    place = await shop(api, world, check_cycle_days=30)
    assert place["next_check_due"] == day(30)
    url = f"{URL}/{place['id']}"
    body = {"on": day(-3), "risk_level": "high"}
    checked = (await api.as_("grid_worker").post(f"{url}/checks", json=body)).json()
    assert (checked["next_check_due"], checked["risk_level"]) == (day(27), "high")
    changed = (await api.as_("grid_worker").patch(url, json={"check_cycle_days": 7})).json()
    assert changed["next_check_due"] == day(4)
    early = await api.as_("grid_worker").post(f"{url}/checks", json={"on": day(-4)})
    problem_in(early, 422, "invalid", "body.on")
    told = (await api.as_("grid_worker").get(f"{url}/history")).json()
    assert [line["action"] for line in told] == ["place.change", "place.check", "place.create"]


async def test_a_place_in_a_room_takes_its_grid_and_address(api: Api, world: World) -> None:
    house = await dwellings.building(api, "grid_worker", world.places["micro_a1"], address="水南街1号")
    room = await dwellings.room(api, "grid_worker", house)
    place = await shop(api, world, area_id=None, address=None, room_id=room["id"])
    assert (place["address"], place["area"]["name"]) == (room["address"], "儒林一号楼")


@pytest.mark.parametrize("who", ["grid_worker_a2", "village_admin_b"])
async def test_next_door_a_place_does_not_exist(api: Api, world: World, who: str) -> None:
    place = await shop(api, world)
    client, url = api.as_(who), f"{URL}/{place['id']}"
    problem_in(await client.get(url), 404, "not_found")
    problem_in(await client.post(f"{url}/checks", json={}), 404, "not_found")
    problem_in(await client.post(f"{url}/end", json={}), 404, "not_found")


async def test_a_closed_place_leaves_the_list_and_can_still_be_read(api: Api, world: World) -> None:
    place = await shop(api, world)
    client, url = api.as_("grid_worker"), f"{URL}/{place['id']}"
    assert (await client.post(f"{url}/end", json={})).json()["ended_on"] == TODAY.isoformat()
    assert (await client.get(URL)).json()["items"] == []
    assert (await client.get(url)).status_code == 200
    problem_in(await client.post(f"{url}/checks", json={}), 409, "record_ended")
