"""Reading residents by themselves: lists in scope, one, and the history of a life; everything masked.

A resident is seen where they live, and where they are registered. Of the links outside the caller's scope
the days and reasons are told, not the household.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.core.crypto import Vault
from app.core.errors import NotFound
from app.core.paging import Page, Sort, page_of
from app.models.area import Area
from app.models.enums import SENSITIVE, CareTag, PopulationType
from app.models.registry import (
    Household,
    HouseholdMember,
    HouseholdStay,
    Residence,
    Resident,
    ResidentTag,
    Room,
)
from app.schemas.resident import (
    HomeRead,
    HouseholdHistory,
    KinRead,
    MembershipRead,
    ResidenceRead,
    ResidentDetail,
    ResidentHistory,
    ResidentRead,
    StayRead,
)
from app.schemas.types import Ref
from app.services.areas import tree
from app.services.platform import masks, scope
from app.services.platform.actor import Actor, Dataset
from app.services.platform.listing import page_statement
from app.services.platform.scope import Predicate
from app.services.registry import history, links, reach
from app.services.registry.residents import age

COLUMNS = reach.columns_of(Resident)
_ORDER = Sort.by_id(Resident.id)
_OWN = {"name", "age", "id_number", "phone", "area", "household", "relation", "is_head"}
_Lived = aliased(Household)


def visible(actor: Actor) -> Predicate:
    """The residents who live, or are registered, in the caller's scope."""
    registered = links.registered(lambda home: reach.visible(actor, home))
    return or_(reach.visible(actor, Resident), registered)


async def page(
    session: AsyncSession,
    *,
    actor: Actor,
    vault: Vault,
    area_id: UUID | None = None,
    population_type: PopulationType | None = None,
    tag: CareTag | None = None,
    gone: bool = False,
    cursor: str | None = None,
    limit: int,
) -> Page[ResidentRead]:
    """One page of the residents of a place, in the order of their ids; `gone` are the dead and departed."""
    here = and_(Resident.died_on.is_(None), Resident.left_on.is_(None))
    filters: list[ColumnElement[bool]] = [~here if gone else here]
    filters += await tree.within(session, actor=actor, area_id=area_id, columns=COLUMNS)
    if population_type:
        filters.append(Resident.population_type == population_type)
    if tag:
        filters.append(_tagged(tag, actor))
    statement = page_statement(
        _with_names(),
        sort=_ORDER,
        branches=scope.branches(actor, Dataset.REGISTRY, COLUMNS),
        filters=filters,
        cursor=cursor,
        limit=limit,
    )
    rows = [_read(row, vault) for row in await session.execute(statement)]
    return page_of(rows, limit, lambda resident: (resident.id, resident.id))


async def detail(session: AsyncSession, *, actor: Actor, vault: Vault, resident_id: UUID) -> ResidentDetail:
    """One resident with the present home; `NotFound` outside the scope."""
    statement = (
        _with_names()
        .add_columns(
            Residence,
            case((reach.visible(actor, _Lived), _Lived.no)),
            case((reach.visible(actor, Room), Room.room_no)),
        )
        .outerjoin(Residence, and_(Residence.resident_id == Resident.id, Residence.valid_to.is_(None)))
        .outerjoin(_Lived, _Lived.id == Residence.household_id)
        .outerjoin(Room, Room.id == Residence.room_id)
        .where(Resident.id == resident_id, visible(actor))
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound
    resident, _area, member, _no, home, lived_no, room_no = row
    return ResidentDetail(
        **_read(row[:4], vault).model_dump(),
        id_type=resident.id_type,
        hukou_place=masks.region(resident.hukou_place) if resident.hukou_place else None,
        occupation=resident.occupation,
        workplace=masks.employer(resident.workplace) if resident.workplace else None,
        home=_home(home, lived_no, room_no) if home else None,
        lives_where_registered=bool(home and member and home.household_id == member.household_id),
    )


async def life(session: AsyncSession, *, actor: Actor, resident_id: UUID) -> ResidentHistory:
    """Where a resident belonged and lived; `NotFound` outside the scope."""
    if await session.scalar(select(Resident.id).where(Resident.id == resident_id, visible(actor))) is None:
        raise NotFound
    spans = await session.execute(_spans(actor, resident_id))
    memberships: list[MembershipRead] = []
    residences: list[ResidenceRead] = []
    for member, home, household_no, room_no, seen in spans:
        link = member or home
        household = Ref(id=link.household_id, name=household_no) if seen and household_no else None
        if member:
            memberships.append(
                MembershipRead(
                    **_span(member), household=household, relation=member.relation, is_head=member.is_head
                )
            )
        else:
            room = Ref(id=home.room_id, name=room_no) if seen and room_no else None
            residences.append(
                ResidenceRead(**_span(home), household=household, room=room, address=_elsewhere(home))
            )
    return ResidentHistory(
        memberships=memberships,
        residences=residences,
        changes=await history.written(session, entity="resident", row_id=resident_id),
    )


async def household_life(session: AsyncSession, *, actor: Actor, household_id: UUID) -> HouseholdHistory:
    """Where a household was and who belonged to it; `NotFound` outside the scope."""
    stays = (
        select(HouseholdStay, Area.name, Room.room_no)
        .join(Household, Household.id == HouseholdStay.household_id)
        .join(Area, Area.id == HouseholdStay.area_id)
        .outerjoin(Room, Room.id == HouseholdStay.room_id)
        .where(Household.id == household_id, reach.visible(actor, Household))
        .order_by(HouseholdStay.valid_from.desc(), HouseholdStay.id.desc())
    )
    found = (await session.execute(stays)).all()
    if not found:
        raise NotFound
    people = (
        select(HouseholdMember, Resident.name)
        .join(Resident, Resident.id == HouseholdMember.resident_id)
        .where(HouseholdMember.household_id == household_id)
        .order_by(HouseholdMember.valid_from.desc(), HouseholdMember.id.desc())
    )
    return HouseholdHistory(
        stays=[
            StayRead(
                **_span(stay),
                area=Ref(id=stay.area_id, name=area_name),
                room=Ref(id=stay.room_id, name=room_no) if room_no else None,
                address=stay.address,
            )
            for stay, area_name, room_no in found
        ],
        members=[
            KinRead(
                **_span(link),
                resident=Ref(id=link.resident_id, name=masks.name(name)),
                relation=link.relation,
                is_head=link.is_head,
            )
            for link, name in await session.execute(people)
        ],
        changes=await history.written(session, entity="household", row_id=household_id),
    )


def _spans(actor: Actor, resident_id: UUID) -> Select[Any, Any, Any, Any, Any]:
    """Memberships and residences in one statement: of each row one of the two."""
    ids = (
        select(HouseholdMember.id.label("id"))
        .where(HouseholdMember.resident_id == resident_id)
        .union_all(select(Residence.id).where(Residence.resident_id == resident_id))
        .subquery()
    )
    seen = or_(reach.visible(actor, Household), reach.visible(actor, Room))
    return (
        select(HouseholdMember, Residence, Household.no, Room.room_no, seen)
        .select_from(ids)
        .outerjoin(HouseholdMember, HouseholdMember.id == ids.c.id)
        .outerjoin(Residence, Residence.id == ids.c.id)
        .outerjoin(
            Household,
            or_(Household.id == HouseholdMember.household_id, Household.id == Residence.household_id),
        )
        .outerjoin(Room, Room.id == Residence.room_id)
        .order_by(
            or_(HouseholdMember.valid_to.is_(None), Residence.valid_to.is_(None)).desc(), ids.c.id.desc()
        )
    )


def _tagged(tag: CareTag, actor: Actor) -> ColumnElement[bool]:
    """Who has a tag now; of those of whom the caller may not know it nobody, so that no list discloses it."""
    now = select(ResidentTag.resident_id).where(ResidentTag.code == tag, ResidentTag.valid_to.is_(None))
    tagged = Resident.id.in_(now)
    return and_(tagged, reach.writable(actor, COLUMNS)) if tag in SENSITIVE else tagged


def _span(link: Any) -> dict[str, Any]:
    return {name: getattr(link, name) for name in ("valid_from", "valid_to", "reason", "end_reason")}


def _home(home: Residence, household_no: str | None, room_no: str | None) -> HomeRead:
    return HomeRead(
        household=Ref(id=home.household_id, name=household_no) if household_no else None,
        room=Ref(id=home.room_id, name=room_no) if room_no else None,
        address=_elsewhere(home),
        since=home.valid_from,
    )


def _elsewhere(home: Residence) -> str | None:
    return masks.region(home.address) if home.address else None


def _with_names() -> Select[Any, Any, Any, Any]:
    return (
        select(Resident, Area.name, HouseholdMember, Household.no)
        .outerjoin(Area, Area.id == Resident.area_id)
        .outerjoin(
            HouseholdMember,
            and_(HouseholdMember.resident_id == Resident.id, HouseholdMember.valid_to.is_(None)),
        )
        .outerjoin(Household, Household.id == HouseholdMember.household_id)
    )


def _read(row: Any, vault: Vault) -> ResidentRead:
    resident, area_name, member, household_no = row
    number, phone = resident.id_sealed, resident.phone_sealed
    return ResidentRead(
        **{name: getattr(resident, name) for name in ResidentRead.model_fields if name not in _OWN},
        name=masks.name(resident.name),
        age=age(resident.birth_on),
        id_number=masks.identity(vault.open(number)) if number else None,
        phone=masks.phone(vault.open(phone)) if phone else None,
        area=Ref(id=resident.area_id, name=area_name) if area_name else None,
        household=Ref(id=member.household_id, name=household_no) if member else None,
        relation=member.relation if member else None,
        is_head=bool(member and member.is_head),
    )
