"""Many households at once, as tables name them, found among those that are there.

For imports. `match` says what is there already and what cannot be; `bulk_write` makes the rest so. Equal
identity numbers are one person; without a number, a name within a known household. Nobody is removed and
nobody is moved: who belongs to another household is a fault, and so is a household of another micro-grid.
A household that is known and told in another room of its grid was written down wrong, as with another
address: its present stay is corrected, no move is made of it. All of it is set-based, with arrays as
parameters, so that a hundred thousand people take seconds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import Vault
from app.services.registry import bulk_sql, doors
from app.services.registry.doors import Door, DoorRefusedError, Standing
from app.services.registry.reach import PLACE
from app.services.registry.residents import HEAD
from app.services.registry.rooms import address_in


@dataclass(slots=True)
class BulkPerson:
    """Somebody of a household as the table says; what it does not say is None and left as it is."""

    name: str
    relation: str
    gender: str | None = None
    birth_on: date | None = None
    population_type: str | None = None
    id_number: str | None = field(default=None, repr=False)
    id_index: bytes | None = None
    phone: str | None = field(default=None, repr=False)
    resident_id: UUID | None = None
    is_member: bool = False
    fault: tuple[str, str] | None = None

    @property
    def is_head(self) -> bool:
        """Relations 01 to 09 are the head."""
        return self.relation.startswith(HEAD)


@dataclass(slots=True)
class BulkHousehold:
    """A household as the table says, and the one that it is, if it is there.

    `address` and `door` may be left out; a new household needs one of them.
    """

    no: str | None
    area_id: UUID
    town_id: UUID | None
    village_id: UUID | None
    grid_id: UUID | None
    address: str | None
    household_type: str | None = None
    residence_status: str | None = None
    people: list[BulkPerson] = field(default_factory=list)
    household_id: UUID | None = None
    fault: tuple[str, str] | None = None
    door: Door | None = None
    building: Standing | None = None
    room_id: UUID | None = None
    room_address: str | None = None

    @property
    def told_address(self) -> str | None:
        """The address, or that of the room."""
        return self.address or self.room_address

    @property
    def head(self) -> BulkPerson | None:
        """The head, unless the household is vacant."""
        return next((person for person in self.people if person.is_head), None)

    @property
    def is_faulty(self) -> bool:
        """Whether it cannot be written."""
        return self.fault is not None or any(person.fault for person in self.people)


async def match(
    session: AsyncSession, *, households: Sequence[BulkHousehold], vault: Vault, hold: bool = False
) -> None:
    """Find what is there of rooms, households and people, and note what cannot be; six statements.

    With `hold` no building ends, moves or gets a room from others until the end of the transaction.
    """
    await _find_rooms(session, households, hold=hold)
    people = [person for household in households for person in household.people]
    for person in people:
        if person.id_number and person.id_index is None:
            person.id_index = vault.index(person.id_number)
    known = await _known_people(session, people, vault)
    await _find_households(session, households, known)
    members = await _members(session, households)
    for household in households:
        _match_people(household, known, members.get(household.household_id, []))


async def _find_rooms(session: AsyncSession, households: Sequence[BulkHousehold], *, hold: bool) -> None:
    """The building in the grid, and the room in the building; the household lies where they do."""
    told = [(household, household.door) for household in households if household.door]
    if not told:
        return
    areas = {household.area_id for household, _door in told}
    buildings = await doors.buildings(session, areas=areas, hold=hold)
    for household, door in told:
        try:
            household.building = buildings.find(household.area_id, door.building)
        except DoorRefusedError as refused:
            household.fault = refused.fault
    found = {household.building.id for household, _door in told if household.building}
    rooms = await doors.rooms(session, buildings=found)
    for household, door in told:
        if household.building is not None:
            _find_room(household, household.building, door, rooms)


def _find_room(
    household: BulkHousehold, building: Standing, door: Door, rooms: doors.Rooms[doors.Known]
) -> None:
    for name in PLACE:
        setattr(household, name, getattr(building, name))
    try:
        room = rooms.find(building.id, door.unit_no, door.room_no)
    except DoorRefusedError as refused:
        household.fault = refused.fault
        return
    household.room_id = room.id if room else None
    made = household.address or address_in(building.address, door.unit_no, door.room_no)
    household.room_address = room.address if room else made


async def _known_people(
    session: AsyncSession, people: Iterable[BulkPerson], vault: Vault
) -> dict[bytes, RowMapping]:
    """Who is there, by the present secret's index, even if still registered under a retired one's."""
    wanted = {person.id_index: person.id_index for person in people if person.id_index}
    if vault.rotating:
        for person in people:
            if person.id_number and person.id_index:
                wanted |= dict.fromkeys(vault.indexes(person.id_number), person.id_index)
    rows = await session.execute(text(bulk_sql.KNOWN_PEOPLE), {"indexes": list(wanted)})
    return {wanted[row["id_index"]]: row for row in rows.mappings()}


async def _find_households(
    session: AsyncSession, households: Sequence[BulkHousehold], known: dict[bytes, RowMapping]
) -> None:
    """By number; else where the head is head already; else by grid, address and the head's name."""
    numbers = [household.no for household in households if household.no]
    rows = await session.execute(text(bulk_sql.HOUSEHOLDS_BY_NO), {"numbers": numbers})
    by_no = {row["no"]: row for row in rows.mappings()}
    unnamed = [household for household in households if household.no is None]
    by_place = await _by_place(session, unnamed)
    for household in households:
        if household.no is not None:
            found = by_no.get(household.no)
            household.household_id = found["id"] if found else None
            if found and (found["grid_id"], found["ended"]) != (household.grid_id, False):
                household.fault = ("household_no_taken", "这个户号已用于别的网格或已注销的住户")
            elif found:
                _require_area(household, found["area_id"])
            continue
        head = household.head
        person = known.get(head.id_index) if head and head.id_index else None
        if person and person["is_head"] and person["grid_id"] == household.grid_id:
            household.household_id = person["household_id"]
            _require_area(household, person["area_id"])
        elif person is None or person["household_id"] is None:
            household.household_id = by_place.find(household, head.name if head else None)


def _require_area(household: BulkHousehold, area_id: UUID) -> None:
    if household.building is not None and household.building.area_id != area_id:
        household.fault = ("household_elsewhere", "该户登记在同一网格的另一微网格，请办理迁移后再导入")


class _Places:
    """Households by their grid, their room or address, and the head's name."""

    def __init__(self, rows: Iterable[RowMapping]) -> None:
        self._rooms: dict[tuple[UUID, UUID | None, str | None], UUID] = {}
        self._addresses: dict[tuple[UUID, str | None, str | None], UUID] = {}
        self._roomless: dict[tuple[UUID, str | None, str | None], UUID] = {}
        for row in rows:
            area_id, name = row["area_id"], row["head_name"]
            self._addresses[area_id, row["address"], name] = row["id"]
            if row["room_id"] is None:
                self._roomless[area_id, row["address"], name] = row["id"]
            else:
                self._rooms[area_id, row["room_id"], name] = row["id"]

    def find(self, household: BulkHousehold, head: str | None) -> UUID | None:
        """In the room where one is told, or where the address is that and no room is known yet."""
        area_id, address = household.area_id, household.told_address
        if household.door is None:
            return self._addresses.get((area_id, address, head))
        here = self._rooms.get((area_id, household.room_id, head))
        return here or self._roomless.get((area_id, address, head))


async def _by_place(session: AsyncSession, households: Sequence[BulkHousehold]) -> _Places:
    # Each grid is looked through once: to look for each pair would look through it for each household.
    values = {
        "areas": list({household.area_id for household in households}),
        "addresses": list({household.told_address for household in households if household.told_address}),
        "rooms": list({household.room_id for household in households if household.room_id}),
    }
    return _Places((await session.execute(text(bulk_sql.HOUSEHOLDS_BY_PLACE), values)).mappings())


async def _members(
    session: AsyncSession, households: Sequence[BulkHousehold]
) -> dict[UUID | None, list[RowMapping]]:
    ids = list({household.household_id for household in households if household.household_id})
    found: dict[UUID | None, list[RowMapping]] = {}
    for row in (await session.execute(text(bulk_sql.MEMBERS), {"households": ids})).mappings():
        found.setdefault(row["household_id"], []).append(row)
    return found


def _match_people(
    household: BulkHousehold, known: dict[bytes, RowMapping], members: Sequence[RowMapping]
) -> None:
    present = {row["resident_id"] for row in members}
    for person in household.people:
        row = known.get(person.id_index) if person.id_index else None
        if row is not None:
            person.resident_id = row["id"]
            if row["died_on"] is not None:
                person.fault = ("resident_died", "该人员已登记死亡，请核对")
            elif row["household_id"] not in {None, household.household_id}:
                person.fault = ("resident_elsewhere", "该人员已登记在另一住户，请先办理迁出或核对证件号码")
        else:
            person.resident_id = _by_name(person, members)
        person.is_member = person.resident_id in present
    head = household.head
    now = next((row["resident_id"] for row in members if row["is_head"]), None)
    if head is not None and now is not None and head.resident_id != now and head.fault is None:
        head.fault = ("head_differs", "与登记的户主不是同一人，请先办理户主变更")


def _by_name(person: BulkPerson, members: Sequence[RowMapping]) -> UUID | None:
    """The one member of this name whose number is not known or not told."""
    found = [
        row["resident_id"]
        for row in members
        if row["name"] == person.name and (person.id_index is None or row["id_index"] is None)
    ]
    return found[0] if len(found) == 1 else None
