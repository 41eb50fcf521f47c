"""In which area a report of the public lies: by its point, by an area that was named, or by the client's own.

A point belongs to the smallest grid round it; a client that does not reach that grid is told that there is
no such place. Where no grid is drawn, a named area counts, and then the one area that a client was given.
"""

from uuid import UUID

from sqlalchemy import Row, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.coordinates import InvalidPointError, Point, to_wgs84, validate_point
from app.core.errors import NotFound, invalid_field
from app.models.area import Area
from app.models.enums import AreaLevel, Role
from app.schemas.types import POINT_FAULTS
from app.services.areas import grid_index, tree
from app.services.platform import scope
from app.services.platform.actor import Actor, Dataset
from app.services.tickets.report import Place

LOCAL = (AreaLevel.TOWN, AreaLevel.VILLAGE, AreaLevel.GRID, AreaLevel.MICRO_GRID)
Found = Row[UUID, str]


async def find(
    session: AsyncSession, *, actor: Actor, place: Place | None, area_id: UUID | None, where: str
) -> Found:
    """The area's id and name; `NotFound` beyond the caller's reach, `Invalid` where nothing says where.

    where: the field to name.
    """
    if place is not None:
        around = (await grid_index.current(session)).around(*_wgs84(place, where))
        if around:
            return await _first(session, actor, list(around))
    if area_id is not None:
        return await _first(session, actor, [area_id])
    own = [grant for grant in actor.grants if grant.area_id and grant.role is Role.API_CLIENT]
    if len(own) == 1 and own[0].area_id and own[0].level in LOCAL:
        return await _first(session, actor, [own[0].area_id])
    raise invalid_field(
        where,
        "该位置不在服务范围内，请重新定位或选择所在网格",
        "lies outside the area that is served",
    )


def _wgs84(place: Place, where: str) -> Point:
    try:
        validate_point(place.lng, place.lat)
    except InvalidPointError as bad:
        zh, _, en = POINT_FAULTS[bad.fault].partition(" | ")
        raise invalid_field(where, zh, en, f"point_{bad.fault}") from None
    return to_wgs84(place.lng, place.lat, place.coord_type)


async def _first(session: AsyncSession, actor: Actor, ids: list[UUID]) -> Found:
    seen = true() if Role.RESIDENT in actor.roles else scope.visible(actor, Dataset.TICKETS, tree.COLUMNS)
    statement = select(Area.id, Area.name).where(
        Area.id.in_(ids), Area.level.in_(LOCAL), tree.in_force(), seen
    )
    found = {row.id: row for row in await session.execute(statement)}
    nearest = next((found[one] for one in ids if one in found), None)
    if nearest is None:
        raise NotFound
    return nearest
