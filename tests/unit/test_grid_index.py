"""Which grids lie next to each other and which hold a point, by their boundaries alone."""

import json
from collections.abc import Iterable
from uuid import UUID

import pytest
import shapely

from app.models.enums import AreaLevel
from app.services.areas.grid_index import GAP_DEG, GridIndex
from tests.support.world import World, fixed_id

WORLD = World()
KEYS = ("micro_a1", "grid_a1", "grid_a2", "grid_b1", "grid_b2", "grid_c1", "grid_c2")
SQUARES = [
    (
        WORLD.places[key].level,
        WORLD.places[key].id,
        shapely.from_geojson(json.dumps(WORLD.places[key].boundary)),
    )
    for key in KEYS
]
INDEX = GridIndex("1", SQUARES)


def names(found: Iterable[UUID]) -> list[str]:
    keys = {WORLD.places[key].id: key for key in KEYS}
    return [keys[grid_id] for grid_id in found]


@pytest.mark.parametrize(
    ("key", "neighbours"),
    [
        ("grid_a1", {"grid_a2", "grid_b1", "grid_b2"}),
        ("grid_b2", {"grid_a1", "grid_a2", "grid_b1"}),
        ("grid_c1", {"grid_c2"}),
    ],
)
def test_grids_that_share_a_border_or_a_corner_are_neighbours(key: str, neighbours: set[str]) -> None:
    for _ in range(2):
        assert set(names(INDEX.neighbours(WORLD.places[key].id))) == neighbours


@pytest.mark.parametrize(("gap", "beside"), [(0.5 * GAP_DEG, True), (2 * GAP_DEG, False)])
def test_a_slit_between_two_drawings_parts_no_neighbours(gap: float, beside: bool) -> None:
    west, east = fixed_id(1), fixed_id(2)
    squares = [(AreaLevel.GRID, west, shapely.box(113, 22, 113.01, 22.01))]
    squares.append((AreaLevel.GRID, east, shapely.box(113.01 + gap, 22, 113.02, 22.01)))
    assert list(GridIndex("1", squares).neighbours(west)) == ([east] if beside else [])


def test_a_grid_without_a_boundary_has_no_neighbours() -> None:
    assert list(INDEX.neighbours(fixed_id(1))) == []
    assert list(GridIndex("0", []).neighbours(fixed_id(1))) == []


def test_a_point_is_in_the_smallest_first() -> None:
    west, south = WORLD.places["micro_a1"].corner or (0, 0)
    assert names(INDEX.around(west + 0.002, south + 0.002)) == ["micro_a1", "grid_a1"]
    assert names(INDEX.around(west + 0.008, south + 0.008)) == ["grid_a1"]
    assert list(INDEX.around(120, 30)) == []
