"""How far from the address a visit took place: metres to its building, or to its grid, nought inside that.

The smallest area of the address stands for it where there is no point of the house; without a boundary, that
area's centre does.
"""

from math import cos, radians
from typing import Any

import shapely
from shapely.ops import nearest_points

from app.core.coordinates import Point, distance_m


def to_area(point: Point, *, boundary: dict[str, Any] | None, centre: Point | None) -> float | None:
    """Metres from a WGS-84 point to an area; None where the area's place is unknown."""
    if boundary is None:
        return distance_m(point, centre) if centre else None
    # Degrees of longitude are shorter: without the stretch the nearest corner may not be the nearest.
    stretch = cos(radians(point.lat))
    shape = shapely.transform(shapely.geometry.shape(boundary), lambda degrees: degrees * [stretch, 1.0])
    here = shapely.Point(point.lng * stretch, point.lat)
    nearest = nearest_points(shape, here)[0]
    return distance_m(point, Point(nearest.x / stretch, nearest.y))


def to_address(
    point: Point, *, spot: Point | None, boundary: dict[str, Any] | None, centre: Point | None
) -> float | None:
    """Metres from a WGS-84 point to the spot of an address, or without one to its area."""
    return distance_m(point, spot) if spot else to_area(point, boundary=boundary, centre=centre)
