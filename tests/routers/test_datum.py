"""Points that claim another datum than they were measured in: noticed where a grid was named, never moved."""

import pytest

from app.core.coordinates import CoordType, Point, from_wgs84
from tests.support import dwellings
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.tickets import Loop
from tests.support.world import GRID_DEGREES, Place, World


def in_the_north_east(place: Place, coord_type: CoordType) -> Point:
    """A point of the grid in degrees of a datum, from where each false datum leads out of the grid."""
    assert place.corner is not None
    west, south = place.corner
    return from_wgs84(west + GRID_DEGREES * 0.8, south + GRID_DEGREES * 0.8, coord_type)


@pytest.mark.parametrize(("measured", "claimed"), [("bd09", "gcj02"), ("bd09", "wgs84"), ("gcj02", "wgs84")])
async def test_trap_14_a_report_whose_point_claims_a_false_datum_says_so_to_everybody_who_reads_it(
    api: Api, world: World, measured: CoordType, claimed: CoordType
) -> None:
    sent = in_the_north_east(world.places["grid_a1"], measured)._asdict() | {"coord_type": claimed}
    loop = Loop(api, world)
    told = (await loop.report(location=sent))["location"]
    assert told["coord_type_fits"] == measured
    assert {name: told[name] for name in sent} == sent
    seen = await api.as_("dispatcher").get(f"/v1/tickets/{loop.id}")
    assert seen.json()["location"] == told
    events = await api.as_("dispatcher").get(f"/v1/tickets/{loop.id}/events")
    assert events.json()["items"][0]["data"]["coord_type_fits"] == measured


@pytest.mark.parametrize("coord_type", ["wgs84", "gcj02", "bd09", "cgcs2000"])
async def test_trap_14_a_point_that_says_its_datum_is_not_doubted(
    api: Api, world: World, coord_type: CoordType
) -> None:
    sent = in_the_north_east(world.places["grid_a1"], coord_type)._asdict() | {"coord_type": coord_type}
    told = (await Loop(api, world).report(location=sent))["location"]
    assert told["coord_type_fits"] is None
    assert told["wgs84_lng"] == pytest.approx(113.008, abs=1e-6)


async def test_trap_14_a_place_that_no_datum_explains_is_only_far_away(api: Api, world: World) -> None:
    sent = {"lng": 113.3, "lat": 23.1, "coord_type": "gcj02"}
    assert (await Loop(api, world).report(location=sent))["location"]["coord_type_fits"] is None


async def test_trap_14_the_same_numbers_are_another_place_in_another_datum(api: Api, world: World) -> None:
    point = in_the_north_east(world.places["grid_a1"], "bd09")._asdict()
    found = {}
    for coord_type in ("bd09", "gcj02"):
        query = point | {"coord_type": coord_type}
        found[coord_type] = (await api.as_("dispatcher").get("/v1/grids/locate", params=query)).json()["grid"]
    assert found["bd09"]["id"] == str(world.places["grid_a1"].id)
    assert found["gcj02"]["id"] != found["bd09"]["id"]
    unsaid = await api.as_("dispatcher").get("/v1/grids/locate", params=point)
    problem_in(unsaid, 422, "invalid", "query.coord_type")


async def test_trap_14_a_building_is_not_entered_at_a_point_of_a_false_datum(api: Api, world: World) -> None:
    grid = world.places["grid_a1"]
    point = in_the_north_east(grid, "bd09")._asdict()
    new = {"area_id": str(grid.id), "name": "水南二座", "address": "水南街 2 号"}
    false = new | {"location": point | {"coord_type": "gcj02"}}
    refused = await api.as_("grid_worker").post("/v1/buildings", json=false)
    problem = problem_in(refused, 422, "invalid", "body.location.coord_type")
    assert "gcj02" in problem["detail"]
    assert "bd09" in problem["detail"]
    true = {"location": point | {"coord_type": "bd09"}}
    house = await dwellings.building(api, "grid_worker", grid, **true)
    address = f"/v1/buildings/{house['id']}"
    moved = await api.as_("grid_worker").patch(address, json={"location": false["location"]})
    problem_in(moved, 422, "invalid", "body.location.coord_type")
    assert (await api.as_("grid_worker").get(address)).json()["lng"] == house["lng"]
