"""Areas as tables name them: by code, by name or short name, within a village or within the whole scope.

Loaded once for a job: an area tree has some thousand rows. A name that two places have is a fault that
asks for the code.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.texts import compact
from app.models.area import Area
from app.models.enums import AreaLevel
from app.services.areas import tree
from app.services.exchange.faults import CellFault


@dataclass(frozen=True, slots=True)
class Place:
    """An area without its boundary."""

    id: UUID
    code: str
    name: str
    level: AreaLevel
    path: tuple[UUID, ...]


class Places:
    """The areas that a job may name."""

    def __init__(self, rows: Iterable[tuple[Place, str]]) -> None:
        self._by_name: dict[str, list[Place]] = defaultdict(list)
        self._by_code: dict[str, Place] = {}
        self.by_id: dict[UUID, Place] = {}
        for place, short_name in rows:
            self.by_id[place.id] = place
            self._by_code[place.code] = place
            for name in {compact(place.name), compact(short_name)}:
                self._by_name[name].append(place)

    def find(
        self, text: str, *, levels: frozenset[AreaLevel] | None = None, within: UUID | None = None
    ) -> Place:
        """The place of this code or name; `CellFault` for none or several."""
        typed = compact(text)
        found = [self._by_code[typed]] if typed in self._by_code else self._by_name.get(typed, [])
        found = [
            place
            for place in found
            if (levels is None or place.level in levels) and (within is None or within in place.path)
        ]
        if not found:
            raise CellFault("area_unknown", "没有这个区域或网格，或不在您的管辖范围内")
        if len(found) > 1:
            raise CellFault("area_ambiguous", "有几个同名的区域或网格，请改填编码")
        return found[0]

    def has(self, name: str, levels: frozenset[AreaLevel]) -> bool:
        """Whether exactly one place of these levels has this name."""
        return sum(place.level in levels for place in self._by_name.get(name, [])) == 1

    def of_level(self, place: Place, level: AreaLevel) -> UUID | None:
        """The ancestor (or the place itself) of a level, as far as it was loaded."""
        return next((row for row in place.path if self.level_of(row) is level), None)

    def level_of(self, area_id: UUID) -> AreaLevel | None:
        """An area's level; None for one that was not loaded."""
        place = self.by_id.get(area_id)
        return place.level if place else None


async def load(session: AsyncSession, *, within: ColumnElement[bool]) -> Places:
    """The areas in force that satisfy `within`."""
    statement = select(Area.id, Area.code, Area.name, Area.level, Area.path, Area.short_name)
    rows = await session.execute(statement.where(within, tree.in_force()))
    return Places(
        (Place(row.id, row.code, row.name, AreaLevel(row.level), tuple(row.path)), row.short_name)
        for row in rows
    )
