"""Rooms: lists in the natural order of addresses, one, a new one, changes, the end of one.

A room belongs to a building and lies in its grid, or stands alone in a grid (a rural house). The owner's
name leaves masked, the phone is sealed and leaves masked.
"""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, exists, func, select, union_all
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import Vault
from app.core.errors import Conflict, NotFound, invalid_field
from app.core.ids import uuid7
from app.core.paging import Page, Sort, page_of
from app.models.area import Area
from app.models.enums import RoomUse
from app.models.registry import Building, Household, HouseholdStay, Residence, Room
from app.schemas.dwelling import Ending, RoomCreate, RoomPatch, RoomRead
from app.schemas.types import Ref
from app.services.areas import tree
from app.services.platform import masks, scope, versions
from app.services.platform.actor import Actor, Dataset
from app.services.platform.listing import page_statement
from app.services.platform.sealing import sealed_columns
from app.services.registry import history, reach

COLUMNS = reach.columns_of(Room)
_ORDER = Sort.by_own(Room.sort_key, Room.id)
_OWN = {"area", "building", "owner_name", "owner_phone"}


class RoomInUse(Conflict):
    """A household is registered in the room, or somebody lives there."""

    code = "room_in_use"
    title_zh, title_en = "房屋内还有未注销的住户或居住人员", "A household or somebody else still lives there"


async def page(
    session: AsyncSession,
    *,
    actor: Actor,
    vault: Vault,
    area_id: UUID | None = None,
    building_id: UUID | None = None,
    use: RoomUse | None = None,
    cursor: str | None = None,
    limit: int,
) -> Page[RoomRead]:
    """One page of the rooms that stand, by address as people order them; owners masked."""
    filters: list[ColumnElement[bool]] = [Room.ended_on.is_(None)]
    filters += await tree.within(session, actor=actor, area_id=area_id, columns=COLUMNS)
    if building_id:
        filters.append(Room.building_id == building_id)
    if use:
        filters.append(Room.use == use)
    statement = page_statement(
        _with_names(),
        sort=_ORDER,
        branches=scope.branches(actor, Dataset.REGISTRY, COLUMNS),
        filters=filters,
        cursor=cursor,
        limit=limit,
    )
    rows = [_read(row, vault) for row in await session.execute(statement)]
    return page_of(rows, limit, lambda room: (room.id, room.id))


async def detail(session: AsyncSession, *, actor: Actor, vault: Vault, room_id: UUID) -> RoomRead:
    """One room; `NotFound` outside the scope."""
    statement = _with_names().where(Room.id == room_id, reach.visible(actor, Room))
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound
    return _read(row, vault)


async def create(session: AsyncSession, *, actor: Actor, vault: Vault, new: RoomCreate) -> RoomRead:
    """A new room, in the grid of its building or in the named one; `NotFound` beyond the caller's reach."""
    values = new.model_dump(exclude={"owner_phone", "area_id"})
    values |= await _place(session, actor, new)
    values |= sealed_columns("owner_phone", new.owner_phone, vault)
    values |= {"id": uuid7(), "created_by": actor.id, "updated_by": actor.id}
    await session.execute(insert(Room).values(values))
    await history.record(
        session, actor=actor, action="room.create", entity_id=values["id"], data={"use": new.use}
    )
    return await detail(session, actor=actor, vault=vault, room_id=values["id"])


async def change(
    session: AsyncSession,
    *,
    actor: Actor,
    vault: Vault,
    room_id: UUID,
    changes: RoomPatch,
    expected_version: int | None,
) -> RoomRead:
    """The room with the sent fields changed; `Stale` at another version than expected."""
    room = await reach.locked(session, Room, actor=actor, row_id=room_id, expected_version=expected_version)
    values = changes.changes
    if "owner_phone" in values:
        values |= sealed_columns("owner_phone", values.pop("owner_phone"), vault)
    for name, value in values.items():
        setattr(room, name, value)
    versions.touch(room, actor)
    await session.flush()
    data = {"fields": sorted(changes.model_fields_set)}
    await history.record(session, actor=actor, action="room.change", entity_id=room_id, data=data)
    return await detail(session, actor=actor, vault=vault, room_id=room_id)


async def end(
    session: AsyncSession,
    *,
    actor: Actor,
    vault: Vault,
    room_id: UUID,
    ending: Ending,
    expected_version: int | None,
) -> RoomRead:
    """Take a room out of the registry; `RoomInUse` while a household or somebody else lives there."""
    room = await reach.locked(session, Room, actor=actor, row_id=room_id, expected_version=expected_version)
    registered = exists().where(Household.room_id == room_id, Household.ended_on.is_(None))
    lived_in = exists().where(Residence.room_id == room_id, Residence.valid_to.is_(None))
    if await session.scalar(select(registered | lived_in)):
        raise RoomInUse
    room.ended_on = reach.past(
        ending.ended_on, where="body.ended_on", since=await _last_left(session, room_id)
    )
    versions.touch(room, actor)
    await session.flush()
    data = {"ended_on": room.ended_on.isoformat()}
    await history.record(session, actor=actor, action="room.end", entity_id=room_id, data=data)
    return await detail(session, actor=actor, vault=vault, room_id=room_id)


def address_in(building_address: str, unit_no: str | None, room_no: str) -> str:
    """The address of a room that has none of its own."""
    return f"{building_address}{unit_no}单元{room_no}" if unit_no else f"{building_address}{room_no}"


async def _last_left(session: AsyncSession, room_id: UUID) -> date | None:
    """The day on which the last household, or person, left a room."""
    days = union_all(
        *(
            select(func.max(link.valid_to).label("day")).where(link.room_id == room_id)
            for link in (HouseholdStay, Residence)
        )
    ).subquery()
    found: date | None = await session.scalar(select(func.max(days.c.day)))
    return found


async def _place(session: AsyncSession, actor: Actor, new: RoomCreate) -> dict[str, Any]:
    if new.building_id is not None:
        building = await reach.locked(
            session, Building, actor=actor, row_id=new.building_id, where="body.building_id"
        )
        if new.area_id not in {None, building.area_id}:
            raise invalid_field("body.area_id", "与楼栋所在网格不一致", "is not the building's grid")
        address = new.address or address_in(building.address, new.unit_no, new.room_no)
        return {**reach.copied(building), "address": address}
    if new.area_id is None or new.address is None:
        raise invalid_field(
            "body.building_id", "请选择楼栋，或填写网格和地址", "needs a building, or a grid and an address"
        )
    return {**reach.copies(await reach.grid(session, actor=actor, area_id=new.area_id))}


def _with_names() -> Select[Any, Any, Any]:
    return (
        select(Room, Area.name, Building.name)
        .join(Area, Area.id == Room.area_id)
        .outerjoin(Building, Building.id == Room.building_id)
    )


def _read(row: Row[Any, Any, Any], vault: Vault) -> RoomRead:
    room, area_name, building_name = row
    phone = room.owner_phone_sealed
    return RoomRead(
        **{name: getattr(room, name) for name in RoomRead.model_fields if name not in _OWN},
        area=Ref(id=room.area_id, name=area_name),
        building=Ref(id=room.building_id, name=building_name) if building_name else None,
        owner_name=masks.name(room.owner_name) if room.owner_name else None,
        owner_phone=masks.phone(vault.open(phone)) if phone else None,
    )
