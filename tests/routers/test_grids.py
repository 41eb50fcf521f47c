"""Which grid a point is in: every datum gives the same grid, a wrong label another one."""

from typing import Any, get_args

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.coordinates import CoordType, from_wgs84
from app.models.area import Area
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.statements import Counter
from tests.support.world import World

URL = "/v1/grids/locate"
COORD_TYPES = get_args(CoordType)


async def located(api: Api, who: str, lng: float, lat: float, coord_type: str = "wgs84") -> Any:
    params: dict[str, Any] = {"lng": lng, "lat": lat, "coord_type": coord_type}
    reply = await api.as_(who).get(URL, params=params)
    assert reply.status_code == 200, reply.text
    return reply.json()


def name_of(found: Any) -> str | None:
    return found["grid"]["name"] if found["grid"] else None


@pytest.mark.parametrize("coord_type", COORD_TYPES)
async def test_a_place_is_in_the_same_grid_whatever_the_phone_speaks(
    api: Api, world: World, coord_type: CoordType
) -> None:
    place = world.places["grid_b2"]
    sent = from_wgs84(*place.centre, coord_type)
    found = await located(api, "dispatcher", *sent, coord_type)
    assert found["grid"]["id"] == str(place.id)
    assert found["grid"]["is_synthetic"] is True
    assert (found["point"]["lng"], found["point"]["lat"]) == pytest.approx(place.centre, abs=1e-7)
    assert [area["id"] for area in found["ancestors"]] == [str(area_id) for area_id in place.path[:-1]]


@pytest.mark.parametrize(("spoken", "said"), [("gcj02", "wgs84"), ("bd09", "gcj02"), ("bd09", "wgs84")])
async def test_a_wrong_label_puts_the_place_into_another_grid(
    api: Api, world: World, spoken: CoordType, said: str
) -> None:
    west, south = world.places["grid_a2"].corner or (0, 0)
    sent = from_wgs84(west - 0.002, south + 0.003, spoken)
    right = await located(api, "dispatcher", *sent, spoken)
    wrong = await located(api, "dispatcher", *sent, said)
    assert name_of(right) == world.places["grid_a1"].name
    assert name_of(wrong) == world.places["grid_a2"].name


async def test_the_smallest_area_round_the_point_is_the_answer(api: Api, world: World) -> None:
    west, south = world.places["micro_a1"].corner or (0, 0)
    assert name_of(await located(api, "dispatcher", west + 0.002, south + 0.002)) == "儒林一号楼"
    assert name_of(await located(api, "dispatcher", west + 0.008, south + 0.008)) == "儒林第一网格"


async def test_a_point_on_a_common_border_always_belongs_to_the_same_grid(api: Api, world: World) -> None:
    west, south = world.places["grid_a2"].corner or (0, 0)
    names = {name_of(await located(api, "dispatcher", west, south + 0.008)) for _ in range(3)}
    assert names == {"儒林第一网格"}


@pytest.mark.parametrize("who", ["api_client", "village_admin", "grid_worker"])
async def test_a_point_in_village_b_is_nowhere_for_whoever_is_of_village_a(
    api: Api, world: World, who: str
) -> None:
    found = await located(api, who, *world.places["grid_b1"].centre)
    assert (found["grid"], found["ancestors"]) == (None, [])
    assert name_of(await located(api, "grid_worker_b", *world.places["grid_b1"].centre)) == "河清第一网格"


async def test_a_place_without_a_grid_is_an_answer(api: Api) -> None:
    found = await located(api, "system_admin", 116.404, 39.915, "gcj02")
    assert found["grid"] is None
    assert found["point"]["coord_type"] == "wgs84"


@pytest.mark.parametrize(
    ("lng", "lat", "reason"),
    [
        (0, 0, "point_zero"),
        (22.835, 113.005, "point_swapped"),
        (-73.9, 40.7, "point_outside"),
    ],
)
async def test_what_is_no_place_in_china_is_refused_with_the_reason(
    api: Api, lng: float, lat: float, reason: str
) -> None:
    params: dict[str, Any] = {"lng": lng, "lat": lat, "coord_type": "wgs84"}
    problem = problem_in(await api.as_("dispatcher").get(URL, params=params), 422, "invalid", "query.lng")
    assert problem["errors"][0]["code"] == reason


@pytest.mark.parametrize("left_out", ["lng", "lat", "coord_type"])
async def test_nothing_about_a_point_is_guessed(api: Api, left_out: str) -> None:
    params: dict[str, Any] = {"lng": 113.005, "lat": 22.835, "coord_type": "wgs84"}
    del params[left_out]
    reply = await api.as_("dispatcher").get(URL, params=params)
    problem_in(reply, 422, "invalid", f"query.{left_out}")


async def test_a_redrawn_border_counts_at_once(api: Api, world: World) -> None:
    place, admin = world.places["grid_b2"], api.as_("system_admin")
    beyond = (place.centre[0] + 0.01, place.centre[1])
    assert name_of(await located(api, "dispatcher", *beyond)) is None
    (west, south), side = place.corner or (0, 0), 0.02
    ring = [[west, south], [west + side, south], [west + side, south + side], [west, south + side]]
    boundary = {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
    changed = await admin.patch(f"/v1/areas/{place.id}", json={"boundary": boundary})
    assert changed.status_code == 200, changed.text
    assert name_of(await located(api, "dispatcher", *beyond)) == place.name
    await admin.patch(f"/v1/areas/{place.id}", json={"boundary": place.boundary})
    assert name_of(await located(api, "dispatcher", *beyond)) is None


async def test_a_grid_that_has_ended_is_not_found_any_more(
    api: Api, session: AsyncSession, world: World
) -> None:
    place = world.places["grid_b2"]
    row = await session.get_one(Area, place.id)
    row.valid_to = clock.today()
    await session.commit()
    assert name_of(await located(api, "dispatcher", *place.centre)) is None


async def test_a_border_that_cannot_be_read_hides_no_other_grid(
    api: Api, session: AsyncSession, world: World
) -> None:
    row = await session.get_one(Area, world.places["grid_b1"].id)
    row.boundary, row.version = {"type": "Polygon", "coordinates": "?"}, row.version + 1
    await session.commit()
    assert name_of(await located(api, "dispatcher", *world.places["grid_b1"].centre)) is None
    assert name_of(await located(api, "dispatcher", *world.places["grid_b2"].centre)) == "河清第二网格"


async def test_locating_costs_four_statements_once_the_borders_are_known(
    api: Api, world: World, statements: Counter
) -> None:
    centre = world.places["grid_b1"].centre
    await located(api, "dispatcher", *centre)
    with statements(at_most=4):
        await located(api, "dispatcher", *centre)
