"""The demo's households and residents: every room of every grid, in batches for COPY.

Numbers are sealed as the product seals them. Registered in the month before the first tickets, each by the
first worker of the grid; a child born since is entered at birth.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID
from zlib import crc32

from app.core.clock import BUSINESS_ZONE, day_start
from app.core.crypto import Vault
from app.core.pinyin import spellings
from app.demo.content.addresses import BuildingText, RoomText, buildings, locality
from app.demo.content.people import HouseholdText, People, PersonText
from app.demo.content.relatives import RELATION_HEAD
from app.demo.content.tables import seeded, slots
from app.demo.town.founding import (
    REGISTERED_BY,
    REGISTERED_FROM,
    Founding,
    Stamps,
    new_id,
    sealed,
    stamps,
)
from app.demo.town.home_rows import (
    BuildingRecord,
    HouseholdRecord,
    MembershipRecord,
    ResidenceRecord,
    ResidentRecord,
    RoomRecord,
    StayRecord,
)
from app.demo.town.places import GridPlace
from app.models.enums import HouseholdType, LinkReason, NoIdReason, RoomUse
from app.services.registry import cycle

BATCH = 1_000

_USES = {
    HouseholdType.RENTAL: RoomUse.RENTED,
    HouseholdType.VACANT: RoomUse.VACANT,
    HouseholdType.SHOP_HOUSE: RoomUse.MIXED,
}
_LONGEST_STAY = 20 * 365
_Number = tuple[bytes | None, bytes | None, str | None]


class Homes:
    """Rows of some households and of the people in them."""

    def __init__(self) -> None:
        self.buildings: list[BuildingRecord] = []
        self.rooms: list[RoomRecord] = []
        self.households: list[HouseholdRecord] = []
        self.residents: list[ResidentRecord] = []
        self.memberships: list[MembershipRecord] = []
        self.residences: list[ResidenceRecord] = []
        self.stays: list[StayRecord] = []

    def all(self) -> Iterator[Sequence[Any]]:
        """The sheets, parents before children."""
        return iter(vars(self).values())


class _Home(NamedTuple):
    """A room in a grid, the household's number in its village, and when it was entered."""

    grid: GridPlace
    building: BuildingText
    room: RoomText
    number: int
    entered_at: datetime


class Registrar:
    """Enters the households of a demo."""

    def __init__(
        self, founding: Founding, people: People, vault: Vault, worker_of: Mapping[UUID, UUID]
    ) -> None:
        self._founding, self._people, self._vault = founding, people, vault
        self._worker_of = worker_of
        self._rng = seeded(founding.seed, "households")
        self._building_id: UUID

    def batches(self, grids: Sequence[GridPlace], total: int) -> Iterator[Homes]:
        """`total` households, grid after grid."""
        rooms = enumerate(self._rooms(grids, total))
        while chunk := list(islice(rooms, BATCH)):
            homes = Homes()
            for number, home in chunk:
                self._enter(homes, home, self._people.household(self._rng, number))
            yield homes

    def _rooms(self, grids: Sequence[GridPlace], total: int) -> Iterator[_Home]:
        shares = Counter(slots(((grid.id, _weight(grid.row.code)) for grid in grids), total))
        numbers: Counter[str] = Counter()
        begin = self._founding.now - REGISTERED_FROM
        pace = (REGISTERED_FROM - REGISTERED_BY) / max(total, 1)
        entered = 0
        for grid in grids:
            place = locality(grid.village.row, grid.row)
            for building in buildings(self._rng, place, shares[grid.id]):
                for room in building.rooms:
                    entered += 1
                    numbers[grid.row.village_code] += 1
                    number = numbers[grid.row.village_code]
                    yield _Home(grid, building, room, number, begin + entered * pace)

    def _enter(self, homes: Homes, home: _Home, text: HouseholdText) -> None:
        grid, village = home.grid, home.grid.village
        entered = self._stamps(home.entered_at, grid)
        room_id = self._room(homes, home, _USES.get(text.household_type, RoomUse.OWNER))
        household_id = new_id(self._rng, home.entered_at)
        homes.households.append(
            HouseholdRecord(
                household_id,
                f"{grid.row.village_code}{home.number:05d}",
                grid.id,
                village.town.id,
                village.id,
                grid.id,
                room_id,
                home.room.address,
                text.household_type,
                text.residence_status,
                len(text.members),
                None,
                None,
                cycle.first_turn(household_id, home.entered_at.astimezone(BUSINESS_ZONE).date()),
                *entered,
            )
        )
        since = self._founding.today - timedelta(days=400 + int(self._rng.random() * _LONGEST_STAY))
        homes.stays.append(
            StayRecord(
                new_id(self._rng, home.entered_at),
                household_id,
                grid.id,
                room_id,
                home.room.address,
                LinkReason.REGISTERED,
                since,
                *entered,
            )
        )
        for person in text.members:
            self._person(homes, household_id, home, person, since)

    def _room(self, homes: Homes, home: _Home, use: RoomUse) -> UUID:
        """The home's room, and with the first of its rooms the building."""
        grid, building, entered = home.grid, home.building, self._stamps(home.entered_at, home.grid)
        place = (grid.id, grid.village.town.id, grid.village.id, grid.id)
        if home.room is building.rooms[0]:
            self._building_id = new_id(self._rng, home.entered_at)
            homes.buildings.append(
                BuildingRecord(
                    self._building_id,
                    *place,
                    building.name,
                    building.no,
                    building.address,
                    building.kind,
                    building.floors,
                    building.units,
                    building.built_year,
                    *entered,
                )
            )
        room, room_id = home.room, new_id(self._rng, home.entered_at)
        floor = str(room.floor)
        homes.rooms.append(
            RoomRecord(
                room_id,
                *place,
                self._building_id,
                room.unit_no,
                floor,
                room.room_no,
                room.address,
                use,
                *entered,
            )
        )
        return room_id

    def _person(self, homes: Homes, household_id: UUID, home: _Home, person: PersonText, since: date) -> None:
        at = home.entered_at
        if person.birth_date >= at.date():
            at = max(min(day_start(person.birth_date) + timedelta(days=3), self._founding.now), at)
        entered = self._stamps(at, home.grid)
        resident_id = new_id(self._rng, at)
        numbers = (*self._number(person.identity_no), *self._number(person.phone))
        homes.residents.append(
            ResidentRecord(
                resident_id,
                home.grid.id,
                home.grid.village.town.id,
                home.grid.village.id,
                home.grid.id,
                person.name,
                spellings(person.name),
                person.gender,
                person.birth_date,
                person.population_type,
                None if person.identity_no else NoIdReason.NEW_BORN,
                *numbers,
                *entered,
            )
        )
        begun = max(since, person.birth_date)
        reason = LinkReason.BORN if begun > since else LinkReason.REGISTERED
        is_head = person.relation == RELATION_HEAD
        homes.memberships.append(
            MembershipRecord(
                new_id(self._rng, at),
                household_id,
                resident_id,
                person.relation,
                is_head,
                reason,
                begun,
                *entered,
            )
        )
        homes.residences.append(
            ResidenceRecord(new_id(self._rng, at), resident_id, household_id, reason, begun, *entered)
        )

    def _number(self, number: str | None) -> _Number:
        return (None, None, None) if number is None else sealed(number, self._vault)

    def _stamps(self, at: datetime, grid: GridPlace) -> Stamps:
        return stamps(at, self._worker_of[grid.id])


def _weight(code: str) -> float:
    """How crowded a grid is, between 0.6 and 1.4, the same every time."""
    return 0.6 + crc32(code.encode()) % 800 / 1000
