"""Two people write the register or the tree at the same moment, with real commits."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.area import Area
from app.models.registry import Household, Resident
from tests.support.clients import Api
from tests.support.households import body, identity_number, person
from tests.support.world import World

pytestmark = pytest.mark.commits


async def test_one_person_is_registered_once_however_many_try(
    api: Api, session: AsyncSession, world: World
) -> None:
    client = api.as_("grid_worker")
    replies = await asyncio.gather(
        *(client.post("/v1/households", json=body(world.places["grid_a1"])) for _ in range(6))
    )
    assert sorted(reply.status_code for reply in replies) == [201, *[409] * 5]
    assert await session.scalar(select(func.count()).select_from(Resident)) == 1
    assert await session.scalar(select(func.count()).select_from(Household)) == 1


async def test_two_collectives_with_the_same_people_in_another_order_do_not_block_each_other(
    api: Api, world: World
) -> None:
    client, grid = api.as_("grid_worker"), world.places["grid_a1"]
    for round_ in range(9):
        numbers = [identity_number(100 * round_ + place) for place in range(100)]
        forms = [
            [person("99" if place else "02", id_number=number) for place, number in enumerate(order)]
            for order in (numbers, numbers[::-1])
        ]
        replies = await asyncio.gather(
            *(client.post("/v1/households", json=body(grid, residents=residents)) for residents in forms)
        )
        assert sorted(reply.status_code for reply in replies) == [201, 409]
        refused = next(reply.json() for reply in replies if reply.status_code == 409)
        assert refused["code"] == "resident_registered"


async def test_a_child_born_while_its_parent_moves_has_the_right_path(
    api: Api, session: AsyncSession, world: World
) -> None:
    admin, places = api.as_("system_admin"), world.places
    grid = f"/v1/areas/{places['grid_a1'].id}"
    for turn in range(6):
        target = places["village_b" if turn % 2 == 0 else "village_a"]
        child = {
            "code": f"M{turn}",
            "name": f"微网格{turn}",
            "level": "micro_grid",
            "kind": "micro_grid",
            "parent_id": str(places["grid_a1"].id),
        }
        moved, born = await asyncio.gather(
            admin.patch(grid, json={"parent_id": str(target.id)}), admin.post("/v1/areas", json=child)
        )
        assert (moved.status_code, born.status_code) == (200, 201)
        path = await session.scalar(select(Area.path).where(Area.id == UUID(born.json()["id"])))
        assert path == [*target.path, places["grid_a1"].id, UUID(born.json()["id"])]
        await session.rollback()


NEW: Mapping[str, tuple[str, str, dict[str, Any]]] = {
    "household": (
        "village_admin",
        "/v1/households",
        {"address": "一巷 1 号", "household_type": "vacant"},
    ),
    "building": ("village_admin", "/v1/buildings", {"name": "一座", "address": "一巷 3 号"}),
    "organisation": ("system_admin", "/v1/orgs", {"name": "第八服务队", "kind": "service_team"}),
    "member": ("system_admin", "/v1/members", {"name": "何小勤", "employment": "volunteer"}),
    "post": ("system_admin", "/v1/posts", {"role": "grid_worker"}),
}


@pytest.mark.parametrize("what", NEW)
async def test_nothing_begins_in_an_area_that_ends_at_the_same_moment(
    api: Api, world: World, what: str
) -> None:
    who, url, new = NEW[what]
    admin = api.as_("system_admin")
    member = {"member_id": str(world["grid_worker"].member_id)} if what == "post" else {}
    ends = set()
    for turn in range(6):
        grid = {"code": f"N{turn}", "name": f"新网格{turn}", "level": "grid", "kind": "base_grid"}
        village = {"parent_id": str(world.places["village_a"].id)}
        area_id = (await admin.post("/v1/areas", json=grid | village)).json()["id"]
        asked = [
            admin.post(f"/v1/areas/{area_id}/end"),
            api.as_(who).post(url, json={**new, **member, "area_id": area_id}),
        ]
        order = slice(None, None, 1 if turn % 2 else -1)
        ended, made = (await asyncio.gather(*asked[order]))[order]
        assert (ended.status_code, made.is_success) in {(200, False), (409, True)}, made.text
        ends.add(ended.status_code)
    assert ends
