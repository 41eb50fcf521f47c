"""Importing households with their people: blocks of rows, of which the head's row carries the household.

A block begins with a head or with another house number; the rows below belong to it, and their address may
be left out. A vacant household is a row with an address or a room, and nobody. A room (楼栋, 单元, 房号) can
stand for the address: its building must be there, the room is made where it is not. Writes through the
registry's bulk functions, many households at once, only into grids that the sender may write in.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.models.enums import AreaLevel, HouseholdType
from app.services.exchange import doors, grids
from app.services.exchange.faults import CellFault
from app.services.exchange.plans import Plan, Tally, Unit
from app.services.exchange.rows import StagedRow
from app.services.registry import bulk, bulk_write
from app.services.registry.bulk import BulkHousehold, BulkPerson
from app.services.registry.residents import HEAD

_SHARED = ("village", "grid", "address", *doors.COLUMNS, "household_type", "residence_status")
_RELATION, _NAME, _ADDRESS, _ID = "与户主关系", "姓名", "地址", "公民身份号码"

_COLUMN_OF: Mapping[str, str] = MappingProxyType(
    {
        "building_missing": doors.BUILDING,
        "building_unknown": doors.BUILDING,
        "building_ambiguous": doors.BUILDING,
        "household_elsewhere": doors.BUILDING,
        "room_missing": doors.ROOM,
        "room_ambiguous": doors.ROOM,
    }
)


class HouseholdPlan(Plan):
    """See the module's paragraph."""

    async def prepare(self, session: AsyncSession) -> None:
        """Know the grids that the sender may write in, and what lies above them."""
        self._grids = await grids.load(session, actor=self.actor, below=self.below, usual=self.area_id)
        self._people: dict[bytes, tuple[str, int]] = {}
        self._households: dict[tuple[object, ...], int] = {}
        self._known: dict[UUID, int] = {}

    def begins(self, row: StagedRow, unit: Unit) -> bool:
        """A head, another number, or an address without anybody."""
        number = next((other.values["no"] for other in unit if "no" in other.values), None)
        if "no" in row.values and number is not None:
            return row.values["no"] != number
        if "name" not in row.values:
            return not row.values.keys().isdisjoint({"address", *doors.COLUMNS})
        has_head = any(_is_head(other) for other in unit)
        vacant = all("name" not in other.values for other in unit)
        return "no" in row.values or (_is_head(row) and (has_head or vacant))

    async def check(self, session: AsyncSession, units: Sequence[Unit]) -> None:
        """Blocks without a head, unknown grids, people who stand there twice or are registered elsewhere."""
        sound: list[tuple[Unit, BulkHousehold]] = []
        for unit in units:
            household = self._household(unit)
            self._check_unit(unit, household)
            if household is not None:
                self._check_repeats(unit, household)
                sound.append((unit, household))
        await bulk.match(session, households=[household for _unit, household in sound], vault=self.vault)
        for unit, household in sound:
            _blame(unit, household)
            if household.household_id is not None:
                line = self._known.setdefault(household.household_id, unit[0].line)
                if line != unit[0].line and not any(row.faults for row in unit):
                    _blame_repeated(unit, household, line)

    async def apply(self, session: AsyncSession, units: Sequence[Unit]) -> Tally:
        """Write what still can be written; the rest is refused."""
        read = [(unit, self._household(unit)) for unit in units]
        sound = [(unit, household) for unit, household in read if household is not None]
        await bulk.match(
            session, households=[household for _unit, household in sound], vault=self.vault, hold=True
        )
        writable = []
        for unit, household in sound:
            _blame(unit, household)
            if not household.is_faulty:
                writable.append(household)
        done = await bulk_write.write(session, actor=self.actor, vault=self.vault, households=writable)
        return Tally(done.created, done.updated, done.unchanged, len(units) - len(writable))

    def _household(self, unit: Unit) -> BulkHousehold | None:
        """The household of a block; None, with a fault on its first row, where its place is not known."""
        shared: dict[str, str] = {}
        for row in unit:
            for name in _SHARED:
                if name in row.values:
                    shared.setdefault(name, row.values[name])
        first = unit[0]
        try:
            grid = self._grids.find(shared, first.sheet)
        except CellFault as wrong:
            first.blame(grids.COLUMN, wrong.code, wrong.zh, shared.get("grid", ""))
            return None
        try:
            door = doors.read(shared)
        except CellFault as wrong:
            first.blame(_COLUMN_OF[wrong.code], wrong.code, wrong.zh)
            return None
        if "address" not in shared and door is None:
            first.blame(_ADDRESS, "missing", "户主行须填写地址，或填写楼栋和房号")
            return None
        known = self._grids.places
        return BulkHousehold(
            no=next((row.values["no"] for row in unit if "no" in row.values), None),
            area_id=grid.id,
            town_id=known.of_level(grid, AreaLevel.TOWN),
            village_id=known.of_level(grid, AreaLevel.VILLAGE),
            grid_id=known.of_level(grid, AreaLevel.GRID),
            address=shared.get("address"),
            door=door,
            household_type=shared.get("household_type"),
            residence_status=shared.get("residence_status"),
            people=[_person(row) for row in unit if "name" in row.values],
        )

    def _check_unit(self, unit: Unit, household: BulkHousehold | None) -> None:
        heads = [row for row in unit if _is_head(row)]
        people = [row for row in unit if "name" in row.values]
        for row in people:
            if "relation" not in row.values and not row.faults:
                row.blame(_RELATION, "missing", "须填写与户主关系")
        for row in unit:
            if "name" not in row.values and not row.faults and (len(unit) > 1 or "relation" in row.values):
                row.blame(_NAME, "missing", "须填写姓名")
        for row in heads[1:]:
            row.blame(_RELATION, "heads", f"一户只能有一名户主，第 {heads[0].line} 行已是户主")
        vacant = household is not None and household.household_type == HouseholdType.VACANT and not people
        if not heads and not vacant and not any(row.faults for row in unit):
            unit[0].blame(_RELATION, "heads", "没有户主：每户须有一名户主，空置户请填户类型“空置户”")

    def _check_repeats(self, unit: Unit, household: BulkHousehold) -> None:
        head = household.head
        place = (household.area_id, household.address, household.door, head.name if head else None)
        key = (household.no,) if household.no else (*place, head.id_number if head else None)
        line = self._households.setdefault(key, unit[0].line)
        if line != unit[0].line:
            _blame_repeated(unit, household, line)
        for row in unit:
            if "id_number" in row.values:
                index = self.vault.index(row.values["id_number"])
                sheet, line = self._people.setdefault(index, (row.sheet, row.line))
                if (sheet, line) != (row.sheet, row.line):
                    where = f"{sheet} 第 {line} 行" if sheet != row.sheet else f"第 {line} 行"
                    row.blame(_ID, "repeated", f"与{where}的证件号码相同")


def _is_head(row: StagedRow) -> bool:
    return row.values.get("relation", "").startswith(HEAD)


def _person(row: StagedRow) -> BulkPerson:
    values = row.values
    born = values.get("birth_on")
    return BulkPerson(
        name=values["name"],
        relation=values.get("relation", ""),
        gender=values.get("gender"),
        birth_on=date.fromisoformat(born) if born else None,
        population_type=values.get("population_type"),
        id_number=values.get("id_number"),
        phone=values.get("phone"),
    )


def _blame_repeated(unit: Unit, household: BulkHousehold, line: int) -> None:
    column = "户号" if household.no else doors.ROOM if household.door else _ADDRESS
    unit[0].blame(column, "repeated", f"与第 {line} 行是同一户")


def _blame(unit: Unit, household: BulkHousehold) -> None:
    """Carry the faults of the registry to the rows."""
    if household.fault:
        code, zh = household.fault
        column = _COLUMN_OF.get(code, "户号")
        shown = household.door.building if household.door and column == doors.BUILDING else ""
        unit[0].blame(column, code, zh, shown)
    named = [row for row in unit if "name" in row.values]
    for row, person in zip(named, household.people, strict=True):
        if person.fault:
            row.blame(_ID, *person.fault)
