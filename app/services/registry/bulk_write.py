"""Writing many matched households with their people: eight statements a batch, whatever its length.

What a table does not say stays as it is. The caller sees to it that nothing faulty comes here and that no
household and no person stands in a batch twice. Personal numbers are sealed as everywhere.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import Vault
from app.core.ids import uuid7
from app.core.pinyin import spellings
from app.models.enums import Gender, HouseholdType, PopulationType, ResidenceStatus
from app.services.platform.actor import Actor
from app.services.platform.sealing import sealed_columns
from app.services.registry import bulk_sql
from app.services.registry.bulk import BulkHousehold, BulkPerson
from app.services.registry.households import new_no

_HOUSEHOLD = (
    "id",
    "no",
    "area_id",
    "town_id",
    "village_id",
    "grid_id",
    "address",
    "household_type",
    "residence_status",
)
_CHANGED_HOUSEHOLD = ("id", "address", "household_type", "residence_status")
_PERSON = (
    "id",
    "name",
    "spellings",
    "gender",
    "birth_on",
    "population_type",
    "id_sealed",
    "id_index",
    "id_last4",
    "phone_sealed",
    "phone_index",
    "phone_last4",
)
_MEMBER = ("id", "household_id", "resident_id", "relation", "is_head")
_CHANGED_MEMBER = ("household_id", "resident_id", "relation")

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Written:
    """How many households were new, changed in any way, and as they were."""

    created: int
    updated: int
    unchanged: int


async def write(
    session: AsyncSession, *, actor: Actor, vault: Vault, households: Sequence[BulkHousehold]
) -> Written:
    """Make the registry say what the households say."""
    known = [household for household in households if household.household_id]
    new = [household for household in households if not household.household_id]
    by = {"by": actor.id}
    changed = await _ids(session, bulk_sql.CHANGED_HOUSEHOLDS, _CHANGED_HOUSEHOLD, map(_changed, known), by)
    await _run(session, bulk_sql.NEW_HOUSEHOLDS, _HOUSEHOLD, map(_new, new), by)
    touched = await _people(session, vault, households, by)
    everyone = [household.household_id for household in households]
    await session.execute(text(bulk_sql.COUNTED), {"households": everyone})
    updated = sum(1 for household in known if household.household_id in changed | touched)
    return Written(len(new), updated, len(known) - updated)


async def _people(
    session: AsyncSession, vault: Vault, households: Sequence[BulkHousehold], by: dict[str, Any]
) -> set[UUID]:
    """Write the people; returns the households in which anything is new or changed."""
    pairs = [(household, person) for household in households for person in household.people]
    known = {person.resident_id: household for household, person in pairs if person.resident_id}
    told = (_person(person, vault) for _household, person in pairs if person.resident_id)
    changed = await _ids(session, bulk_sql.CHANGED_PEOPLE, _PERSON, told, by)
    touched = {known[resident_id].household_id for resident_id in changed}
    made = [person for _household, person in pairs if person.resident_id is None]
    for person in made:
        person.resident_id = uuid7()
    await _run(session, bulk_sql.NEW_PEOPLE, _PERSON, (_made(person, vault) for person in made), by)
    joining = [(household, person) for household, person in pairs if not person.is_member]
    when = {**by, "today": clock.today()}
    await _run(session, bulk_sql.NEW_MEMBERS, _MEMBER, (_member(*pair) for pair in joining), when)
    staying = (_member(*pair) for pair in pairs if pair[1].is_member)
    touched |= await _ids(session, bulk_sql.CHANGED_MEMBERS, _CHANGED_MEMBER, staying, by)
    return {found for found in touched if found} | {
        household.household_id for household, _person in joining if household.household_id
    }


def _new(household: BulkHousehold) -> dict[str, Any]:
    household.household_id = uuid7()
    return {
        "id": household.household_id,
        "no": household.no or new_no(),
        "area_id": household.area_id,
        "town_id": household.town_id,
        "village_id": household.village_id,
        "grid_id": household.grid_id,
        "address": household.address,
        "household_type": household.household_type or HouseholdType.RESIDENT.value,
        "residence_status": household.residence_status or ResidenceStatus.SAME.value,
    }


def _changed(household: BulkHousehold) -> dict[str, Any]:
    return {
        "id": household.household_id,
        "address": household.address,
        "household_type": household.household_type,
        "residence_status": household.residence_status,
    }


def _person(person: BulkPerson, vault: Vault) -> dict[str, Any]:
    return {
        "id": person.resident_id,
        "name": person.name,
        # An array of arrays would have to be rectangular: the words of each name travel as one text.
        "spellings": " ".join(spellings(person.name)),
        "gender": person.gender,
        "birth_on": person.birth_on,
        "population_type": person.population_type,
        **sealed_columns("id", person.id_number, vault),
        **sealed_columns("phone", person.phone, vault),
    }


def _made(person: BulkPerson, vault: Vault) -> dict[str, Any]:
    """A new person: what the table does not say is read from the identity number, or usual."""
    number = person.id_number
    read = Gender.UNSTATED.value
    if number:
        read = Gender.MALE.value if int(number[16]) % 2 else Gender.FEMALE.value
    born = date.fromisoformat(number[6:14]) if number else None
    return _person(person, vault) | {
        "gender": person.gender or read,
        "birth_on": person.birth_on or born,
        "population_type": person.population_type or PopulationType.HUKOU.value,
    }


def _member(household: BulkHousehold, person: BulkPerson) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "household_id": household.household_id,
        "resident_id": person.resident_id,
        "relation": person.relation,
        "is_head": person.is_head,
    }


async def _ids(
    session: AsyncSession,
    sql: str,
    columns: Sequence[str],
    rows: Iterable[dict[str, Any]],
    others: dict[str, Any],
) -> set[UUID]:
    """Run a statement over rows; the ids that it returns."""
    found = list(rows)
    if not found:
        return set()
    arrays = {column: [row[column] for row in found] for column in columns}
    return set(await session.scalars(text(sql), arrays | others))


async def _run(
    session: AsyncSession,
    sql: str,
    columns: Sequence[str],
    rows: Iterable[dict[str, Any]],
    others: dict[str, Any],
) -> None:
    """Run a statement over rows that returns nothing."""
    found = list(rows)
    if found:
        arrays = {column: [row[column] for row in found] for column in columns}
        await session.execute(text(sql), arrays | others)
