"""The grid that a row of the registry's tables names, among those that its sender may write in.

By code or name, within the village that the row names, or that the sheet is called after; a row that names
none lies in the grid that the sender named for the whole file.
"""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from sqlalchemy import ColumnElement, and_
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.texts import compact
from app.models.enums import AreaLevel
from app.services.areas import tree
from app.services.exchange import places
from app.services.exchange.faults import CellFault
from app.services.exchange.places import Place, Places
from app.services.platform import scope
from app.services.platform.actor import Actor, Dataset
from app.services.registry.households import WRITERS

COLUMN = "网格"
_GRIDS = frozenset({AreaLevel.GRID, AreaLevel.MICRO_GRID})
_VILLAGES = frozenset({AreaLevel.VILLAGE})


class Grids:
    """The areas that a job may name, and the grids in which it may write."""

    def __init__(self, known: Places, writable: frozenset[UUID], usual: UUID | None) -> None:
        self.places = known
        self._writable = writable
        self._usual = usual

    def find(self, values: Mapping[str, str], sheet: str) -> Place:
        """The grid of a row's `grid` and `village`; `CellFault` for none, several or another's."""
        if "grid" not in values and self._usual in self._writable:
            named = self.places.by_id[self._usual]
            if named.level in _GRIDS:
                return named
        village = values.get("village")
        within = None
        if village is not None:
            within = self.places.find(village, levels=_VILLAGES).id
        elif self.places.has(compact(sheet), _VILLAGES):
            within = self.places.find(sheet, levels=_VILLAGES).id
        if "grid" not in values:
            raise CellFault("missing", "须填写网格名称或编码")
        grid = self.places.find(values["grid"], levels=_GRIDS, within=within)
        if grid.id not in self._writable:
            raise CellFault("area_unknown", "没有这个网格，或不在您的管辖范围内")
        return grid


async def load(
    session: AsyncSession, *, actor: Actor, below: ColumnElement[bool], usual: UUID | None
) -> Grids:
    """What the caller sees, and may write in below some areas; two statements."""
    writer = replace(actor, grants=tuple(grant for grant in actor.grants if grant.role in WRITERS))
    known = await places.load(session, within=tree.visible(actor))
    within = and_(scope.visible(writer, Dataset.REGISTRY, tree.COLUMNS), below)
    writable = frozenset((await places.load(session, within=within)).by_id)
    return Grids(known, writable, usual)
