"""Which grid a point is in.

A point in several boundaries belongs to the lowest level, then to the smallest area, so that a
micro-grid comes before its grid and an exclusive grid before the one round it. A point on a common border
belongs to one of the two, always the same. The answer is a hint: a worker's own post wins over it. The
boundaries are kept by `grid_index`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.coordinates import CoordType, InvalidPointError, Point, to_wgs84, validate_point
from app.core.errors import invalid_field
from app.models.area import Area
from app.schemas.types import POINT_FAULTS
from app.services.areas import grid_index, tree
from app.services.platform.actor import Actor


@dataclass(frozen=True, slots=True)
class Located:
    """The point in WGS-84, and the grid round it with its ancestors, top first."""

    point: Point
    grid: Area | None
    ancestors: Sequence[Area]


async def locate(
    session: AsyncSession, *, actor: Actor, lng: float, lat: float, coord_type: CoordType
) -> Located:
    """The grid round a point in degrees of a datum; `Invalid` when it cannot be a place in China."""
    point = _wgs84(lng, lat, coord_type)
    index = await grid_index.current(session)
    grid = await _first_visible(session, actor, index.around(*point))
    above = await tree.ancestors(session, area=grid) if grid else ()
    return Located(point, grid, above)


def _wgs84(lng: float, lat: float, coord_type: CoordType) -> Point:
    try:
        validate_point(lng, lat)
    except InvalidPointError as bad:
        zh, _, en = POINT_FAULTS[bad.fault].partition(" | ")
        raise invalid_field("query.lng", zh, en, f"point_{bad.fault}") from None
    return to_wgs84(lng, lat, coord_type)


async def _first_visible(session: AsyncSession, actor: Actor, area_ids: Sequence[UUID]) -> Area | None:
    if not area_ids:
        return None
    statement = select(Area).where(Area.id.in_(area_ids), tree.visible(actor), tree.in_force())
    found = {area.id: area for area in await session.scalars(statement.options(tree.BRIEF))}
    return next((found[area_id] for area_id in area_ids if area_id in found), None)
