"""The rows of each export in batches by id: what the caller sees below one area, masked or as it is.

Every batch starts from the scope's predicate, as every read does, and says which residents it holds.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
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
PLAIN_FIELDS = ("name", "id_number", "phone")


@dataclass(frozen=True, slots=True)
class Sight:
    """How residents' values stand in the rows: masked, or as they are."""

    vault: Vault
    masked: bool

    def number(self, sealed: bytes | None, mask: Callable[[str], str]) -> str | None:
        """A sealed number as it may be shown."""
        if sealed is None:
            return None
        plain = self.vault.open(sealed)
        return mask(plain) if self.masked else plain


class Batch(NamedTuple):
    """Some rows, and the residents who stand in them."""

    rows: Sequence[Sequence[Cell]]
    residents: Sequence[UUID] = ()


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
    session: AsyncSession, *, actor: Actor, vault: Vault, kind: ExportKind, area: Area, masked: bool = True
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
        yield await read(session, found, Sight(vault, masked))
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


async def _areas(session: AsyncSession, ids: Sequence[UUID], _sight: Sight) -> Batch:
    parent = aliased(Area)
    statement = (
        select(Area, parent.code)
        .outerjoin(parent, parent.id == Area.parent_id)
        .where(Area.id.in_(ids))
        .order_by(Area.id)
        .options(tree.BRIEF)
    )
    rows = [
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
    return Batch(rows)


async def _members(session: AsyncSession, ids: Sequence[UUID], sight: Sight) -> Batch:
    statement = members.with_names().where(Member.id.in_(ids)).order_by(Member.id)
    rows = [
        [
            member.name,
            label_of(codes.GENDERS, member.gender),
            label_of(codes.EMPLOYMENTS, member.employment),
            member.occupation,
            area,
            org,
            member.work_phone,
            masks.phone(sight.vault.open(member.phone_sealed)) if member.phone_sealed else None,
        ]
        for member, area, org in await session.execute(statement)
    ]
    return Batch(rows)


async def _households(session: AsyncSession, ids: Sequence[UUID], sight: Sight) -> Batch:
    belongs = and_(HouseholdMember.household_id == Household.id, HouseholdMember.valid_to.is_(None))
    statement = (
        select(Household, Area.name, HouseholdMember, Resident)
        .join(Area, Area.id == Household.area_id)
        .outerjoin(HouseholdMember, belongs)
        .outerjoin(Resident, Resident.id == HouseholdMember.resident_id)
        .where(Household.id.in_(ids))
        .order_by(Household.id, HouseholdMember.is_head.desc(), HouseholdMember.relation, HouseholdMember.id)
    )
    found = (await session.execute(statement)).all()
    rows = [
        [
            household.no,
            area,
            household.address,
            label_of(codes.HOUSEHOLD_TYPES, household.household_type),
            label_of(codes.RESIDENCE_STATUSES, household.residence_status),
            *(_person(place, resident, sight) if resident is not None else ()),
        ]
        for household, area, place, resident in found
    ]
    return Batch(rows, [row[3].id for row in found if row[3] is not None])


def _person(place: HouseholdMember, resident: Resident, sight: Sight) -> Sequence[Cell]:
    return [
        resident.name if not sight.masked else masks.name(resident.name),
        label_of(codes.RELATIONS, place.relation),
        label_of(codes.GENDERS, resident.gender),
        sight.number(resident.id_sealed, masks.identity),
        residents.age(resident.birth_on),
        label_of(codes.POPULATION_TYPES, resident.population_type),
        sight.number(resident.phone_sealed, masks.phone),
    ]


_READERS: dict[ExportKind, Callable[[AsyncSession, Sequence[UUID], Sight], Awaitable[Batch]]] = {
    ExportKind.AREAS: _areas,
    ExportKind.MEMBERS: _members,
    ExportKind.HOUSEHOLDS: _households,
}
