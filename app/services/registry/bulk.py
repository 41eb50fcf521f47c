"""Many households at once, as tables name them, found among those that are there.

For imports. `match` says what is there already and what cannot be; `bulk_write` makes the rest so. Equal
identity numbers are one person; without a number, a name within a known household. Nobody is removed and
nobody is moved: who belongs to another household is a fault. All of it is set-based, with arrays as
parameters, so that a hundred thousand people take seconds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import Vault
from app.services.registry import bulk_sql
from app.services.registry.residents import HEAD


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
    """A household as the table says, and the one that it is, if it is there."""

    no: str | None
    area_id: UUID
    town_id: UUID | None
    village_id: UUID | None
    grid_id: UUID | None
    address: str
    household_type: str | None = None
    residence_status: str | None = None
    people: list[BulkPerson] = field(default_factory=list)
    household_id: UUID | None = None
    fault: tuple[str, str] | None = None

    @property
    def head(self) -> BulkPerson | None:
        """The head, unless the household is vacant."""
        return next((person for person in self.people if person.is_head), None)

    @property
    def is_faulty(self) -> bool:
        """Whether it cannot be written."""
        return self.fault is not None or any(person.fault for person in self.people)


async def match(session: AsyncSession, *, households: Sequence[BulkHousehold], vault: Vault) -> None:
    """Find the households and people that are there, and note what cannot be; four statements."""
    people = [person for household in households for person in household.people]
    for person in people:
        if person.id_number and person.id_index is None:
            person.id_index = vault.index(person.id_number)
    known = await _known_people(session, people)
    await _find_households(session, households, known)
    members = await _members(session, households)
    for household in households:
        _match_people(household, known, members.get(household.household_id, []))


async def _known_people(session: AsyncSession, people: Iterable[BulkPerson]) -> dict[bytes, RowMapping]:
    indexes = [person.id_index for person in people if person.id_index]
    rows = await session.execute(text(bulk_sql.KNOWN_PEOPLE), {"indexes": indexes})
    return {row["id_index"]: row for row in rows.mappings()}


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
            continue
        head = household.head
        person = known.get(head.id_index) if head and head.id_index else None
        if person and person["is_head"] and person["grid_id"] == household.grid_id:
            household.household_id = person["household_id"]
        elif person is None or person["household_id"] is None:
            key = (household.area_id, household.address, head.name if head else None)
            household.household_id = by_place.get(key)


async def _by_place(
    session: AsyncSession, households: Sequence[BulkHousehold]
) -> dict[tuple[UUID, str, str | None], UUID]:
    # Each grid is looked through once: to look for each pair would look through it for each household.
    values = {
        "areas": list({household.area_id for household in households}),
        "addresses": list({household.address for household in households}),
    }
    rows = await session.execute(text(bulk_sql.HOUSEHOLDS_BY_PLACE), values)
    return {(row["area_id"], row["address"], row["head_name"]): row["id"] for row in rows.mappings()}


async def _members(
    session: AsyncSession, households: Sequence[BulkHousehold]
) -> dict[UUID | None, list[RowMapping]]:
    ids = [household.household_id for household in households if household.household_id]
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
