"""Households: lists in scope, one with its people, and a new one with everybody in one transaction.

Names and numbers leave masked; showing the plain ones is a call of its own elsewhere. A household lies in a
grid or micro-grid and carries copies of its town, village and grid, which scope and lists look at. Only
posts of `WRITERS` write, each within its own areas.
"""

import base64
import secrets
from dataclasses import replace
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, select
from sqlalchemy import insert as plain_insert
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import Vault
from app.core.errors import Conflict, FieldError, NotFound, invalid_field
from app.core.ids import uuid7
from app.core.paging import Page, Sort, page_of
from app.models.area import Area
from app.models.enums import AreaLevel, HouseholdType, ResidenceStatus, Role
from app.models.registry import Household, HouseholdMember, Resident
from app.schemas.household import HouseholdCreate, HouseholdCreated, HouseholdDetail, HouseholdRead
from app.schemas.types import Ref
from app.services.areas import tree
from app.services.areas.tree import Chain
from app.services.platform import masks, scope
from app.services.platform.actor import Actor, Dataset
from app.services.platform.listing import page_statement
from app.services.platform.scope import ScopeColumns
from app.services.registry import residents
from app.services.registry.residents import Person

WRITERS = (Role.GRID_WORKER, Role.GRID_LEADER, Role.VILLAGE_ADMIN)
COLUMNS = ScopeColumns(
    area=Household.area_id, town=Household.town_id, village=Household.village_id, grid=Household.grid_id
)
_BY_ID = Sort.by_id(Household.id)
_GRIDS = frozenset({AreaLevel.GRID, AreaLevel.MICRO_GRID})


class HouseholdNoTaken(Conflict):
    """Another household has this number."""

    code = "household_no_taken"
    title_zh, title_en = "这个户号已被使用", "Another household has this number"

    def __init__(self) -> None:
        super().__init__(errors=(FieldError("body.no", self.code, self.title_zh, self.title_en),))


async def page(
    session: AsyncSession,
    *,
    actor: Actor,
    area_id: UUID | None = None,
    household_type: HouseholdType | None = None,
    residence_status: ResidenceStatus | None = None,
    cursor: str | None = None,
    limit: int,
) -> Page[HouseholdRead]:
    """One page of the households that have not ended, in the order of their ids, heads masked."""
    filters: list[ColumnElement[bool]] = [Household.ended_on.is_(None)]
    named = await tree.require(session, actor=actor, named={"query.area_id": area_id})
    filters += [COLUMNS.of_area(area.id, AreaLevel(area.level)) for area in named.values()]
    if household_type:
        filters.append(Household.household_type == household_type)
    if residence_status:
        filters.append(Household.residence_status == residence_status)
    statement = page_statement(
        _with_names(),
        sort=_BY_ID,
        branches=scope.branches(actor, Dataset.REGISTRY, COLUMNS),
        filters=filters,
        cursor=cursor,
        limit=limit,
    )
    rows = [_read(row) for row in await session.execute(statement)]
    return page_of(rows, limit, lambda household: (household.id, household.id))


async def detail(session: AsyncSession, *, actor: Actor, vault: Vault, household_id: UUID) -> HouseholdDetail:
    """One household with the people who belong to it now, masked; `NotFound` outside the scope."""
    visible = scope.visible(actor, Dataset.REGISTRY, COLUMNS)
    row = (await session.execute(_with_names().where(Household.id == household_id, visible))).one_or_none()
    if row is None:
        raise NotFound
    household = row[0]
    return HouseholdDetail(
        **_read(row).model_dump(),
        town_id=household.town_id,
        village_id=household.village_id,
        grid_id=household.grid_id,
        ended_on=household.ended_on,
        people=await residents.of_household(session, household_id=household_id, vault=vault),
    )


async def create(
    session: AsyncSession, *, actor: Actor, vault: Vault, new: HouseholdCreate
) -> HouseholdCreated:
    """A new household with its people; `NotFound` for an area in which the caller may not write."""
    people, warnings = residents.prepare(new.residents, actor=actor, vault=vault)
    _require_heads(new.household_type, people)
    chain = await _place(session, actor, new.area_id)
    household_id = await _insert(session, actor, new, chain)
    await residents.insert_all(session, people)
    if people:
        await session.execute(
            plain_insert(HouseholdMember),
            [_membership(household_id, person, actor) for person in people],
        )
    stored = await detail(session, actor=actor, vault=vault, household_id=household_id)
    return HouseholdCreated(**stored.model_dump(), warnings=warnings)


async def _place(session: AsyncSession, actor: Actor, area_id: UUID) -> Chain:
    """The grid with its ancestors, if one of the caller's writing posts covers it."""
    writer = replace(actor, grants=tuple(grant for grant in actor.grants if grant.role in WRITERS))
    within = and_(scope.visible(writer, Dataset.REGISTRY, tree.COLUMNS), tree.in_force())
    chain = await tree.chain(session, area_id=area_id, within=within)
    if AreaLevel(chain.area.level) not in _GRIDS:
        raise invalid_field("body.area_id", "住户须登记在网格或微网格中", "must be a grid or micro-grid")
    return chain


async def _insert(session: AsyncSession, actor: Actor, new: HouseholdCreate, chain: Chain) -> UUID:
    statement = insert(Household).values(
        id=uuid7(),
        no=new.no or new_no(),
        area_id=new.area_id,
        town_id=chain.id_of(AreaLevel.TOWN),
        village_id=chain.id_of(AreaLevel.VILLAGE),
        grid_id=chain.id_of(AreaLevel.GRID),
        address=new.address,
        household_type=new.household_type,
        residence_status=new.residence_status,
        member_count=len(new.residents),
        created_by=actor.id,
        updated_by=actor.id,
    )
    inserted: UUID | None = await session.scalar(
        statement.on_conflict_do_nothing(index_elements=[Household.no]).returning(Household.id)
    )
    if inserted is None:
        raise HouseholdNoTaken
    return inserted


def _require_heads(household_type: HouseholdType, people: list[Person]) -> None:
    heads = sum(person.is_head for person in people)
    if not people and household_type is HouseholdType.VACANT:
        return
    if heads != 1:
        raise invalid_field(
            "body.residents",
            "每户须有且只有一名户主（与户主关系 01–09），空置户可以没有人员",
            "needs exactly one head (relation 01 to 09); only a vacant household may be empty",
        )


def _membership(household_id: UUID, person: Person, actor: Actor) -> dict[str, object]:
    return {
        "id": uuid7(),
        "household_id": household_id,
        "resident_id": person.id,
        "relation": person.relation,
        "is_head": person.is_head,
        "valid_from": clock.today(),
        "created_by": actor.id,
        "updated_by": actor.id,
    }


def new_no() -> str:
    """A number for a household that brought none: the day and 40 random bits."""
    return f"H{clock.today():%Y%m%d}{base64.b32encode(secrets.token_bytes(5)).decode()}"


def _with_names() -> Select[Household, str, str | None]:
    """Households with the names of their area and of their present head."""
    heads = and_(
        HouseholdMember.household_id == Household.id,
        HouseholdMember.is_head,
        HouseholdMember.valid_to.is_(None),
    )
    return (
        select(Household, Area.name, Resident.name)
        .join(Area, Area.id == Household.area_id)
        .outerjoin(HouseholdMember, heads)
        .outerjoin(Resident, Resident.id == HouseholdMember.resident_id)
    )


def _read(row: Row[Household, str, str | None]) -> HouseholdRead:
    household, area_name, head_name = row
    return HouseholdRead(
        id=household.id,
        no=household.no,
        address=household.address,
        household_type=household.household_type,
        residence_status=household.residence_status,
        member_count=household.member_count,
        area=Ref(id=household.area_id, name=area_name),
        head_name=masks.name(head_name) if head_name else None,
        version=household.version,
    )
