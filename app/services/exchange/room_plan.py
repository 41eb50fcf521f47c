"""Importing rooms: known by unit and number within their building, which must be there already.

A kind of its own, not rows below a building's: both tables are flat then, and 单元 and 用途 mean one thing in
each. Owners are people: the phone is sealed, both are masked in faults. What is not told stays as it is, and
no room moves to another building. Writes through the registry, row by row.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Problem
from app.models.registry import Room
from app.schemas.dwelling import RoomCreate, RoomPatch
from app.services.exchange import grids
from app.services.exchange.doors import BUILDING, ROOM
from app.services.exchange.faults import CellFault
from app.services.exchange.plans import Plan, Tally, Unit, blame
from app.services.exchange.rows import StagedRow, Values
from app.services.registry import doors, rooms
from app.services.registry.doors import Door, DoorRefusedError, Rooms

_PLAIN = ("unit_no", "floor", "room_no", "address", "use", "owner_name", "owner_phone")


class RoomPlan(Plan):
    """See the module's paragraph."""

    async def prepare(self, session: AsyncSession) -> None:
        """Know the grids that the sender may write in."""
        self._grids = await grids.load(session, actor=self.actor, below=self.below, usual=self.area_id)
        self._seen: dict[doors.Key, int] = {}

    async def check(self, session: AsyncSession, units: Sequence[Unit]) -> None:
        """Unknown grids and buildings, figures that cannot be, rooms that stand there twice."""
        for row, new, known in await self._read(session, units, hold=False):
            room = known or new
            key = doors.key_of(_building_of(new), Door("", room.unit_no, room.room_no))
            line = self._seen.setdefault(key, row.line)
            if line != row.line:
                row.blame(ROOM, "repeated", f"与第 {line} 行是同一房屋")

    async def apply(self, session: AsyncSession, units: Sequence[Unit]) -> Tally:
        """Make or change each room in a savepoint of its own."""
        tally = Tally()
        for row, new, known in await self._read(session, units, hold=True):
            try:
                async with session.begin_nested():
                    tally.add(await self._write(session, new, known, row.values))
            except Problem as refused:
                blame(row, refused)
        tally.refused = sum(1 for (row,) in units if row.faults)
        return tally

    async def _read(
        self, session: AsyncSession, units: Sequence[Unit], *, hold: bool
    ) -> list[tuple[StagedRow, RoomCreate, Room | None]]:
        """The rooms of some rows, with those that are there already; faults on the rows of the others."""
        sound = [(row, area_id) for (row,) in units if not row.faults and (area_id := self._grid_of(row))]
        areas = {area_id for _row, area_id in sound}
        buildings = await doors.buildings(session, areas=areas, hold=hold)
        told = []
        for row, area_id in sound:
            try:
                building = buildings.find(area_id, row.values["building"])
            except DoorRefusedError as refused:
                row.blame(BUILDING, *refused.fault, row.values["building"])
                continue
            if (new := self._room_of(row, building.id)) is not None:
                told.append((row, new))
        standing = await _standing(session, {_building_of(new) for _row, new in told})
        return [(row, new, known[0]) for row, new in told if (known := _known(row, new, standing))]

    def _grid_of(self, row: StagedRow) -> UUID | None:
        try:
            return self._grids.find(row.values, row.sheet).id
        except CellFault as wrong:
            row.blame(grids.COLUMN, wrong.code, wrong.zh, row.values.get("grid", ""))
            return None

    def _room_of(self, row: StagedRow, building_id: UUID) -> RoomCreate | None:
        told: dict[str, Any] = {name: row.values[name] for name in _PLAIN if name in row.values}
        try:
            if "area_m2" in row.values:
                told["area_m2"] = float(row.values["area_m2"])
            return RoomCreate(building_id=building_id, **told)
        except ValidationError as wrong:
            headers = {field.name: field.header for field in self.importable.fields}
            for name in sorted({str(error["loc"][0]) for error in wrong.errors()}):
                row.blame(headers[name], name, "填写有误")
            return None

    async def _write(
        self, session: AsyncSession, new: RoomCreate, known: Room | None, values: Values
    ) -> Tally:
        if known is None:
            await rooms.create(session, actor=self.actor, vault=self.vault, new=new)
            return Tally(created=1)
        told = {name: getattr(new, name) for name in ("floor", "address", "use", "owner_name", "area_m2")}
        changed = {
            name: value for name, value in told.items() if name in values and value != getattr(known, name)
        }
        if new.owner_phone is not None and self.vault.index(new.owner_phone) != known.owner_phone_index:
            changed["owner_phone"] = new.owner_phone
        if not changed:
            return Tally(unchanged=1)
        await rooms.change(
            session,
            actor=self.actor,
            vault=self.vault,
            room_id=known.id,
            changes=RoomPatch(**changed),
            expected_version=None,
        )
        return Tally(updated=1)


async def _standing(session: AsyncSession, buildings: set[UUID]) -> Rooms[Room]:
    statement = select(Room).where(Room.building_id.in_(buildings), Room.ended_on.is_(None))
    found = await session.scalars(statement.order_by(Room.id).execution_options(populate_existing=True))
    return Rooms(found)


def _known(row: StagedRow, new: RoomCreate, standing: Rooms[Room]) -> tuple[Room | None] | None:
    """The room that is there, if one is; None with a fault on the row where several may be meant."""
    try:
        return (standing.find(_building_of(new), new.unit_no, new.room_no),)
    except DoorRefusedError as refused:
        row.blame(ROOM, *refused.fault, new.room_no)
        return None


def _building_of(new: RoomCreate) -> UUID:
    assert new.building_id is not None  # noqa: S101 - every room of a table has one
    return new.building_id
