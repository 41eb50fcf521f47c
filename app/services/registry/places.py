"""Places that are not homes: lists in the natural order of addresses, one, a new one, changes, checks.

A place lies in a room's grid or in a grid of its own. Each is checked in a cycle; a check sets the next one.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import Vault
from app.core.errors import NotFound, invalid_field
from app.core.ids import uuid7
from app.core.paging import Page, Sort, page_of
from app.models.area import Area
from app.models.enums import PlaceKind, RiskLevel
from app.models.registry import Place, Room
from app.schemas.dwelling import Ending
from app.schemas.life import HouseholdMove
from app.schemas.place import PlaceCheck, PlaceCreate, PlacePatch, PlaceRead
from app.schemas.types import Ref
from app.services.areas import tree
from app.services.platform import masks, scope, versions
from app.services.platform.actor import Actor, Dataset
from app.services.platform.listing import page_statement
from app.services.platform.sealing import sealed_columns
from app.services.registry import history, households, reach, uscc

COLUMNS = reach.columns_of(Place)
_ORDER = Sort.by_own(Place.sort_key, Place.id)
_OWN = {"area", "room", "contact_name", "contact_phone"}


async def page(
    session: AsyncSession,
    *,
    actor: Actor,
    vault: Vault,
    area_id: UUID | None = None,
    kind: PlaceKind | None = None,
    risk_level: RiskLevel | None = None,
    cursor: str | None = None,
    limit: int,
) -> Page[PlaceRead]:
    """One page of the places that are open, by address as people order them; contacts masked."""
    filters: list[ColumnElement[bool]] = [Place.ended_on.is_(None)]
    filters += await tree.within(session, actor=actor, area_id=area_id, columns=COLUMNS)
    if kind:
        filters.append(Place.kind == kind)
    if risk_level:
        filters.append(Place.risk_level == risk_level)
    statement = page_statement(
        _with_names(),
        sort=_ORDER,
        branches=scope.branches(actor, Dataset.REGISTRY, COLUMNS),
        filters=filters,
        cursor=cursor,
        limit=limit,
    )
    rows = [_read(row, vault) for row in await session.execute(statement)]
    return page_of(rows, limit, lambda place: (place.id, place.id))


async def detail(session: AsyncSession, *, actor: Actor, vault: Vault, place_id: UUID) -> PlaceRead:
    """One place; `NotFound` outside the scope."""
    statement = _with_names().where(Place.id == place_id, reach.visible(actor, Place))
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound
    return _read(row, vault)


async def create(session: AsyncSession, *, actor: Actor, vault: Vault, new: PlaceCreate) -> PlaceRead:
    """A new place; `NotFound` for a room or grid beyond the caller's reach."""
    if new.area_id is None and new.room_id is None:
        raise invalid_field("body.area_id", "请填写网格，或选择房屋", "needs a grid or a room")
    where = HouseholdMove(area_id=new.area_id, room_id=new.room_id, address=new.address)
    values = new.model_dump(exclude={"contact_phone", "uscc"})
    values |= await households.where(session, actor=actor, new=where)
    values |= sealed_columns("contact_phone", new.contact_phone, vault)
    values |= {
        "id": uuid7(),
        "uscc": _code(new.uscc),
        "next_check_due": clock.today() + timedelta(days=new.check_cycle_days),
        "created_by": actor.id,
        "updated_by": actor.id,
    }
    await session.execute(insert(Place).values(values))
    await history.record(
        session, actor=actor, action="place.create", entity_id=values["id"], data={"kind": new.kind}
    )
    return await detail(session, actor=actor, vault=vault, place_id=values["id"])


async def change(
    session: AsyncSession,
    *,
    actor: Actor,
    vault: Vault,
    place_id: UUID,
    changes: PlacePatch,
    expected_version: int | None,
) -> PlaceRead:
    """The place with the sent fields changed; another cycle moves the next check."""
    place = await reach.locked(
        session, Place, actor=actor, row_id=place_id, expected_version=expected_version
    )
    values = changes.changes
    if "contact_phone" in values:
        values |= sealed_columns("contact_phone", values.pop("contact_phone"), vault)
    if "uscc" in values:
        values["uscc"] = _code(values["uscc"])
    if "check_cycle_days" in values:
        shift = values["check_cycle_days"] - place.check_cycle_days
        place.next_check_due += timedelta(days=shift)
    for name, value in values.items():
        setattr(place, name, value)
    data = {"fields": sorted(changes.model_fields_set)}
    return await _written(session, actor, vault, place, "place.change", data)


async def check(
    session: AsyncSession,
    *,
    actor: Actor,
    vault: Vault,
    place_id: UUID,
    body: PlaceCheck,
    expected_version: int | None,
) -> PlaceRead:
    """A place was checked: the next check is due a cycle later, and the risk is what was found."""
    place = await reach.locked(
        session, Place, actor=actor, row_id=place_id, expected_version=expected_version
    )
    place.last_check_on = reach.past(body.on, where="body.on", since=place.last_check_on)
    place.hand_check_on = place.last_check_on
    place.next_check_due = place.last_check_on + timedelta(days=place.check_cycle_days)
    place.risk_level = body.risk_level or place.risk_level
    data = {"on": place.last_check_on.isoformat(), "risk_level": place.risk_level}
    return await _written(session, actor, vault, place, "place.check", data)


async def end(
    session: AsyncSession,
    *,
    actor: Actor,
    vault: Vault,
    place_id: UUID,
    ending: Ending,
    expected_version: int | None,
) -> PlaceRead:
    """A place closed for good."""
    place = await reach.locked(
        session, Place, actor=actor, row_id=place_id, expected_version=expected_version
    )
    place.ended_on = reach.past(ending.ended_on, where="body.ended_on")
    data = {"ended_on": place.ended_on.isoformat()}
    return await _written(session, actor, vault, place, "place.end", data)


async def _written(
    session: AsyncSession, actor: Actor, vault: Vault, place: Place, action: str, data: dict[str, Any]
) -> PlaceRead:
    versions.touch(place, actor)
    await session.flush()
    await history.record(session, actor=actor, action=action, entity_id=place.id, data=data)
    return await detail(session, actor=actor, vault=vault, place_id=place.id)


def _code(typed: str | None) -> str | None:
    if typed is None:
        return None
    code = uscc.parse(typed)
    if code is None:
        raise invalid_field(
            "body.uscc", "统一社会信用代码有误，请核对", "is no unified social credit code", "uscc_wrong"
        )
    return code


def _with_names() -> Select[Any, Any, Any]:
    return (
        select(Place, Area.name, Room.room_no)
        .join(Area, Area.id == Place.area_id)
        .outerjoin(Room, Room.id == Place.room_id)
    )


def _read(row: Row[Any, Any, Any], vault: Vault) -> PlaceRead:
    place, area_name, room_no = row
    phone = place.contact_phone_sealed
    return PlaceRead(
        **{name: getattr(place, name) for name in PlaceRead.model_fields if name not in _OWN},
        area=Ref(id=place.area_id, name=area_name),
        room=Ref(id=place.room_id, name=room_no) if room_no else None,
        contact_name=masks.name(place.contact_name) if place.contact_name else None,
        contact_phone=masks.phone(vault.open(phone)) if phone else None,
    )
