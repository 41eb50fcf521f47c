"""Where a third party's ticket lies: the grid round its point, the area of its code, or the token's own area.

Only within what the client may see: anything outside is `NotFound`, with the field. All items of a call are
looked up together, in two statements at most.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.coordinates import to_wgs84
from app.core.errors import NotFound, invalid_field
from app.models.area import Area
from app.models.enums import AreaLevel
from app.schemas.intake import IntakeCreate
from app.schemas.types import Point
from app.services.areas import grid_index, tree
from app.services.areas.grid_index import GridIndex
from app.services.platform import scope
from app.services.platform.actor import Actor, Dataset

# Whoever accepts a ticket works in a town: above it nobody would.
TOO_HIGH = frozenset({AreaLevel.PROVINCE, AreaLevel.CITY, AreaLevel.COUNTY})


@dataclass(frozen=True, slots=True)
class Seen:
    """An area that the client sees."""

    id: UUID
    level: AreaLevel
    path: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class Places:
    """The areas that the items of a call may lie in."""

    index: GridIndex | None
    by_id: Mapping[UUID, Seen]
    by_code: Mapping[str, Seen]
    own: frozenset[UUID]

    def of(self, item: IntakeCreate) -> UUID:
        """The smallest area that is known of an item; `NotFound` where it is not the client's."""
        named = self._named(item.area_code)
        grid = self._round(item.location, within=named)
        found = grid or named
        if found is None and item.location is not None:
            raise NotFound(errors=(tree.unknown("body.location"),))
        if found is None:
            found = next((self.by_id[area_id] for area_id in self.own if area_id in self.by_id), None)
        if found is None or found.level in TOO_HIGH:
            raise invalid_field(
                "body.area_code",
                "请给出镇街以下的区域代码，或带坐标系的位置",
                "Give the code of a town or of an area below it, or a location",
                "missing",
            )
        return found.id

    def _named(self, code: str | None) -> Seen | None:
        if code is None:
            return None
        if code not in self.by_code:
            raise NotFound(errors=(tree.unknown("body.area_code"),))
        return self.by_code[code]

    def _round(self, point: Point | None, *, within: Seen | None) -> Seen | None:
        """The grid round a point, in the named area where there is one."""
        candidates = (self.by_id.get(area_id) for area_id in _around(self.index, point))
        fits = (seen for seen in candidates if seen and (within is None or within.id in seen.path))
        return next(fits, None)


async def places(session: AsyncSession, *, actor: Actor, items: Sequence[IntakeCreate]) -> Places:
    """What is needed to place these."""
    pointed = any(item.location for item in items)
    index = await grid_index.current(session) if pointed else None
    around = {area_id for item in items for area_id in _around(index, item.location)}
    own = frozenset(grant.area_id for grant in actor.grants_of(Dataset.TICKETS) if grant.area_id)
    codes = {item.area_code for item in items if item.area_code}
    statement = select(Area.id, Area.code, Area.level, Area.path).where(
        or_(Area.id.in_(around | own), Area.code.in_(codes)),
        scope.visible(actor, Dataset.TICKETS, tree.COLUMNS),
        tree.in_force(),
    )
    rows = await session.execute(statement)
    by_code = {row.code: Seen(row.id, AreaLevel(row.level), row.path) for row in rows}
    return Places(index, {seen.id: seen for seen in by_code.values()}, by_code, own)


def _around(index: GridIndex | None, point: Point | None) -> Sequence[UUID]:
    if index is None or point is None:
        return ()
    return index.around(*to_wgs84(point.lng, point.lat, point.coord_type))
