"""The demo's places and organisations: real areas, synthetic grids, typical departments.

The tree that the other parts of the loader walk, and the rows of it. Only grids have a boundary, and it is
marked as synthetic; positions of villages are left open, because none is known.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from uuid import UUID

from app.demo.content.areas import CITY, TOWN, VILLAGE, AreaRow, city_areas, town_areas, village_areas
from app.demo.content.departments import VILLAGE_LINE, departments
from app.demo.content.grids import GridRow, grid_counts, grids_of, tile_of
from app.demo.scale import SIZES, Scale
from app.demo.town.founding import Founding
from app.demo.town.rows import AreaRecord, OrgRecord
from app.models.enums import AreaKind, AreaLevel, OrgKind

__all__ = ["GridPlace", "Places", "TownPlace", "VillagePlace", "lay_out"]

_AREAS = MappingProxyType({Scale.VILLAGE: village_areas, Scale.TOWN: town_areas, Scale.CITY: city_areas})
_CENTRED = frozenset({TOWN, CITY})
_IN_FORCE_FROM = date(2020, 1, 1)


@dataclass(frozen=True, slots=True)
class GridPlace:
    """A grid and where it belongs."""

    id: UUID
    row: GridRow
    village: "VillagePlace"


@dataclass(frozen=True, slots=True)
class VillagePlace:
    """A village or community with its committee and grids."""

    id: UUID
    row: AreaRow
    town: "TownPlace"
    committee_id: UUID
    grids: list[GridPlace] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class TownPlace:
    """A town with its command centre, departments by line, and villages."""

    id: UUID
    row: AreaRow
    centre_id: UUID
    departments: Mapping[str, UUID]
    villages: list[VillagePlace] = field(default_factory=list)


@dataclass(slots=True)
class Places:
    """Everything that was laid out: rows of areas and organisations, and the tree of towns."""

    areas: list[AreaRecord] = field(default_factory=list)
    orgs: list[OrgRecord] = field(default_factory=list)
    towns: list[TownPlace] = field(default_factory=list)

    @property
    def villages(self) -> list[VillagePlace]:
        """All villages, town after town."""
        return [village for town in self.towns for village in town.villages]

    @property
    def grids(self) -> list[GridPlace]:
        """All grids, village after village."""
        return [grid for village in self.villages for grid in village.grids]

    @property
    def shown(self) -> VillagePlace:
        """The village in which the demo's people live: 敦根社区 where it is there."""
        villages = self.villages
        return next((village for village in villages if village.row.code == VILLAGE), villages[0])

    @property
    def common_area(self) -> AreaRecord:
        """The lowest area that all towns lie in."""
        paths = [area.path for area in self.areas if area.level is AreaLevel.TOWN]
        shared = [ids[0] for ids in zip(*paths, strict=False) if len(set(ids)) == 1]
        return next(area for area in self.areas if area.id == shared[-1])


def lay_out(founding: Founding, scale: Scale) -> Places:
    """Areas, organisations and the tree of a scale."""
    return _Surveyor(founding).survey(_AREAS[scale](), SIZES[scale].grids)


class _Surveyor:
    def __init__(self, founding: Founding) -> None:
        self._founding = founding
        self._places = Places()
        self._paths: dict[str, list[UUID]] = {}

    def survey(self, rows: list[AreaRow], grids: int) -> Places:
        towns: dict[str, TownPlace] = {}
        villages = [row for row in rows if row.level is AreaLevel.VILLAGE]
        counts = dict(zip((row.code for row in villages), grid_counts(villages, grids), strict=True))
        for row in rows:
            area_id = self._area(row)
            if row.level is AreaLevel.TOWN:
                towns[row.code] = self._town(area_id, row)
            elif row.level is AreaLevel.VILLAGE:
                self._village(area_id, row, towns[row.parent_code or ""], counts[row.code])
        self._places.towns = [town for town in towns.values() if town.villages]
        return self._places

    def _town(self, area_id: UUID, row: AreaRow) -> TownPlace:
        centre_id = self._org(
            f"{row.name}综合治理指挥中心", "指挥中心", OrgKind.COMMAND_CENTRE, None, area_id
        )
        lines = {
            office.line: self._org(
                office.name, office.name.removeprefix(row.short_name), office.kind, office.line, area_id
            )
            for office in departments(row.short_name)
        }
        return TownPlace(area_id, row, centre_id, lines)

    def _village(self, area_id: UUID, row: AreaRow, town: TownPlace, grids: int) -> None:
        committee_id = self._org(row.name, row.short_name, OrgKind.VILLAGE_COMMITTEE, VILLAGE_LINE, area_id)
        village = VillagePlace(area_id, row, town, committee_id)
        town.villages.append(village)
        for drawn in grids_of(row, grids):
            village.grids.append(GridPlace(self._grid(village, drawn), drawn, village))

    def _area(self, row: AreaRow) -> UUID:
        area_id = self._founding.new_id()
        above = self._paths.get(row.parent_code or "", [])
        self._paths[row.code] = [*above, area_id]
        lng, lat = tile_of(row.code).centre if row.code in _CENTRED else (None, None)
        self._places.areas.append(
            AreaRecord(
                area_id,
                *(row.code, row.name, row.short_name, row.level, row.kind),
                above[-1] if above else None,
                [*above, area_id],
                lng,
                lat,
                None,
                False,  # noqa: FBT003 - a column
                _IN_FORCE_FROM,
                *self._founding.stamps,
            )
        )
        return area_id

    def _grid(self, village: VillagePlace, drawn: GridRow) -> UUID:
        area_id = self._founding.new_id()
        name = village.row.short_name + drawn.name
        self._places.areas.append(
            AreaRecord(
                area_id,
                *(drawn.code, name, drawn.name, AreaLevel.GRID, AreaKind.BASE_GRID),
                village.id,
                [*self._paths[village.row.code], area_id],
                *drawn.tile.centre,
                json.dumps({"type": "Polygon", "coordinates": [drawn.tile.ring]}),
                True,  # noqa: FBT003 - a column
                _IN_FORCE_FROM,
                *self._founding.stamps,
            )
        )
        return area_id

    def _org(self, name: str, short_name: str, kind: OrgKind, line: str | None, area_id: UUID) -> UUID:
        org_id = self._founding.new_id()
        row = OrgRecord(org_id, name, short_name, kind, line, area_id, *self._founding.stamps)
        self._places.orgs.append(row)
        return org_id
