"""What is wrong with boundaries that are drawn side by side: crossings, overlaps, holes, borders too far out.

Pure geometry on WGS-84 degrees; areas of findings are square metres, near enough for a town. Siblings are
the areas below one parent. Whether a finding matters is the caller's business.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import cos, radians
from typing import Any

import shapely
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

# Borders drawn apart miss one another by a hair; what is smaller is not told.
SMALLEST_M2 = 20.0
_METRES_A_DEGREE = 111_320.0


GeoJson = dict[str, Any]


class FindingKind(StrEnum):
    """What can be wrong."""

    UNKNOWN = "unknown_code"
    REPEATED = "repeated_code"
    CROSSING = "self_intersection"
    OVERLAP = "overlap"
    HOLE = "hole"
    OUTSIDE = "outside_parent"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: with which areas (codes), about where, and how large it is."""

    kind: FindingKind
    codes: tuple[str, ...]
    lng: float | None = None
    lat: float | None = None
    area_m2: float | None = None


def crossing(code: str, geojson: GeoJson) -> Finding | None:
    """Whether a boundary crosses itself or encloses nothing."""
    shape = shapely.geometry.shape(geojson)
    if shapely.is_valid(shape) and shape.area > 0:
        return None
    where = shapely.is_valid_reason(shape).partition("[")[2].rstrip("]").split()
    lng, lat = map(float, where[:2]) if len(where) > 1 else (None, None)
    return Finding(FindingKind.CROSSING, (code,), lng, lat)


def among(siblings: Mapping[str, GeoJson], parent: GeoJson | None, drawn: Iterable[str]) -> list[Finding]:
    """Overlaps and holes of siblings and what lies outside their parent, as far as `drawn` ones take part."""
    shapes = {code: shapely.geometry.shape(geojson) for code, geojson in siblings.items()}
    sound = {code: shape for code, shape in shapes.items() if shapely.is_valid(shape)}
    new = set(drawn)
    found = _overlaps(sound, new)
    found += _holes(sound, new)
    if parent is not None:
        found += _outside({code: sound[code] for code in new & sound.keys()}, shapely.geometry.shape(parent))
    return found


def _overlaps(shapes: Mapping[str, BaseGeometry], new: set[str]) -> list[Finding]:
    codes = sorted(shapes)
    laid = [shapes[code] for code in codes]
    touching = shapely.STRtree(laid).query(laid, predicate="intersects").T
    found: list[Finding] = []
    for one, other in sorted((codes[first], codes[second]) for first, second in touching if first < second):
        if one in new or other in new:
            found += _told(FindingKind.OVERLAP, (one, other), shapes[one].intersection(shapes[other]))
    return found


def _holes(shapes: Mapping[str, BaseGeometry], new: set[str]) -> list[Finding]:
    """Ground that nobody has, with somebody all round it."""
    whole = shapely.union_all(list(shapes.values()))
    found: list[Finding] = []
    for part in shapely.get_parts(whole):
        for ring in part.interiors:
            hole = Polygon(ring)
            round_it = tuple(code for code in sorted(shapes) if shapes[code].intersects(hole))
            if new.intersection(round_it):
                found += _told(FindingKind.HOLE, round_it, hole)
    return found


def _outside(shapes: Mapping[str, BaseGeometry], parent: BaseGeometry) -> list[Finding]:
    if not shapely.is_valid(parent):
        return []
    return [
        finding
        for code in sorted(shapes)
        for finding in _told(FindingKind.OUTSIDE, (code,), shapes[code].difference(parent))
    ]


def _told(kind: FindingKind, codes: tuple[str, ...], shape: BaseGeometry) -> Sequence[Finding]:
    size = square_metres(shape)
    if size < SMALLEST_M2:
        return ()
    inside = shape.representative_point()
    return (Finding(kind, codes, inside.x, inside.y, round(size, 1)),)


def square_metres(shape: BaseGeometry) -> float:
    """The size of a shape in degrees, as if the earth were flat around it."""
    if shape.is_empty:
        return 0.0
    latitude = shape.centroid.y
    return float(shape.area * _METRES_A_DEGREE**2 * cos(radians(latitude)))
