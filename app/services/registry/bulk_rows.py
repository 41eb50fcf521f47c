"""The rows and history lines of many households at once, as `bulk_write` hands them to its statements.

What a table does not say of somebody new is read from the identity number, or usual. Personal numbers are
sealed as everywhere.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import date
from typing import Any
from uuid import UUID

from app.core import clock
from app.core.crypto import Vault
from app.core.ids import uuid7
from app.models.enums import (
    Gender,
    HouseholdType,
    LinkReason,
    NoIdReason,
    PopulationType,
    ResidenceStatus,
    RoomUse,
)
from app.services.platform.sealing import sealed_columns
from app.services.registry import cycle
from app.services.registry.bulk import BulkHousehold, BulkPerson
from app.services.registry.doors import Door, Standing
from app.services.registry.history import Written
from app.services.registry.households import new_no
from app.services.registry.names import name_columns
from app.services.registry.reach import PLACE

_TOLD_OF_HOUSEHOLD = ("address", "room_id", "household_type", "residence_status")
_TOLD_OF_PERSON = ("name", "gender", "birth_on", "population_type", "id_number", "phone")

Row = dict[str, Any]


def new_household(household: BulkHousehold) -> Row:
    """A new household and its stay; gives it its id."""
    household.household_id = household_id = uuid7()
    return {
        "id": household_id,
        "no": household.no or new_no(),
        **_place_of(household),
        "address": household.told_address,
        "room_id": household.room_id,
        "household_type": household.household_type or HouseholdType.RESIDENT.value,
        "residence_status": household.residence_status or ResidenceStatus.SAME.value,
        "member_count": len(household.people),
        "next_visit_due": cycle.first_turn(household_id, clock.today()),
        "stay_id": uuid7(),
    }


def known_household(household: BulkHousehold) -> Row:
    """What the table says of a household that is there."""
    told = {name: getattr(household, name) for name in _TOLD_OF_HOUSEHOLD}
    return {"id": household.household_id, "room_address": household.room_address, **told}


def new_room(household: BulkHousehold, building: Standing, door: Door) -> Row:
    """The room of a household that is not there yet; its use as where nobody says one."""
    return {
        "id": uuid7(),
        "building_id": building.id,
        **_place_of(household),
        "unit_no": door.unit_no,
        "room_no": door.room_no,
        "address": household.room_address,
        "use": RoomUse.OWNER.value,
    }


def new_person(household: BulkHousehold, person: BulkPerson, vault: Vault) -> Row:
    """Somebody new, where the household is; gives the person an id."""
    person.resident_id = uuid7()
    read = _read(person)
    return {
        "id": person.resident_id,
        **_place_of(household),
        **_named(person),
        "gender": person.gender or read["read_gender"] or Gender.UNSTATED.value,
        "birth_on": person.birth_on or read["read_birth_on"],
        "population_type": person.population_type or PopulationType.HUKOU.value,
        "no_id_reason": None if person.id_number else NoIdReason.NOT_COLLECTED.value,
        **_numbers(person, vault),
    }


def known_person(person: BulkPerson, vault: Vault) -> Row:
    """What the table says of somebody who is there."""
    return {
        "id": person.resident_id,
        **_named(person),
        "gender": person.gender,
        "birth_on": person.birth_on,
        "population_type": person.population_type,
        **_read(person),
        **_numbers(person, vault),
    }


def place(household: BulkHousehold, person: BulkPerson) -> Row:
    """A person's place in a household."""
    return {
        "id": uuid7(),
        "household_id": household.household_id,
        "resident_id": person.resident_id,
        "relation": person.relation,
        "is_head": person.is_head,
    }


def membership(
    household: BulkHousehold, person: BulkPerson, *, back: Collection[UUID], homes: Collection[UUID]
) -> Row:
    """A new place, and a home with the household unless the person (who comes back) has a home."""
    returns = person.resident_id in back
    return place(household, person) | {
        "reason": (LinkReason.MOVED if returns else LinkReason.REGISTERED).value,
        "residence_id": None if person.resident_id in homes else uuid7(),
    }


def fields_of_household(household: BulkHousehold) -> Row:
    """What the history says of a changed household: the fields that the table says."""
    return {"fields": sorted(name for name in _TOLD_OF_HOUSEHOLD if getattr(household, name) is not None)}


def fields_of_person(person: BulkPerson) -> Row:
    """What the history says of a changed person."""
    return {"fields": sorted(name for name in _TOLD_OF_PERSON if getattr(person, name) is not None)}


def comings(memberships: Iterable[Row], *, on: date, entered: Collection[UUID | None]) -> Iterator[Written]:
    """Who came into a household that was there, and who came back; a new household tells of its own."""
    for row in memberships:
        home = str(row["household_id"])
        if row["reason"] == LinkReason.MOVED:
            data = {"on": on.isoformat(), "reason": row["reason"], "household_ids": [home]}
            yield Written("resident.move", row["resident_id"], data)
        elif row["household_id"] not in entered:
            data = {"household_id": home, "reason": row["reason"]}
            yield Written("resident.create", row["resident_id"], data)


def _place_of(household: BulkHousehold) -> Row:
    return {name: getattr(household, name) for name in PLACE}


def _named(person: BulkPerson) -> Row:
    """The name and its spellings, which travel as one text: arrays of arrays would have to be rectangular."""
    columns = name_columns(person.name)
    return {"name": columns["name"], "spelled": " ".join(columns["spellings"])}


def _numbers(person: BulkPerson, vault: Vault) -> Row:
    return sealed_columns("id", person.id_number, vault) | sealed_columns("phone", person.phone, vault)


def _read(person: BulkPerson) -> Row:
    """Gender and birth date as the identity number holds them."""
    number = person.id_number
    if number is None:
        return {"read_gender": None, "read_birth_on": None}
    gender = Gender.MALE if int(number[16]) % 2 else Gender.FEMALE
    return {"read_gender": gender.value, "read_birth_on": date.fromisoformat(number[6:14])}
