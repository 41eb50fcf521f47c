"""A point keeps its place, whichever datum the phone speaks."""

from math import inf, nan, pi
from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.core.coordinates import (
    CoordType,
    InvalidPointError,
    Point,
    PointFault,
    distance_m,
    from_wgs84,
    to_wgs84,
    validate_point,
)

CITIES = {
    "Dongguan": Point(113.7518, 23.0207),
    "Zhongshan": Point(113.3926, 22.5176),
    "Foshan": Point(113.1214, 23.0215),
    "Shanwei": Point(115.3752, 22.7862),
}
EARTH_QUARTER_M = pi / 2 * 6_371_008.8

in_china = st.builds(Point, st.floats(73, 135), st.floats(3, 54))
on_earth = st.builds(Point, st.floats(-180, 180), st.floats(-90, 90))
coord_types: st.SearchStrategy[CoordType] = st.sampled_from(get_args(CoordType))


@pytest.mark.parametrize("city", CITIES)
def test_each_datum_lies_as_far_from_the_others_as_surveyed(city: str) -> None:
    point = CITIES[city]
    gcj, bd = from_wgs84(*point, "gcj02"), from_wgs84(*point, "bd09")
    assert 585 <= distance_m(point, gcj) <= 638
    assert 919.5 <= distance_m(gcj, bd) <= 965
    assert 1225 <= distance_m(point, bd) <= 1290


def test_a_landmark_in_beijing_lands_where_the_published_formula_puts_it() -> None:
    gcj = from_wgs84(116.404, 39.915, "gcj02")
    assert gcj == pytest.approx((116.41024449916938, 39.91640428150164), abs=1e-9)
    bd_of_the_gcj_reading = from_wgs84(*to_wgs84(116.404, 39.915, "gcj02"), "bd09")
    assert bd_of_the_gcj_reading == pytest.approx((116.41036949, 39.92133699), abs=1e-7)


@given(in_china, coord_types)
@example(CITIES["Shanwei"], "bd09")
def test_there_and_back_is_the_same_place(point: Point, coord_type: CoordType) -> None:
    there = from_wgs84(*point, coord_type)
    assert to_wgs84(*there, coord_type) == pytest.approx(point, abs=1e-8)


@given(in_china, coord_types)
def test_back_and_there_is_the_same_reading(reading: Point, coord_type: CoordType) -> None:
    back = to_wgs84(*reading, coord_type)
    assert from_wgs84(*back, coord_type) == pytest.approx(reading, abs=1e-8)


@given(in_china)
def test_an_unlabelled_point_would_land_in_another_grid(point: Point) -> None:
    assert distance_m(point, from_wgs84(*point, "bd09")) > 100


@given(on_earth)
def test_cgcs2000_is_taken_for_wgs84(point: Point) -> None:
    assert from_wgs84(*point, "cgcs2000") == to_wgs84(*point, "cgcs2000") == point


@pytest.mark.parametrize("point", [Point(-0.12, 51.5), Point(151.2, -33.9), Point(140.0, 40.0)])
def test_gcj02_shifts_nothing_outside_china(point: Point) -> None:
    assert from_wgs84(*point, "gcj02") == point
    assert to_wgs84(*point, "gcj02") == point


@given(on_earth, coord_types)
def test_a_point_anywhere_on_earth_gets_an_answer_near_it(point: Point, coord_type: CoordType) -> None:
    answer = to_wgs84(*point, coord_type)
    # Baidu's shift is two hundredths of a degree at most, half the world away.
    assert abs(answer.lng - point.lng) < 0.05
    assert abs(answer.lat - point.lat) < 0.05


@given(in_china)
def test_every_place_in_china_is_accepted(point: Point) -> None:
    validate_point(*point)


@pytest.mark.parametrize(
    ("lng", "lat", "fault"),
    [
        (0.0, 0.0, "zero"),
        (4.9e-324, 4.9e-324, "zero"),
        (23.0207, 113.7518, "swapped"),
        (2.35, 48.86, "outside"),
        (13.4, 52.5, "outside"),
        (113.75, 2.9, "outside"),
        (135.1, 23.0, "outside"),
        (113.75, 0.0, "outside"),
        (nan, 23.0, "not_finite"),
        (113.75, inf, "not_finite"),
    ],
)
def test_what_is_no_place_in_china_is_refused_by_name(lng: float, lat: float, fault: PointFault) -> None:
    with pytest.raises(InvalidPointError) as refusal:
        validate_point(lng, lat)
    assert refusal.value.fault == fault
    assert str(lng) in str(refusal.value)
    assert isinstance(refusal.value, ValueError)


@given(in_china)
def test_swapped_coordinates_are_told_from_foreign_ones(point: Point) -> None:
    with pytest.raises(InvalidPointError, match="swapped"):
        validate_point(point.lat, point.lng)


def test_distances_are_those_of_the_globe() -> None:
    pole, equator = Point(0, 90), Point(77, 0)
    assert distance_m(pole, equator) == pytest.approx(EARTH_QUARTER_M)
    assert distance_m(Point(0, 0), Point(180, 0)) == pytest.approx(2 * EARTH_QUARTER_M)
    # A minute of latitude is a nautical mile, and of longitude half of one at 60 degrees north.
    assert distance_m(Point(113, 23), Point(113, 23 + 1 / 60)) == pytest.approx(1852, rel=2e-3)
    assert distance_m(Point(113, 60), Point(113 + 1 / 60, 60)) == pytest.approx(926, rel=2e-3)


@given(on_earth)
def test_nothing_is_farther_than_the_other_side_of_the_globe(point: Point) -> None:
    antipode = Point(point.lng + 180, -point.lat)
    assert distance_m(point, antipode) == pytest.approx(2 * EARTH_QUARTER_M)


@given(on_earth, on_earth)
def test_a_distance_is_the_same_both_ways_and_none_to_oneself(one: Point, other: Point) -> None:
    assert distance_m(one, other) == pytest.approx(distance_m(other, one))
    assert distance_m(one, one) == 0
