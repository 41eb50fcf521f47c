"""The area tree over HTTP: who sees what of it, lists, and its administration."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.models.area import Area
from app.models.platform import AuditLog
from tests.support import households
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.statements import Counter
from tests.support.world import World

URL = "/v1/areas"
ABOVE_VILLAGE_A = ["province", "city", "county", "town"]
RING = [[113.02, 22.83], [113.03, 22.83], [113.03, 22.84], [113.02, 22.84], [113.02, 22.83]]
SQUARE = {"type": "Polygon", "coordinates": [RING]}


async def codes(api: Api, who: str, **params: Any) -> list[str]:
    reply = await api.as_(who).get(URL, params={"limit": 100} | params)
    assert reply.status_code == 200, reply.text
    return [item["code"] for item in reply.json()["items"]]


def code(world: World, *keys: str) -> list[str]:
    return sorted(world.places[key].code for key in keys)


def grid(world: World, **changed: Any) -> dict[str, Any]:
    return {
        "code": "440605121001003",
        "name": "儒林第三网格",
        "level": "grid",
        "kind": "base_grid",
        "parent_id": str(world.places["village_a"].id),
    } | changed


@pytest.mark.parametrize(
    ("who", "own"),
    [
        ("grid_assistant", ["village_a", "grid_a1", "micro_a1"]),
        ("grid_worker", ["village_a", "grid_a1", "micro_a1"]),
        ("village_admin", ["village_a", "grid_a1", "grid_a2", "micro_a1"]),
        ("api_client", ["village_a", "grid_a1", "grid_a2", "micro_a1"]),
        ("committee_handler", ["village_a", "grid_a1", "grid_a2", "micro_a1"]),
    ],
)
async def test_everybody_sees_their_own_subtree_and_what_lies_above_it(
    api: Api, world: World, who: str, own: list[str]
) -> None:
    assert await codes(api, who) == code(world, *ABOVE_VILLAGE_A, *own)


async def test_the_administrator_sees_the_whole_tree_by_code(api: Api, world: World) -> None:
    assert await codes(api, "system_admin") == code(world, *world.places)


async def test_the_auditor_sees_no_areas(api: Api) -> None:
    problem_in(await api.as_("auditor").get(URL), 403, "forbidden")


@pytest.mark.parametrize("who", ["api_client", "village_admin", "grid_worker"])
@pytest.mark.parametrize("key", ["village_b", "grid_b1", "village_c", "town_b"])
async def test_whoever_is_of_village_a_does_not_find_village_b(
    api: Api, world: World, who: str, key: str
) -> None:
    client, area_id = api.as_(who), world.places[key].id
    problem_in(await client.get(f"{URL}/{area_id}"), 404, "not_found")
    problem_in(await client.get(URL, params={"under": str(area_id)}), 404, "not_found", "query.under")
    problem_in(await client.get(URL, params={"parent_id": str(area_id)}), 404, "not_found", "query.parent_id")


async def test_lists_can_be_narrowed_to_children_subtrees_levels_and_names(api: Api, world: World) -> None:
    town, who = world.places["town"].id, "dispatcher"
    assert await codes(api, who, parent_id=town) == code(world, "village_a", "village_b")
    assert await codes(api, who, under=world.places["village_a"].id) == code(
        world, "village_a", "grid_a1", "grid_a2", "micro_a1"
    )
    assert await codes(api, who, under=town, level="village") == code(world, "village_a", "village_b")
    assert await codes(api, who, q="河清") == code(world, "village_b", "grid_b1", "grid_b2")
    assert await codes(api, who, q="　河清村 ") == code(world, "village_b")
    assert await codes(api, who, q="清") == []
    assert await codes(api, who, q="%") == []
    assert await codes(api, "village_admin", parent_id=town) == code(world, "village_a")


async def test_an_area_that_has_ended_leaves_the_lists(api: Api, session: AsyncSession, world: World) -> None:
    gone = await session.get_one(Area, world.places["grid_b2"].id)
    gone.valid_to = clock.today()
    await session.commit()
    assert await codes(api, "dispatcher", q="河清第") == code(world, "grid_b1")
    assert (await api.as_("dispatcher").get(f"{URL}/{gone.id}")).status_code == 200


async def test_pages_neither_repeat_nor_skip_while_areas_are_added(api: Api, world: World) -> None:
    client = api.as_("system_admin")
    params: dict[str, Any] = {"limit": 2, "under": world.places["village_a"].id}
    first = (await client.get(URL, params=params)).json()
    for new in ("440605121001000", "440605121001009"):
        reply = await client.post(URL, json=grid(world, code=new))
        assert reply.status_code == 201, reply.text
    seen, cursor = first["items"], first["next_cursor"]
    while cursor:
        page = (await client.get(URL, params=params | {"cursor": cursor})).json()
        seen += page["items"]
        cursor = page["next_cursor"]
    assert [item["code"] for item in seen] == sorted(
        [*code(world, "village_a", "grid_a1", "grid_a2", "micro_a1"), "440605121001009"]
    )


async def test_lists_and_details_keep_to_their_budget(api: Api, world: World, statements: Counter) -> None:
    with statements(at_most=2):
        await codes(api, "village_admin")
    with statements(at_most=3):
        await codes(api, "village_admin", under=world.places["grid_a1"].id, level="micro_grid")
    with statements(at_most=3):
        reply = await api.as_("village_admin").get(f"{URL}/{world.places['micro_a1'].id}")
    assert [area["name"] for area in reply.json()["ancestors"]] == [
        "广东省", "佛山市", "南海区", "九江镇", "儒林社区", "儒林第一网格",
    ]  # fmt: skip
    assert reply.json()["boundary"] == world.places["micro_a1"].boundary
    assert reply.json()["is_synthetic"] is True
    assert reply.headers["etag"] == '"1"'


async def test_the_administrator_adds_a_grid_which_is_then_found_everywhere(
    api: Api, session: AsyncSession, world: World, statements: Counter
) -> None:
    client = api.as_("system_admin")
    with statements(at_most=8):
        reply = await client.post(URL, json=grid(world, boundary=SQUARE, name=" 儒林第３网格 "))
    assert reply.status_code == 201, reply.text
    new = reply.json()
    assert new["name"] == new["short_name"] == "儒林第3网格"
    assert new["ancestors"][-1]["id"] == str(world.places["village_a"].id)
    assert (new["center_lng"], new["center_lat"]) == pytest.approx((113.025, 22.835))
    assert await codes(api, "village_admin", q="儒林第3") == [new["code"]]
    assert await codes(api, "village_admin_b", q="儒林第3") == []
    entry = await session.scalar(select(AuditLog).where(AuditLog.action == "area.create"))
    assert entry is not None
    assert str(entry.entity_id) == new["id"]
    assert entry.actor_id == world["system_admin"].member_id


async def test_a_centre_is_kept_as_wgs84(api: Api, world: World) -> None:
    centre = {"lng": 113.005, "lat": 22.835, "coord_type": "gcj02"}
    new = (await api.as_("system_admin").post(URL, json=grid(world, center=centre))).json()
    assert new["coord_type"] == "wgs84"
    assert new["center_lng"] == pytest.approx(112.9997, abs=1e-3)
    assert new["center_lng"] != centre["lng"]


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a grid below a town": ({"parent_id": "town"}, "body.parent_id"),
    "a grid below a grid": ({"parent_id": "grid_a1"}, "body.parent_id"),
    "a grid at the top": ({"parent_id": None}, "body.parent_id"),
    "a town below a village": ({"level": "town", "kind": "town"}, "body.parent_id"),
    "a kind of another level": ({"kind": "province"}, "body.kind"),
    "a code with strange letters": ({"code": "G 1*"}, "body.code"),
    "no name": ({"name": "  "}, "body.name"),
    "an unknown field": ({"path": []}, "body.path"),
    "a boundary that is open": (
        {"boundary": {"type": "Polygon", "coordinates": [[*RING[:-1], [113.02, 22.83001]]]}},
        "body.boundary",
    ),
    "a boundary that crosses itself": (
        {"boundary": {"type": "Polygon", "coordinates": [[RING[0], RING[2], RING[1], RING[3], RING[0]]]}},
        "body.boundary",
    ),
    "a boundary without area": (
        {"boundary": {"type": "Polygon", "coordinates": [[RING[0], RING[1], RING[0], RING[0]]]}},
        "body.boundary",
    ),
    "a boundary with swapped axes": (
        {"boundary": {"type": "Polygon", "coordinates": [[[lat, lng] for lng, lat in RING]]}},
        "body.boundary",
    ),
    "a line for a boundary": ({"boundary": {"type": "LineString", "coordinates": RING}}, "body.boundary"),
    "a day long ago": ({"valid_from": "0001-01-01"}, "body.valid_from"),
}


@pytest.mark.parametrize(("changed", "field"), REFUSED.values(), ids=REFUSED)
async def test_what_does_not_fit_into_the_tree_is_refused(
    api: Api, world: World, changed: dict[str, Any], field: str
) -> None:
    if changed.get("parent_id") in world.places:
        changed = {"parent_id": str(world.places[changed["parent_id"]].id)}
    reply = await api.as_("system_admin").post(URL, json=grid(world, **changed))
    problem_in(reply, 422, "invalid", field)
    assert len(await codes(api, "system_admin")) == len(world.places)


async def test_a_code_is_given_once(api: Api, world: World) -> None:
    taken = grid(world, code=world.places["grid_b1"].code)
    problem_in(await api.as_("system_admin").post(URL, json=taken), 409, "area_code_taken", "body.code")


async def test_only_the_administrator_changes_the_tree(api: Api, world: World) -> None:
    place = world.places["grid_a1"]
    for who in ("village_admin", "dispatcher", "leader_viewer", "api_client"):
        problem_in(await api.as_(who).post(URL, json=grid(world)), 403, "forbidden")
        problem_in(await api.as_(who).patch(f"{URL}/{place.id}", json={"name": "新"}), 403, "forbidden")


async def test_a_change_needs_the_version_that_was_read(api: Api, world: World, statements: Counter) -> None:
    client, url = api.as_("system_admin"), f"{URL}/{world.places['grid_a1'].id}"
    with statements(at_most=6):
        changed = await client.patch(
            url, json={"name": "新名", "public_phone": "0757-86500000"}, headers={"If-Match": '"1"'}
        )
    assert changed.headers["etag"] == '"2"'
    assert (changed.json()["name"], changed.json()["public_phone"]) == ("新名", "0757-86500000")
    stale = await client.patch(url, json={"name": "旧名"}, headers={"If-Match": '"1"'})
    problem_in(stale, 412, "stale_version")
    emptied = await client.patch(url, json={"public_phone": None})
    assert (emptied.json()["public_phone"], emptied.json()["name"]) == (None, "新名")
    problem_in(await client.patch(url, json={"name": None}), 422, "invalid", "body.name")
    problem_in(await client.patch(url, json={}), 422, "invalid")
    problem_in(await client.patch(url, json={"valid_to": "2030-01-01"}), 422, "invalid", "body.valid_to")


async def test_a_moved_grid_takes_its_micro_grids_along(
    api: Api, session: AsyncSession, world: World, statements: Counter
) -> None:
    places, client = world.places, api.as_("system_admin")
    url = f"{URL}/{places['grid_a1'].id}"
    with statements(at_most=9):
        moved = await client.patch(url, json={"parent_id": str(places["village_b"].id)})
    assert moved.status_code == 200, moved.text
    assert [area["id"] for area in moved.json()["ancestors"]] == [
        str(area_id) for area_id in places["village_b"].path
    ]
    new_path = [*places["village_b"].path, places["grid_a1"].id, places["micro_a1"].id]
    path = await session.scalar(select(Area.path).where(Area.id == places["micro_a1"].id))
    assert path == new_path
    assert await codes(api, "village_admin_b", level="micro_grid") == code(world, "micro_a1")
    assert await codes(api, "village_admin", level="micro_grid") == []
    assert (await client.get(f"{URL}/{places['micro_a1'].id}")).headers["etag"] == '"2"'


async def test_a_grid_with_households_stays_where_it_is(
    api: Api, session: AsyncSession, world: World
) -> None:
    places = world.places
    await households.add(session, world, places["micro_a1"], 1)
    url = f"{URL}/{places['grid_a1'].id}"
    reply = await api.as_("system_admin").patch(url, json={"parent_id": str(places["village_b"].id)})
    problem_in(reply, 409, "area_in_use")
    assert await codes(api, "village_admin", level="micro_grid") == code(world, "micro_a1")


@pytest.mark.parametrize("target", ["micro_a1", "grid_a2", "town"])
async def test_nothing_can_be_moved_to_where_its_level_has_no_place(
    api: Api, world: World, target: str
) -> None:
    url = f"{URL}/{world.places['grid_a1'].id}"
    reply = await api.as_("system_admin").patch(url, json={"parent_id": str(world.places[target].id)})
    problem_in(reply, 422, "invalid", "body.parent_id")
