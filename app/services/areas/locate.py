"""Which grid a point is in.

The boundaries of all grids stand in a spatial index (an R-tree of shapely polygons) that each process
keeps. One cheap statement per call reads a mark of the grids in the database (how many, the sum of their
versions, the latest change); when it differs from the mark that the index was built under, the index is
built anew. Scope and validity are asked of the database each time, never of the index.

A point in several boundaries belongs to the lowest level, then to the smallest area, so that a
micro-grid comes before its grid and an exclusive grid before the one round it. A point on a common border
belongs to one of the two, always the same. The answer is a hint: a worker's own post wins over it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

import shapely
from sqlalchemy import Row, Text, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.coordinates import CoordType, InvalidPointError, Point, to_wgs84, validate_point
from app.core.errors import invalid_field
from app.models.area import Area
from app.models.enums import AreaLevel
from app.schemas.types import POINT_FAULTS
from app.services.areas import tree
from app.services.platform.actor import Actor

_LEVELS = (AreaLevel.MICRO_GRID, AreaLevel.GRID)
_BOUNDED = (Area.level.in_(_LEVELS), Area.boundary.is_not(None))
_MARK = select(func.concat_ws("/", func.count(), func.sum(Area.version), func.max(Area.updated_at))).where(
    *_BOUNDED
)


@dataclass(frozen=True, slots=True)
class Located:
    """The point in WGS-84, and the grid round it with its ancestors, top first."""

    point: Point
    grid: Area | None
    ancestors: Sequence[Area]


class _Index(NamedTuple):
    """The tree and, for each of its polygons, the grid's id; preferred grids first."""

    mark: str
    polygons: shapely.STRtree
    ids: tuple[UUID, ...]


class _Kept:
    """The index of this process; replaced as a whole, so that two calls may build it at once."""

    index: _Index | None = None


async def locate(
    session: AsyncSession, *, actor: Actor, lng: float, lat: float, coord_type: CoordType
) -> Located:
    """The grid round a point in degrees of a datum; `Invalid` when it cannot be a place in China."""
    point = _wgs84(lng, lat, coord_type)
    index = await _current(session)
    hits = sorted(index.polygons.query(shapely.Point(point), predicate="intersects").tolist())
    grid = await _first_visible(session, actor, [index.ids[hit] for hit in hits])
    above = await tree.ancestors(session, area=grid) if grid else ()
    return Located(point, grid, above)


def _wgs84(lng: float, lat: float, coord_type: CoordType) -> Point:
    try:
        validate_point(lng, lat)
    except InvalidPointError as bad:
        zh, _, en = POINT_FAULTS[bad.fault].partition(" | ")
        raise invalid_field("query.lng", zh, en, f"point_{bad.fault}") from None
    return to_wgs84(lng, lat, coord_type)


async def _current(session: AsyncSession) -> _Index:
    mark = await session.scalar(_MARK) or ""
    if _Kept.index is None or _Kept.index.mark != mark:
        boundaries = select(Area.id, Area.level, Area.code, cast(Area.boundary, Text).label("geojson"))
        rows = (await session.execute(boundaries.where(*_BOUNDED))).all()
        _Kept.index = _build(mark, rows)
    return _Kept.index


def _build(mark: str, rows: Sequence[Row[UUID, str, str, str]]) -> _Index:
    """An unreadable boundary is left out: it must not keep the others from being found."""
    polygons = shapely.from_geojson([row.geojson for row in rows], on_invalid="ignore")
    ranked = sorted(
        (_LEVELS.index(AreaLevel(row.level)), polygon.area, row.code, row.id, polygon)
        for row, polygon in zip(rows, polygons, strict=True)
        if polygon is not None
    )
    return _Index(mark, shapely.STRtree([entry[4] for entry in ranked]), tuple(entry[3] for entry in ranked))


async def _first_visible(session: AsyncSession, actor: Actor, area_ids: Sequence[UUID]) -> Area | None:
    if not area_ids:
        return None
    statement = select(Area).where(Area.id.in_(area_ids), tree.visible(actor), tree.in_force())
    found = {area.id: area for area in await session.scalars(statement.options(tree.BRIEF))}
    return next((found[area_id] for area_id in area_ids if area_id in found), None)
