"""Coordinates: from the datum a phone uses to WGS-84 and back, and distances on the ground.

Knows numbers only: which datum a point has is always said by the caller, never guessed, because a
wrong guess moves it by half a kilometre into another grid. GCJ-02 (maps sold in China) and BD-09
(Baidu's, on top of GCJ-02) are computed by their published formulas and undone by iteration, so
that a point survives the round trip. CGCS2000 agrees with WGS-84 to a metre and is taken for it.
"""

from collections.abc import Callable
from math import asin, atan2, cos, hypot, isfinite, pi, radians, sin, sqrt
from typing import Literal, NamedTuple, assert_never

__all__ = [
    "CoordType",
    "InvalidPointError",
    "Point",
    "PointFault",
    "distance_m",
    "from_wgs84",
    "to_wgs84",
    "validate_point",
]

CoordType = Literal["wgs84", "gcj02", "bd09", "cgcs2000"]
PointFault = Literal["not_finite", "zero", "swapped", "outside"]

# Degrees that hold the whole country and its waters; they overlap neither 0 nor each other.
_LNG_RANGE = (73.0, 135.0)
_LAT_RANGE = (3.0, 54.0)
# The box in which GCJ-02 is shifted at all; it is part of the formula and wider than the one above.
_GCJ_LNG_RANGE = (72.004, 137.8347)
_GCJ_LAT_RANGE = (0.8293, 55.8271)
# Krasovsky 1940, the ellipsoid that GCJ-02 is defined on: semi-major axis in metres, eccentricity².
_AXIS_M = 6_378_245.0
_ECCENTRICITY_2 = 0.00669342162296594323
_BD_TURN = pi * 3000 / 180
_EARTH_RADIUS_M = 6_371_008.8
# Some positioning kits report a failure as the smallest positive double instead of nought.
_NOUGHT_DEG = 1e-6
_CLOSE_DEG = 1e-10
_MOST_ROUNDS = 30


class Point(NamedTuple):
    """Longitude and latitude in degrees; the datum is what the function that made it says."""

    lng: float
    lat: float


class InvalidPointError(ValueError):
    """Not a place in China; `fault` says in what way, so that a reply can name it."""

    def __init__(self, fault: PointFault, lng: float, lat: float) -> None:
        self.fault: PointFault = fault
        super().__init__(f"{_FAULTS[fault]}: lng={lng}, lat={lat}")


_FAULTS: dict[PointFault, str] = {
    "not_finite": "coordinates must be finite numbers",
    "zero": "a point at (0, 0) is a failed fix, not a place",
    "swapped": "longitude and latitude are swapped",
    "outside": "the point is outside China (lng 73–135, lat 3–54)",
}


def validate_point(lng: float, lat: float) -> None:
    """Refuse what cannot be a place in China, in any datum (InvalidPointError); degrees."""
    fault = _fault(lng, lat)
    if fault is not None:
        raise InvalidPointError(fault, lng, lat)


def to_wgs84(lng: float, lat: float, coord_type: CoordType) -> Point:
    """Turn degrees of a datum into WGS-84, to better than 1e-7 degrees (a centimetre)."""
    point = Point(lng, lat)
    match coord_type:
        case "wgs84" | "cgcs2000":
            return point
        case "gcj02":
            return _undo(_wgs84_to_gcj02, point)
        case "bd09":
            return _undo(_wgs84_to_gcj02, _undo(_gcj02_to_bd09, point))
        case _:
            assert_never(coord_type)


def from_wgs84(lng: float, lat: float, coord_type: CoordType) -> Point:
    """Turn WGS-84 degrees into those of a datum."""
    point = Point(lng, lat)
    match coord_type:
        case "wgs84" | "cgcs2000":
            return point
        case "gcj02":
            return _wgs84_to_gcj02(point)
        case "bd09":
            return _gcj02_to_bd09(_wgs84_to_gcj02(point))
        case _:
            assert_never(coord_type)


def distance_m(start: Point, end: Point) -> float:
    """Metres along the great circle between two points of one datum (haversine, mean radius)."""
    lat_start, lat_end = radians(start.lat), radians(end.lat)
    half_lat, half_lng = (lat_end - lat_start) / 2, radians(end.lng - start.lng) / 2
    chord = sin(half_lat) ** 2 + cos(lat_start) * cos(lat_end) * sin(half_lng) ** 2
    return 2 * _EARTH_RADIUS_M * asin(sqrt(min(1.0, chord)))


def _fault(lng: float, lat: float) -> PointFault | None:
    if not (isfinite(lng) and isfinite(lat)):
        return "not_finite"
    if max(abs(lng), abs(lat)) < _NOUGHT_DEG:
        return "zero"
    if _within(lng, _LNG_RANGE) and _within(lat, _LAT_RANGE):
        return None
    if _within(lat, _LNG_RANGE) and _within(lng, _LAT_RANGE):
        return "swapped"
    return "outside"


def _within(value: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= value <= limits[1]


def _undo(forward: Callable[[Point], Point], target: Point) -> Point:
    """Find the point that `forward` takes to `target`.

    The shift changes by less than 3 % of the way moved, so each round gains a digit or two. Along
    the edge of the shifted box there may be no such point; the rounds are bounded for its sake.
    """
    guess = target
    for _ in range(_MOST_ROUNDS):
        reached = forward(guess)
        error_lng, error_lat = target.lng - reached.lng, target.lat - reached.lat
        guess = Point(guess.lng + error_lng, guess.lat + error_lat)
        if max(abs(error_lng), abs(error_lat)) < _CLOSE_DEG:
            break
    return guess


def _wgs84_to_gcj02(point: Point) -> Point:
    lng, lat = point
    if not (_within(lng, _GCJ_LNG_RANGE) and _within(lat, _GCJ_LAT_RANGE)):
        return point
    east, north = _gcj_shift(lng - 105.0, lat - 35.0)
    curve = 1 - _ECCENTRICITY_2 * sin(radians(lat)) ** 2
    metres_east = radians(_AXIS_M / sqrt(curve) * cos(radians(lat)))
    metres_north = radians(_AXIS_M * (1 - _ECCENTRICITY_2) / curve**1.5)
    return Point(lng + east / metres_east, lat + north / metres_north)


def _gcj_shift(x: float, y: float) -> tuple[float, float]:
    """Metres east and north by which GCJ-02 moves a point x, y degrees from (105, 35)."""
    bend = 0.1 * x * y
    root = sqrt(abs(x))
    ripple = 20 * sin(6 * x * pi) + 20 * sin(2 * x * pi)
    swell_east = 20 * sin(x * pi) + 40 * sin(x / 3 * pi)
    swell_east += 150 * sin(x / 12 * pi) + 300 * sin(x / 30 * pi)
    swell_north = 20 * sin(y * pi) + 40 * sin(y / 3 * pi)
    swell_north += 160 * sin(y / 12 * pi) + 320 * sin(y / 30 * pi)
    east = 300 + x + 2 * y + 0.1 * x * x + bend + 0.1 * root + (ripple + swell_east) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + bend + 0.2 * root + (ripple + swell_north) * 2 / 3
    return east, north


def _gcj02_to_bd09(point: Point) -> Point:
    lng, lat = point
    radius = hypot(lng, lat) + 0.00002 * sin(lat * _BD_TURN)
    angle = atan2(lat, lng) + 0.000003 * cos(lng * _BD_TURN)
    return Point(radius * cos(angle) + 0.0065, radius * sin(angle) + 0.006)
