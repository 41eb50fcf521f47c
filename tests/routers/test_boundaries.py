"""Boundaries as one GeoJSON collection: what is wrong is told with its place and is not written."""

from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.area import Area
from app.schemas.area import MAX_POSITIONS
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.world import World

PATH = "/v1/grids/boundaries"
FIRST, SECOND = "440605121001001", "440605121001002"
WEST, SOUTH, SIDE = 113.0, 22.83, 0.01
Ring = list[tuple[float, float]]


def box(west: float, south: float, east: float, north: float) -> Ring:
    return [(west, south), (east, south), (east, north), (west, north), (west, south)]


def feature(code: str, *rings: Ring) -> dict[str, Any]:
    geometry = {"type": "Polygon", "coordinates": rings}
    return {"type": "Feature", "properties": {"code": code, "name": "x"}, "geometry": geometry}


async def take(api: Api, *features: dict[str, Any], **options: Any) -> Any:
    collection = {"type": "FeatureCollection", "name": "网格", "features": features}
    return await api.as_("system_admin").post(PATH, json={"collection": collection, **options})


async def found(api: Api, *features: dict[str, Any]) -> list[dict[str, Any]]:
    reply = await take(api, *features)
    assert reply.status_code == 200, reply.text
    assert reply.json()["applied"] is False
    findings: list[dict[str, Any]] = reply.json()["findings"]
    return findings


async def test_neighbours_that_only_touch_are_fine_and_are_written(
    api: Api, session: AsyncSession, world: World
) -> None:
    middle = WEST + SIDE + 0.002
    drawn = (
        feature(FIRST, box(WEST, SOUTH, middle, SOUTH + SIDE)),
        feature(SECOND, box(middle, SOUTH, WEST + 2 * SIDE, SOUTH + SIDE)),
    )
    assert await found(api, *drawn) == []
    reply = await take(api, *drawn, apply=True)
    assert reply.json() == {"applied": True, "findings": []}
    area = await session.get_one(Area, world.places["grid_a1"].id)
    assert area.version == 2
    assert area.boundary is not None
    assert area.boundary["coordinates"][0][1] == [middle, SOUTH]


async def test_an_overlap_with_a_grid_that_is_not_sent_is_told_with_its_place_and_size(api: Api) -> None:
    (finding,) = await found(api, feature(FIRST, box(WEST, SOUTH, WEST + SIDE + 0.001, SOUTH + SIDE)))
    assert (finding["kind"], finding["codes"]) == ("overlap", [FIRST, SECOND])
    assert finding["area_m2"] == pytest.approx(0.001 * SIDE * 111_320**2 * 0.9216, rel=0.01)
    assert WEST + SIDE < finding["lng"] < WEST + SIDE + 0.001


async def test_a_hole_that_nobody_has_is_told(api: Api) -> None:
    outer, inner = box(WEST, SOUTH, WEST + SIDE, SOUTH + SIDE), box(113.004, 22.834, 113.006, 22.836)
    (finding,) = await found(api, feature(FIRST, outer, inner))
    assert (finding["kind"], finding["codes"]) == ("hole", [FIRST])
    assert 113.004 < finding["lng"] < 113.006
    filled = (feature(FIRST, outer, inner), feature(SECOND, inner))
    assert await found(api, *filled) == []


async def test_a_boundary_that_crosses_itself_is_told_with_the_place(api: Api) -> None:
    bow = [
        (WEST, SOUTH),
        (WEST + SIDE, SOUTH + SIDE),
        (WEST + SIDE, SOUTH),
        (WEST, SOUTH + SIDE),
        (WEST, SOUTH),
    ]
    (finding,) = await found(api, feature(FIRST, bow))
    assert (finding["kind"], finding["codes"]) == ("self_intersection", [FIRST])
    assert (finding["lng"], finding["lat"]) == pytest.approx((WEST + SIDE / 2, SOUTH + SIDE / 2))


async def test_what_lies_outside_the_village_is_told(api: Api, session: AsyncSession, world: World) -> None:
    village = await session.get_one(Area, world.places["village_a"].id)
    border = box(WEST, SOUTH, WEST + 2 * SIDE, SOUTH + SIDE)
    village.boundary = {"type": "Polygon", "coordinates": [border]}
    await session.commit()
    (finding,) = await found(api, feature(FIRST, box(WEST - 0.001, SOUTH, WEST + SIDE, SOUTH + SIDE)))
    assert (finding["kind"], finding["codes"]) == ("outside_parent", [FIRST])


async def test_unknown_and_repeated_codes_are_told(api: Api) -> None:
    square = box(WEST, SOUTH, WEST + SIDE, SOUTH + SIDE)
    findings = await found(api, feature("999", square), feature(FIRST, square), feature(FIRST, square))
    assert [(finding["kind"], finding["codes"]) for finding in findings] == [
        ("repeated_code", [FIRST]),
        ("unknown_code", ["999"]),
    ]


async def test_nothing_is_written_while_anything_is_wrong_that_was_not_allowed(
    api: Api, session: AsyncSession, world: World
) -> None:
    wide = feature(FIRST, box(WEST, SOUTH, WEST + SIDE + 0.001, SOUTH + SIDE))
    problem = problem_in(await take(api, wide, apply=True), 409, "boundaries_refused")
    assert problem["findings"] == ["overlap"]
    area = await session.get_one(Area, world.places["grid_a1"].id)
    assert area.version == 1
    reply = await take(api, wide, apply=True, allow=["overlap"])
    assert reply.json()["applied"] is True


async def test_only_administrators_draw(api: Api) -> None:
    for who in ("village_admin", "grid_leader", "api_client"):
        problem_in(await api.as_(who).post(PATH, json={}), 403, "forbidden")


async def test_boundaries_of_a_town_may_be_longer_than_other_bodies_and_not_endless(
    api: Api, app: FastAPI
) -> None:
    """Some hundred grids with hundreds of points each are megabytes."""
    settings = app.state.settings
    points = MAX_POSITIONS - 3
    wavy = [(WEST + SIDE * step / points, SOUTH + 1e-9 * step * (points - step)) for step in range(points)]
    north = SOUTH + SIDE
    detailed = feature(FIRST, [*wavy, (WEST + SIDE, north), (WEST, north), (WEST, SOUTH)])
    long_name = {**detailed, "properties": {"code": FIRST, "note": "x" * settings.max_body_bytes}}
    reply = await take(api, long_name)
    assert reply.status_code == 200, reply.text
    assert len(reply.request.content) > settings.max_body_bytes
    endless = b" " * (settings.max_boundaries_bytes + 1)
    refused = await api.as_("system_admin").post(PATH, content=endless)
    problem_in(refused, 413, "body_too_large")
    other = await api.as_("system_admin").post("/v1/areas", content=b" " * (settings.max_body_bytes + 1))
    problem_in(other, 413, "body_too_large")
