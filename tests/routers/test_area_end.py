"""Closing an area: refused while anything lies in it, and then it is over for everybody."""

from typing import Any

import pytest

from app.core import clock
from tests.support import dwellings
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.tickets import Loop
from tests.support.world import World

TODAY = clock.today().isoformat()


async def new_grid(api: Api, world: World, **changed: Any) -> str:
    """An empty grid of village A; its id."""
    body = {"code": "440605121001008", "name": "儒林第八网格", "level": "grid", "kind": "base_grid"}
    village = {"parent_id": str(world.places["village_a"].id)}
    reply = await api.as_("system_admin").post("/v1/areas", json=body | village | changed)
    assert reply.status_code == 201, reply.text
    return str(reply.json()["id"])


async def end(api: Api, area_id: str, **headers: str) -> Any:
    return await api.as_("system_admin").post(f"/v1/areas/{area_id}/end", headers=headers)


async def test_an_empty_grid_is_closed_and_its_history_says_so(api: Api, world: World) -> None:
    grid = await new_grid(api, world)
    problem_in(await end(api, grid, **{"If-Match": '"7"'}), 412, "stale_version")
    reply = await end(api, grid, **{"If-Match": '"1"'})
    assert (reply.json()["valid_to"], reply.headers["etag"]) == (TODAY, '"2"')
    listed = (await api.as_("village_admin").get("/v1/areas", params={"limit": 100})).json()["items"]
    assert grid not in {area["id"] for area in listed}
    told = (await api.as_("village_admin").get(f"/v1/areas/{grid}/history")).json()["changes"]
    assert [(line["action"], line["by"]["name"]) for line in told] == [
        ("area.end", world["system_admin"].name),
        ("area.create", world["system_admin"].name),
    ]
    problem_in(await end(api, grid), 409, "area_not_in_force")
    body = {"area_id": grid, "address": "一巷 1 号", "household_type": "vacant"}
    gone = await api.as_("village_admin").post("/v1/households", json=body)
    problem_in(gone, 404, "not_found")


async def test_a_grid_with_a_household_is_not_closed(api: Api, world: World) -> None:
    grid = await new_grid(api, world)
    area = {"area_id": grid, "household_type": "vacant", "residents": []}
    home = await dwellings.household(api, "village_admin", world.places["grid_a1"], **area)
    assert problem_in(await end(api, grid), 409, "area_not_empty")["left"] == ["household"]
    ended = await api.as_("village_admin").post(f"/v1/households/{home['id']}/end", json={})
    assert ended.status_code == 200
    assert (await end(api, grid)).status_code == 200


@pytest.mark.parametrize(
    "what", ["micro-grid", "post", "organisation", "member", "ticket", "place", "building"]
)
async def test_whatever_lies_in_an_area_keeps_it(api: Api, world: World, what: str) -> None:
    grid = await new_grid(api, world)
    admin, worker = api.as_("system_admin"), api.as_("village_admin")
    if what == "micro-grid":
        await new_grid(api, world, code="x", level="micro_grid", kind="micro_grid", parent_id=grid)
    elif what == "ticket":
        loop = Loop(api, world)
        await loop.report("village_admin", area_id=grid, location=None)
    else:
        url, body = {
            "post": ("posts", {"member_id": str(world["grid_worker"].member_id), "role": "grid_worker"}),
            "organisation": ("orgs", {"name": "第八服务队", "kind": "service_team"}),
            "member": ("members", {"name": "何小勤", "employment": "volunteer"}),
            "place": ("places", {"name": "小卖部", "kind": "shop", "address": "一巷 2 号"}),
            "building": ("buildings", {"name": "一座", "address": "一巷 3 号"}),
        }[what]
        client = worker if what in {"place", "building"} else admin
        reply = await client.post(f"/v1/{url}", json=body | {"area_id": grid})
        assert reply.status_code == 201, reply.text
    left = problem_in(await end(api, grid), 409, "area_not_empty")["left"]
    assert left == [{"micro-grid": "area", "organisation": "org"}.get(what, what)]


async def test_only_administrators_close_areas_and_not_by_changing_a_field(api: Api, world: World) -> None:
    grid = await new_grid(api, world)
    problem_in(await api.as_("village_admin").post(f"/v1/areas/{grid}/end"), 403, "forbidden")
    patched = await api.as_("system_admin").patch(f"/v1/areas/{grid}", json={"valid_to": TODAY})
    problem_in(patched, 422, "invalid", "body.valid_to")


async def test_a_village_with_people_is_not_closed_and_says_what_is_left(api: Api, world: World) -> None:
    village = str(world.places["village_a"].id)
    left = problem_in(await end(api, village), 409, "area_not_empty")["left"]
    assert {"area", "org", "post"} <= set(left)


async def test_nothing_new_begins_in_an_area_that_is_over(api: Api, world: World) -> None:
    grid = await new_grid(api, world)
    assert (await end(api, grid)).status_code == 200
    admin, area = api.as_("system_admin"), {"area_id": grid}
    org = await admin.post("/v1/orgs", json={"name": "第八服务队", "kind": "service_team", **area})
    problem_in(org, 404, "not_found", "body.area_id")
    member = await admin.post("/v1/members", json={"name": "何小勤", "employment": "volunteer", **area})
    problem_in(member, 404, "not_found", "body.area_id")
    held = {"member_id": str(world["grid_worker"].member_id), "role": "grid_worker", **area}
    problem_in(await admin.post("/v1/posts", json=held), 422, "invalid", "body.area_id")
    child = {"code": "x", "name": "微网格", "level": "micro_grid", "kind": "micro_grid", "parent_id": grid}
    problem_in(await admin.post("/v1/areas", json=child), 404, "not_found", "body.parent_id")
    loop = Loop(api, world)
    told = await api.as_("village_admin").post("/v1/tickets", json=loop.body(area_id=grid, location=None))
    problem_in(told, 404, "not_found", "body.area_id")
