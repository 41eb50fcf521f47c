"""The rows of each export, masked, in batches by id: what the caller sees below one area.

Every batch starts from the scope's predicate, as every read does.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.core import clock
from app.core.crypto import Vault
from app.core.workbook.writer import Cell
from app.models.area import Area
from app.models.enums import AreaLevel
from app.models.enums.exchange import ExportKind
from app.models.registry import Household, HouseholdMember, Resident
from app.models.staff import Member
from app.services.areas import tree
from app.services.exchange import codes
from app.services.exchange.exportables import EXPORTABLES, label_of
from app.services.platform import masks, scope
from app.services.platform.actor import Actor
from app.services.platform.scope import ScopeColumns
from app.services.registry import households, residents
from app.services.staff import members

BATCH = 500
Batch = Sequence[Sequence[Cell]]
_TABLES: dict[ExportKind, tuple[Any, ScopeColumns]] = {
    ExportKind.AREAS: (Area, tree.COLUMNS),
    ExportKind.MEMBERS: (Member, members.COLUMNS),
    ExportKind.HOUSEHOLDS: (Household, households.COLUMNS),
}


async def count(session: AsyncSession, *, actor: Actor, kind: ExportKind, area: Area) -> int:
    """How many rows an export would have; of households, that of their people."""
    table, _columns = _TABLES[kind]
    rows = func.sum(func.greatest(Household.member_count, 1)) if table is Household else func.count()
    statement = select(rows).select_from(table).where(_within(actor, kind, area))
    return int(await session.scalar(statement) or 0)


async def batches(
    session: AsyncSession, *, actor: Actor, vault: Vault, kind: ExportKind, area: Area
) -> AsyncIterator[Batch]:
    """All rows, in the order of the records' ids."""
    table, _columns = _TABLES[kind]
    read = _READERS[kind]
    after = UUID(int=0)
    while True:
        ids = select(table.id).where(_within(actor, kind, area), table.id > after).order_by(table.id)
        found = list(await session.scalars(ids.limit(BATCH)))
        if not found:
            return
        yield await read(session, found, vault)
        after = found[-1]


def _within(actor: Actor, kind: ExportKind, area: Area) -> ColumnElement[bool]:
    table, columns = _TABLES[kind]
    visible = scope.visible(actor, EXPORTABLES[kind].dataset, columns)
    below = columns.of_area(area.id, AreaLevel(area.level))
    if kind is ExportKind.AREAS:
        below = Area.path.contains([area.id])
    return and_(visible, below, _present(table))


def _present(table: Any) -> ColumnElement[bool]:
    if table is Household:
        return Household.ended_on.is_(None)
    if table is Member:
        return or_(Member.ended_at.is_(None), Member.ended_at > clock.now())
    return tree.in_force()


async def _areas(session: AsyncSession, ids: Sequence[UUID], _vault: Vault) -> Batch:
    parent = aliased(Area)
    statement = (
        select(Area, parent.code)
        .outerjoin(parent, parent.id == Area.parent_id)
        .where(Area.id.in_(ids))
        .order_by(Area.id)
        .options(tree.BRIEF)
    )
    return [
        [
            area.code,
            area.name,
            area.short_name,
            label_of(codes.LEVELS, area.level),
            label_of(codes.AREA_KINDS, area.kind),
            above,
            area.public_phone,
        ]
        for area, above in await session.execute(statement)
    ]


async def _members(session: AsyncSession, ids: Sequence[UUID], vault: Vault) -> Batch:
    statement = members.with_names().where(Member.id.in_(ids)).order_by(Member.id)
    return [
        [
            member.name,
            label_of(codes.GENDERS, member.gender),
            label_of(codes.EMPLOYMENTS, member.employment),
            member.occupation,
            area,
            org,
            member.work_phone,
            masks.phone(vault.open(member.phone_sealed)) if member.phone_sealed else None,
        ]
        for member, area, org in await session.execute(statement)
    ]


async def _households(session: AsyncSession, ids: Sequence[UUID], vault: Vault) -> Batch:
    belongs = and_(HouseholdMember.household_id == Household.id, HouseholdMember.valid_to.is_(None))
    statement = (
        select(Household, Area.name, HouseholdMember, Resident)
        .join(Area, Area.id == Household.area_id)
        .outerjoin(HouseholdMember, belongs)
        .outerjoin(Resident, Resident.id == HouseholdMember.resident_id)
        .where(Household.id.in_(ids))
        .order_by(Household.id, HouseholdMember.is_head.desc(), HouseholdMember.relation, HouseholdMember.id)
    )
    return [
        [
            household.no,
            area,
            household.address,
            label_of(codes.HOUSEHOLD_TYPES, household.household_type),
            label_of(codes.RESIDENCE_STATUSES, household.residence_status),
            *(_person(place, resident, vault) if resident is not None else ()),
        ]
        for household, area, place, resident in await session.execute(statement)
    ]


def _person(place: HouseholdMember, resident: Resident, vault: Vault) -> Sequence[Cell]:
    return [
        masks.name(resident.name),
        label_of(codes.RELATIONS, place.relation),
        label_of(codes.GENDERS, resident.gender),
        masks.identity(vault.open(resident.id_sealed)) if resident.id_sealed else None,
        residents.age(resident.birth_on),
        label_of(codes.POPULATION_TYPES, resident.population_type),
        masks.phone(vault.open(resident.phone_sealed)) if resident.phone_sealed else None,
    ]


_READERS: dict[ExportKind, Callable[[AsyncSession, Sequence[UUID], Vault], Any]] = {
    ExportKind.AREAS: _areas,
    ExportKind.MEMBERS: _members,
    ExportKind.HOUSEHOLDS: _households,
}
