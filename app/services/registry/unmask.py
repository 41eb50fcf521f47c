"""The plain values of residents, households, rooms and places: which role sees which class, in its own areas.

A field has a class, a role sees some classes, and a post covers some areas; all three must agree on the
record. People are seen where they live and where they are registered; who died or left belongs nowhere.
Limits and the log are `unmasking`'s.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import Vault
from app.core.errors import NotFound
from app.models.enums import Role
from app.models.enums.privacy import FieldClass, HouseholdField, PlaceField, ResidentField, RoomField
from app.models.registry import Household, HouseholdMember, Place, Residence, Resident, Room
from app.services.platform import scope
from app.services.platform.actor import Actor, Dataset
from app.services.platform.unmasking import Disclosed, UnmaskRefused
from app.services.registry import links, reach, resident_reads
from app.services.registry.households import COLUMNS

CLASS_OF: Mapping[str, FieldClass] = MappingProxyType(
    {
        ResidentField.NAME: FieldClass.P2,
        ResidentField.PHONE: FieldClass.P2,
        ResidentField.ID_NUMBER: FieldClass.P3,
        ResidentField.BIRTH_ON: FieldClass.P3,
        ResidentField.HUKOU_PLACE: FieldClass.P2,
        ResidentField.WORKPLACE: FieldClass.P2,
        ResidentField.HOME_ADDRESS: FieldClass.P2,
        HouseholdField.HEAD_NAME: FieldClass.P2,
        HouseholdField.HEAD_PHONE: FieldClass.P2,
        RoomField.OWNER_NAME: FieldClass.P2,
        RoomField.OWNER_PHONE: FieldClass.P2,
        PlaceField.CONTACT_NAME: FieldClass.P2,
        PlaceField.CONTACT_PHONE: FieldClass.P2,
    }
)
SEES: Mapping[Role, frozenset[FieldClass]] = MappingProxyType(
    {
        Role.GRID_WORKER: frozenset({FieldClass.P2}),
        Role.GRID_LEADER: frozenset({FieldClass.P2}),
        Role.VILLAGE_ADMIN: frozenset({FieldClass.P2, FieldClass.P3}),
    }
)


async def resident(
    session: AsyncSession, *, actor: Actor, vault: Vault, resident_id: UUID, fields: Sequence[ResidentField]
) -> Disclosed:
    """Plain fields of a resident; `NotFound` outside the scope, `UnmaskRefused` beyond the role."""
    covered = resident_reads.visible(_allowed(actor, fields))
    belongs = links.registered(lambda _home: true())
    seen = and_(Resident.id == resident_id, resident_reads.visible(actor), belongs)
    row = (await session.execute(select(Resident, covered, _home_address()).where(seen))).one_or_none()
    person, may, address = row or (None, False, None)
    values = _values(person, vault, may=may) | {ResidentField.HOME_ADDRESS: address}
    return Disclosed({field.value: values[field] for field in fields}, resident_id)


async def household(
    session: AsyncSession, *, actor: Actor, vault: Vault, household_id: UUID, fields: Sequence[HouseholdField]
) -> Disclosed:
    """Plain fields of a household's present head; refusals as of `resident`."""
    covered = scope.visible(_allowed(actor, fields), Dataset.REGISTRY, COLUMNS)
    head = (
        select(Resident, covered)
        .select_from(Household)
        .join(HouseholdMember, HouseholdMember.household_id == Household.id)
        .join(Resident, Resident.id == HouseholdMember.resident_id)
        .where(
            Household.id == household_id,
            HouseholdMember.is_head,
            HouseholdMember.valid_to.is_(None),
            scope.visible(actor, Dataset.REGISTRY, COLUMNS),
        )
    )
    row = (await session.execute(head)).one_or_none()
    person, may = row or (None, False)
    values = _values(person, vault, may=may)
    own = {
        HouseholdField.HEAD_NAME: values[ResidentField.NAME],
        HouseholdField.HEAD_PHONE: values[ResidentField.PHONE],
    }
    return Disclosed({field.value: own[field] for field in fields}, person.id if person else None)


async def room(
    session: AsyncSession, *, actor: Actor, vault: Vault, room_id: UUID, fields: Sequence[RoomField]
) -> Disclosed:
    """Plain fields of a room's owner, who need not be a resident; refusals as of `resident`."""
    found = await _opened(session, actor, Room, room_id, fields)
    sealed = found.owner_phone_sealed
    own = {
        RoomField.OWNER_NAME: found.owner_name,
        RoomField.OWNER_PHONE: vault.open(sealed) if sealed else None,
    }
    return Disclosed({field.value: own[field] for field in fields})


def sees_everywhere(actor: Actor, wanted: FieldClass) -> bool:
    """Whether each of the caller's posts in the registry may see values of a class."""
    return all(wanted in SEES.get(grant.role, frozenset()) for grant in actor.grants_of(Dataset.REGISTRY))


async def place(
    session: AsyncSession, *, actor: Actor, vault: Vault, place_id: UUID, fields: Sequence[PlaceField]
) -> Disclosed:
    """Plain fields of a place's contact, who need not be a resident; refusals as of `resident`."""
    found = await _opened(session, actor, Place, place_id, fields)
    sealed = found.contact_phone_sealed
    own = {
        PlaceField.CONTACT_NAME: found.contact_name,
        PlaceField.CONTACT_PHONE: vault.open(sealed) if sealed else None,
    }
    return Disclosed({field.value: own[field] for field in fields})


async def _opened(
    session: AsyncSession, actor: Actor, table: Any, row_id: UUID, fields: Sequence[str]
) -> Any:
    """The row, if the caller sees it and their role there sees all the fields."""
    covered = reach.visible(_allowed(actor, fields), table)
    statement = select(table, covered).where(table.id == row_id, reach.visible(actor, table))
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound
    found, may = row
    if not may:
        raise UnmaskRefused
    return found


def _allowed(actor: Actor, fields: Sequence[str]) -> Actor:
    """The actor with those grants only whose role sees the classes of all the fields."""
    wanted = {CLASS_OF[field] for field in fields}
    grants = tuple(grant for grant in actor.grants if wanted <= SEES.get(grant.role, frozenset()))
    return replace(actor, grants=grants)


def _home_address() -> ColumnElement[str | None]:
    """Where a resident lives now, if that is outside the registry."""
    statement = select(Residence.address).where(
        Residence.resident_id == Resident.id, Residence.valid_to.is_(None)
    )
    return statement.scalar_subquery()


def _values(person: Resident | None, vault: Vault, *, may: bool) -> dict[ResidentField, str | None]:
    if person is None:
        raise NotFound
    if not may:
        raise UnmaskRefused
    return {
        ResidentField.NAME: person.name,
        ResidentField.PHONE: vault.open(person.phone_sealed) if person.phone_sealed else None,
        ResidentField.ID_NUMBER: vault.open(person.id_sealed) if person.id_sealed else None,
        ResidentField.BIRTH_ON: person.birth_on.isoformat() if person.birth_on else None,
        ResidentField.HUKOU_PLACE: person.hukou_place,
        ResidentField.WORKPLACE: person.workplace,
    }
