"""Which visits count by rule, and how far from the address they took place."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.coordinates import Point, distance_m
from app.models.enums.visit import VisitLack, VisitMode, VisitResult
from app.services.visits.distance import to_area
from app.services.visits.effectiveness import Facts, counts, lacks

GOOD = Facts(VisitMode.IN_PERSON, VisitResult.MET, 600, "聊了近况", 12.0)
RING = [[113.0, 22.83], [113.01, 22.83], [113.01, 22.84], [113.0, 22.84], [113.0, 22.83]]
SQUARE = {"type": "Polygon", "coordinates": [RING]}


def test_a_visit_with_everything_lacks_nothing() -> None:
    assert lacks(GOOD) == ()


@pytest.mark.parametrize(
    ("changed", "missing"),
    [
        ({"result": VisitResult.NOT_MET}, [VisitLack.MET]),
        ({"duration_s": 299, "content": None}, [VisitLack.TIME_OR_CONTENT]),
        ({"duration_s": None, "content": None}, [VisitLack.TIME_OR_CONTENT]),
        ({"distance_m": None}, [VisitLack.PLACE]),
        ({"distance_m": 300.1}, [VisitLack.NEARNESS]),
        ({"mode": VisitMode.PHONE, "distance_m": None}, [VisitLack.PRESENCE]),
        ({"result": VisitResult.REFUSED, "distance_m": 900.0}, [VisitLack.MET, VisitLack.NEARNESS]),
    ],
)
def test_a_visit_says_what_it_lacks(changed: dict[str, object], missing: list[VisitLack]) -> None:
    assert list(lacks(replace(GOOD, **changed))) == missing  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changed", [{"content": None, "duration_s": 300}, {"duration_s": None}, {"distance_m": 300.0}]
)
def test_the_limits_themselves_are_enough(changed: dict[str, object]) -> None:
    assert lacks(replace(GOOD, **changed)) == ()  # type: ignore[arg-type]


def test_a_leaders_decision_goes_before_the_rule() -> None:
    assert counts((VisitLack.PLACE,), approved=True)
    assert not counts((), approved=False)
    assert counts((), approved=None)


@given(lng=st.floats(113.0, 113.01), lat=st.floats(22.83, 22.84))
def test_inside_the_grid_there_is_no_distance(lng: float, lat: float) -> None:
    metres = to_area(Point(lng, lat), boundary=SQUARE, centre=None)
    assert metres is not None
    assert metres < 0.01


@given(lng=st.floats(112.9, 113.1), lat=st.floats(22.7, 22.95))
def test_the_distance_to_a_grid_is_the_shortest_to_any_point_of_its_edge(lng: float, lat: float) -> None:
    here = Point(lng, lat)
    metres = to_area(here, boundary=SQUARE, centre=None)
    assert metres is not None
    steps = [step / 200 * 0.01 for step in range(201)]
    edge = [Point(113.0 + east, side) for east in steps for side in (22.83, 22.84)]
    edge += [Point(side, 22.83 + north) for north in steps for side in (113.0, 113.01)]
    if not (113.0 <= lng <= 113.01 and 22.83 <= lat <= 22.84):
        assert metres == pytest.approx(min(distance_m(here, point) for point in edge), rel=0.01, abs=30)


def test_without_a_boundary_the_centre_stands_for_the_address() -> None:
    here, centre = Point(113.0, 22.83), Point(113.0, 22.84)
    assert to_area(here, boundary=None, centre=centre) == pytest.approx(1112, abs=2)
    assert to_area(here, boundary=None, centre=None) is None
