"""Buildings and rooms as tables name them, found among those that stand.

3栋, 3号楼 and 3# are one building unless the grid has several such; 502 and 502室 are one room. A room that
is told without its unit is the only one of its number in the building. For imports; what rooms are made of
and who may make them is the business of `rooms` and `bulk_write`.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.texts import compact
from app.models.registry import Building, Room

_BUILDING = re.compile(r"0*([0-9]+|[a-z][0-9]*)(?:号楼|号|楼|栋|幢|座|#)?")
_UNIT = re.compile(r"0*(.+?)(?:单元|梯)?")
_ROOM = re.compile(r"(.*[0-9a-z])(?:号房|室|房|号)")


Key = tuple[UUID, str | None, str]


class Door(NamedTuple):
    """A room as a table names it."""

    building: str
    unit_no: str | None
    room_no: str

    @property
    def building_key(self) -> str:
        """Equal for ways to write one building: 3栋 and 3号楼."""
        return _key(_BUILDING, self.building)


class DoorRefusedError(ValueError):
    """No building or room can be meant, or several can: a code and a sentence for whoever mends it."""

    def __init__(self, code: str, zh: str) -> None:
        super().__init__(code)
        self.fault = (code, zh)


@dataclass(frozen=True, slots=True)
class Standing:
    """A building that stands, and its place."""

    id: UUID
    name: str
    no: str | None
    address: str
    area_id: UUID
    town_id: UUID | None
    village_id: UUID | None
    grid_id: UUID | None


@dataclass(frozen=True, slots=True)
class Known:
    """A room that stands."""

    id: UUID
    building_id: UUID | None
    unit_no: str | None
    room_no: str
    address: str


AnyRoom = TypeVar("AnyRoom", Known, Room)


class Buildings:
    """The buildings of some grids, with those of the micro-grids in them."""

    def __init__(self, rows: Iterable[Standing]) -> None:
        self._named: dict[tuple[UUID, str], dict[UUID, Standing]] = defaultdict(dict)
        self._alike: dict[tuple[UUID, str], dict[UUID, Standing]] = defaultdict(dict)
        for row in rows:
            for area_id in {row.area_id, row.grid_id or row.area_id}:
                for text in filter(None, (row.name, row.no)):
                    self._named[area_id, _plain(text)][row.id] = row
                    self._alike[area_id, _key(_BUILDING, text)][row.id] = row

    def find(self, area_id: UUID, text: str) -> Standing:
        """The building of this name or number in a grid; `DoorRefusedError` for none or several."""
        found = self._named.get((area_id, _plain(text))) or self._alike.get((area_id, _key(_BUILDING, text)))
        if not found:
            raise DoorRefusedError("building_unknown", "该网格没有这栋楼，请先导入或登记楼栋")
        if len(found) > 1:
            raise DoorRefusedError("building_ambiguous", "该网格有几栋同名或同号的楼，请写楼栋全称")
        return next(iter(found.values()))


class Rooms(Generic[AnyRoom]):
    """The rooms of some buildings by their numbers."""

    def __init__(self, rows: Iterable[AnyRoom]) -> None:
        self._rooms: dict[tuple[UUID | None, str], list[AnyRoom]] = defaultdict(list)
        for row in rows:
            self._rooms[row.building_id, _key(_ROOM, row.room_no)].append(row)

    def find(self, building_id: UUID, unit_no: str | None, room_no: str) -> AnyRoom | None:
        """The room of this unit and number, if it is there; `DoorRefusedError` for several."""
        numbered = self._rooms.get((building_id, _key(_ROOM, room_no)), [])
        unit = unit_key(unit_no)
        found = [room for room in numbered if unit_key(room.unit_no) == unit]
        found = found or (numbered if unit is None else [])
        if len(found) > 1:
            raise DoorRefusedError("room_ambiguous", "这栋楼有几间同号的房屋，请填写单元或先核对房屋")
        return found[0] if found else None


def unit_key(unit_no: str | None) -> str | None:
    """Equal for units that are one: 2, 2单元 and 02."""
    return _key(_UNIT, unit_no) if unit_no else None


def key_of(building_id: UUID, door: Door) -> Key:
    """Equal for rooms that are one."""
    return building_id, unit_key(door.unit_no), _key(_ROOM, door.room_no)


async def buildings(session: AsyncSession, *, areas: Collection[UUID], hold: bool = False) -> Buildings:
    """The buildings that stand in some grids; `hold` keeps them, and what rooms they have, as they are."""
    columns = [getattr(Building, name) for name in Standing.__slots__]
    within = or_(Building.area_id.in_(areas), Building.grid_id.in_(areas))
    statement = select(*columns).where(within, Building.ended_on.is_(None)).order_by(Building.id)
    if hold:
        statement = statement.with_for_update(key_share=True)
    return Buildings(Standing(*row) for row in await session.execute(statement))


async def rooms(session: AsyncSession, *, buildings: Collection[UUID]) -> Rooms[Known]:
    """The rooms that stand in some buildings."""
    columns = [getattr(Room, name) for name in Known.__slots__]
    statement = select(*columns).where(Room.building_id.in_(buildings), Room.ended_on.is_(None))
    return Rooms(Known(*row) for row in await session.execute(statement.order_by(Room.id)))


def _plain(text: str) -> str:
    return compact(text).lower()


def _key(pattern: re.Pattern[str], text: str) -> str:
    plain = _plain(text)
    found = pattern.fullmatch(plain)
    return found[1] if found else plain
