"""Places as they are written: a boundary of GeoJSON polygons in WGS-84, and a centre in any datum.

Refuses what encloses nothing or lies outside China; makes the columns of the area's row.
"""

from typing import Any

import shapely

from app.core.coordinates import InvalidPointError, Point, to_wgs84, validate_point
from app.core.errors import invalid_field
from app.schemas.area import AreaCreate, AreaPatch, MultiPolygon, Polygon

WHERE = "body.boundary"


def columns(sent: AreaCreate | AreaPatch, fields: set[str]) -> dict[str, Any]:
    """The columns of boundary and centre, as far as they are among the sent fields.

    A boundary without a centre gives a point inside it as the centre.
    """
    values: dict[str, Any] = {}
    if "boundary" in fields:
        values["boundary"] = _checked(sent.boundary) if sent.boundary else None
        if sent.boundary:
            values |= _centre(_middle(values["boundary"]))
    if "center" in fields and (sent.center or "center_lng" not in values):
        values |= _centre(_wgs84(sent))
    return values


def _checked(boundary: Polygon | MultiPolygon) -> dict[str, Any]:
    parts = [boundary.coordinates] if isinstance(boundary, Polygon) else boundary.coordinates
    if any(ring[0] != ring[-1] for rings in parts for ring in rings):
        raise invalid_field(
            WHERE, "边界的首尾两点须相同", "The first and last points of a ring must be the same"
        )
    shape = shapely.geometry.shape(boundary.model_dump())
    if not shapely.is_valid(shape) or shape.area == 0:
        raise invalid_field(
            WHERE,
            "边界不是有效的多边形（可能自相交或没有面积）",
            "The boundary crosses itself or encloses nothing",
        )
    _require_china(shape.bounds)
    return boundary.model_dump(mode="json")


def _require_china(bounds: tuple[float, float, float, float]) -> None:
    west, south, east, north = bounds
    try:
        validate_point(west, south)
        validate_point(east, north)
    except InvalidPointError:
        raise invalid_field(
            WHERE, "边界不在中国境内，或经纬度写反了", "The boundary is outside China, or swapped"
        ) from None


def _middle(geojson: dict[str, Any]) -> Point:
    """A point inside the boundary, where the centroid of a bent one may not be."""
    inside = shapely.geometry.shape(geojson).representative_point()
    return Point(inside.x, inside.y)


def _wgs84(sent: AreaCreate | AreaPatch) -> Point | None:
    centre = sent.center
    return to_wgs84(centre.lng, centre.lat, centre.coord_type) if centre else None


def _centre(point: Point | None) -> dict[str, float | None]:
    return {"center_lng": point.lng if point else None, "center_lat": point.lat if point else None}
