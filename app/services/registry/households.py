"""Households: lists in scope, one with its people, and a new one with everybody in one transaction.

What happens to one later (splits, mergers, moves) is in `household_life`.

Names and numbers leave masked; showing the plain ones is a call of its own elsewhere. A household lies in a
grid or micro-grid and carries copies of its town, village and grid, which scope and lists look at. Only
posts of `WRITERS` write, each within its own areas.
"""

import base64
import secrets
from typing import Any
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
from app.models.enums import HouseholdType, LinkReason, ResidenceStatus
from app.models.registry import Household, HouseholdMember, HouseholdStay, Residence, Resident, Room
from app.schemas.household import HouseholdCreate, HouseholdCreated, HouseholdDetail, HouseholdRead
from app.schemas.life import HouseholdMove
from app.schemas.types import Ref
from app.services.areas import tree
from app.services.platform import masks, scope
from app.services.platform.actor import Actor, Dataset
from app.services.platform.listing import page_statement
from app.services.registry import cycle, history, reach, residents
from app.services.registry.links import Event
from app.services.registry.residents import Person

WRITERS = reach.WRITERS
COLUMNS = reach.columns_of(Household)
_ORDER = Sort.by_own(Household.sort_key, Household.id)


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
    room_id: UUID | None = None,
    household_type: HouseholdType | None = None,
    residence_status: ResidenceStatus | None = None,
    needs_head: bool | None = None,
    cursor: str | None = None,
    limit: int,
) -> Page[HouseholdRead]:
    """One page of the households that have not ended, by address as people order them, heads masked."""
    filters: list[ColumnElement[bool]] = [Household.ended_on.is_(None)]
    filters += await tree.within(session, actor=actor, area_id=area_id, columns=COLUMNS)
    if room_id:
        filters.append(Household.room_id == room_id)
    if household_type:
        filters.append(Household.household_type == household_type)
    if residence_status:
        filters.append(Household.residence_status == residence_status)
    if needs_head is not None:
        filters.append(Household.needs_head.is_(needs_head))
    statement = page_statement(
        _with_names(),
        sort=_ORDER,
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
        room=Ref(id=household.room_id, name=row[3]) if household.room_id else None,
        town_id=household.town_id,
        village_id=household.village_id,
        grid_id=household.grid_id,
        care_level=household.care_level,
        last_visit_on=household.last_visit_on,
        next_visit_due=household.next_visit_due,
        ended_on=household.ended_on,
        people=await residents.of_household(session, household_id=household_id, vault=vault),
        lodgers=await residents.lodgers_of(session, household_id=household_id, vault=vault),
    )


async def create(
    session: AsyncSession, *, actor: Actor, vault: Vault, new: HouseholdCreate
) -> HouseholdCreated:
    """A new household with its people; `NotFound` for an area in which the caller may not write."""
    people, warnings = residents.prepare(new.residents, actor=actor, vault=vault)
    _require_heads(new.household_type, people)
    place = await where(session, actor=actor, new=new)
    event = Event(actor, reach.past(new.since, where="body.since"), LinkReason.REGISTERED)
    values = new.model_dump(include={"no", "household_type", "residence_status"})
    household_id = await insert_one(
        session, event=event, values=values | place | {"member_count": len(people)}
    )
    for person in people:
        person.columns.update({name: place[name] for name in reach.PLACE})
    await residents.insert_all(session, people)
    if people:
        await session.execute(
            plain_insert(HouseholdMember), [_membership(household_id, person, event) for person in people]
        )
        await session.execute(
            plain_insert(Residence),
            [
                _link(event, person) | {"resident_id": person.id, "household_id": household_id}
                for person in people
            ],
        )
    data = {"people": len(people), "type": new.household_type}
    await history.record(session, actor=actor, action="household.create", entity_id=household_id, data=data)
    stored = await detail(session, actor=actor, vault=vault, household_id=household_id)
    return HouseholdCreated(**stored.model_dump(), warnings=warnings)


async def where(
    session: AsyncSession, *, actor: Actor, new: HouseholdCreate | HouseholdMove
) -> dict[str, Any]:
    """The columns of a household's place: a room, or a grid and an address; `NotFound` beyond reach."""
    if new.room_id is not None:
        room = await reach.locked(session, Room, actor=actor, row_id=new.room_id, where="body.room_id")
        if new.area_id not in {None, room.area_id}:
            raise invalid_field("body.area_id", "与房屋所在网格不一致", "is not the room's grid")
        return {**reach.copied(room), "room_id": room.id, "address": new.address or room.address}
    if new.area_id is None:
        raise invalid_field("body.area_id", "请填写网格，或选择房屋", "needs a grid or a room")
    chain = await reach.grid(session, actor=actor, area_id=new.area_id)
    if new.address is None:
        raise invalid_field("body.address", "请填写地址，或选择房屋", "needs an address or a room")
    return {**reach.copies(chain), "room_id": None, "address": new.address}


async def insert_one(session: AsyncSession, *, event: Event, values: dict[str, Any]) -> UUID:
    """A new household without people, and its first stay; `HouseholdNoTaken`."""
    stamps = {"created_by": event.actor.id, "updated_by": event.actor.id}
    household_id = uuid7()
    values = {"member_count": 0} | values | stamps | {"id": household_id, "no": values.get("no") or new_no()}
    values["next_visit_due"] = cycle.first_turn(household_id, clock.today())
    statement = insert(Household).values(values).on_conflict_do_nothing(index_elements=[Household.no])
    inserted: UUID | None = await session.scalar(statement.returning(Household.id))
    if inserted is None:
        raise HouseholdNoTaken
    stay = {name: values[name] for name in ("area_id", "room_id", "address")}
    await session.execute(plain_insert(HouseholdStay), _link(event) | stay | {"household_id": inserted})
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


def _membership(household_id: UUID, person: Person, event: Event) -> dict[str, object]:
    return _link(event, person) | {
        "household_id": household_id,
        "resident_id": person.id,
        "relation": person.relation,
        "is_head": person.is_head,
    }


def _link(event: Event, person: Person | None = None) -> dict[str, object]:
    """A new link from the day of the event on, or from the birth of somebody born since."""
    born = person.columns["birth_on"] if person else None
    return {
        "id": uuid7(),
        "reason": event.reason,
        "valid_from": max(event.on, born) if born else event.on,
        "created_by": event.actor.id,
        "updated_by": event.actor.id,
    }


def new_no() -> str:
    """A number for a household that brought none: the day and 40 random bits."""
    return f"H{clock.today():%Y%m%d}{base64.b32encode(secrets.token_bytes(5)).decode()}"


def _with_names() -> Select[Household, str, str | None, str | None]:
    """Households with the names of their area and of their present head, and their room's number."""
    heads = and_(
        HouseholdMember.household_id == Household.id,
        HouseholdMember.is_head,
        HouseholdMember.valid_to.is_(None),
    )
    return (
        select(Household, Area.name, Resident.name, Room.room_no)
        .join(Area, Area.id == Household.area_id)
        .outerjoin(HouseholdMember, heads)
        .outerjoin(Resident, Resident.id == HouseholdMember.resident_id)
        .outerjoin(Room, Room.id == Household.room_id)
    )


def _read(row: Row[Household, str, str | None, str | None]) -> HouseholdRead:
    household, area_name, head_name, _room_no = row
    return HouseholdRead(
        id=household.id,
        no=household.no,
        address=household.address,
        household_type=household.household_type,
        residence_status=household.residence_status,
        member_count=household.member_count,
        needs_head=household.needs_head,
        area=Ref(id=household.area_id, name=area_name),
        head_name=masks.name(head_name) if head_name else None,
        version=household.version,
    )
