"""Importing buildings: known by number within their grid, else by name; new ones entered, others changed.

A point must say its datum, and lie where its grid is if it says so. Moving a building to another grid is
no business of spreadsheets. Writes through the registry, row by row: a village has some hundred of them.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Problem
from app.models.registry import Building
from app.schemas.dwelling import BuildingCreate, BuildingPatch
from app.services.areas import datum, grid_index
from app.services.exchange import grids
from app.services.exchange.faults import CellFault
from app.services.exchange.plans import Plan, Tally, Unit, blame
from app.services.exchange.rows import StagedRow, Values
from app.services.registry import buildings

_PLAIN = ("name", "no", "address", "kind", "floors", "units", "built_year")
_COUNTED = ("floors", "units", "built_year")
_POINT = ("lng", "lat", "coord_type")
_POINT_ZH = "经度、纬度和坐标系须一起填写"
_UNLIKELY: Mapping[str, str] = MappingProxyType(
    {
        "floors": "层数须为 1–200",
        "units": "单元数须为 1–100",
        "built_year": "建成年份须为 1800–2100",
        "location": "不是中国境内的经纬度，请核对是否填反",
    }
)


class BuildingPlan(Plan):
    """See the module's paragraph."""

    async def prepare(self, session: AsyncSession) -> None:
        """Know the grids and their boundaries."""
        self._grids = await grids.load(session, actor=self.actor, below=self.below, usual=self.area_id)
        self._index = await grid_index.current(session)
        self._seen: dict[tuple[UUID, str], int] = {}

    async def check(self, _session: AsyncSession, units: Sequence[Unit]) -> None:
        """Unknown grids, figures that cannot be, points elsewhere, buildings that stand there twice."""
        for (row,) in units:
            new = None if row.faults else self._read(row)
            if new is None:
                continue
            key = (new.area_id, new.no or new.name)
            line = self._seen.setdefault(key, row.line)
            if line != row.line:
                row.blame("楼栋号" if new.no else "楼栋名称", "repeated", f"与第 {line} 行是同一楼栋")

    async def apply(self, session: AsyncSession, units: Sequence[Unit]) -> Tally:
        """Make or change each building in a savepoint of its own."""
        tally = Tally()
        for (row,) in units:
            new = self._read(row)
            if new is None:
                tally.refused += 1
                continue
            try:
                async with session.begin_nested():
                    tally.add(await self._write(session, new, row.values))
            except Problem as refused:
                blame(row, refused)
                tally.refused += 1
        return tally

    def _read(self, row: StagedRow) -> BuildingCreate | None:
        """The building of a row; None with a fault on it."""
        try:
            grid = self._grids.find(row.values, row.sheet)
        except CellFault as wrong:
            row.blame(grids.COLUMN, wrong.code, wrong.zh, row.values.get("grid", ""))
            return None
        point = [row.values.get(name) for name in _POINT]
        if any(point) and not all(point):
            row.blame("坐标系", "point", _POINT_ZH)
            return None
        try:
            new = BuildingCreate(area_id=grid.id, **_told(row.values))
        except ValidationError as wrong:
            self._blame(row, {str(error["loc"][0]) for error in wrong.errors()})
            return None
        return new if self._is_there(row, new) else None

    def _blame(self, row: StagedRow, wrong: set[str]) -> None:
        headers = {field.name: field.header for field in self.importable.fields} | {"location": "经度"}
        for name in sorted(wrong):
            row.blame(headers[name], name, _UNLIKELY.get(name, "填写有误"))

    def _is_there(self, row: StagedRow, new: BuildingCreate) -> bool:
        """Whether no other datum than the one it claims puts the building's point into its grid."""
        sent = new.location
        if sent is None:
            return True
        fits = datum.fits(
            self._index, lng=sent.lng, lat=sent.lat, coord_type=sent.coord_type, area_id=new.area_id
        )
        if fits is not None:
            row.blame("坐标系", datum.DOUBTFUL, datum.doubt(sent.coord_type, fits)[0])
        return fits is None

    async def _write(self, session: AsyncSession, new: BuildingCreate, values: Values) -> Tally:
        known = await self._known(session, new)
        if known is None:
            await buildings.create(session, actor=self.actor, new=new)
            return Tally(created=1)
        told = {name: getattr(new, name) for name in (*_PLAIN, "is_rental") if name in values}
        changed: dict[str, Any] = {
            name: value for name, value in told.items() if getattr(known, name) != value
        }
        if new.location is not None and buildings.moves(known, new.location):
            changed["location"] = new.location
        if not changed:
            return Tally(unchanged=1)
        await buildings.change(
            session,
            actor=self.actor,
            building_id=known.id,
            changes=BuildingPatch(**changed),
            expected_version=None,
        )
        return Tally(updated=1)

    async def _known(self, session: AsyncSession, new: BuildingCreate) -> Building | None:
        standing = (
            select(Building)
            .where(Building.area_id == new.area_id, Building.ended_on.is_(None))
            .order_by(Building.id)
            .limit(1)
        )
        if new.no is not None:
            found: Building | None = await session.scalar(standing.where(Building.no == new.no))
            if found is not None:
                return found
            standing = standing.where(Building.no.is_(None))
        known: Building | None = await session.scalar(standing.where(Building.name == new.name))
        return known


def _told(values: Values) -> dict[str, Any]:
    """The fields of a row as the registry takes them."""
    told: dict[str, Any] = {name: values[name] for name in _PLAIN if name in values}
    told |= {name: int(told[name]) for name in _COUNTED if name in told}
    if "is_rental" in values:
        told["is_rental"] = values["is_rental"] == "true"
    if "lng" in values:
        lng, lat = float(values["lng"]), float(values["lat"])
        told["location"] = {"lng": lng, "lat": lat, "coord_type": values["coord_type"]}
    return told
