"""Buildings: lists in the natural order of addresses, one, a new one, changes, the end of one.

A building lies in one grid or micro-grid. When it moves to another (a border was drawn anew), its rooms
and the households in them go along, which is `relocation`'s business.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.core.coordinates import to_wgs84
from app.core.errors import Conflict, NotFound, invalid_field
from app.core.ids import uuid7
from app.core.paging import Page, Sort, page_of
from app.models.area import Area
from app.models.enums import BuildingKind
from app.models.registry import Building, Room
from app.models.staff import Member
from app.schemas.dwelling import BuildingCreate, BuildingPatch, BuildingRead, Ending
from app.schemas.types import Point, Ref
from app.services.areas import datum, grid_index, tree
from app.services.platform import scope, versions
from app.services.platform.actor import Actor, Dataset
from app.services.platform.listing import page_statement
from app.services.registry import history, reach, relocation
from app.services.staff import members

COLUMNS = reach.columns_of(Building)
_ORDER = Sort.by_own(Building.sort_key, Building.id)
_Head = aliased(Member)


class BuildingInUse(Conflict):
    """Rooms still stand in the building."""

    code = "building_in_use"
    title_zh, title_en = "楼栋内还有未注销的房屋", "The building still has rooms"


async def page(
    session: AsyncSession,
    *,
    actor: Actor,
    area_id: UUID | None = None,
    kind: BuildingKind | None = None,
    headless: bool = False,
    cursor: str | None = None,
    limit: int,
) -> Page[BuildingRead]:
    """One page of the buildings that stand, by address as people order them."""
    filters: list[ColumnElement[bool]] = [Building.ended_on.is_(None)]
    filters += await tree.within(session, actor=actor, area_id=area_id, columns=COLUMNS)
    if kind:
        filters.append(Building.kind == kind)
    if headless:
        filters.append(members.gone(Building.head_member_id))
    statement = page_statement(
        _with_names(),
        sort=_ORDER,
        branches=scope.branches(actor, Dataset.REGISTRY, COLUMNS),
        filters=filters,
        cursor=cursor,
        limit=limit,
    )
    rows = [_read(row) for row in await session.execute(statement)]
    return page_of(rows, limit, lambda building: (building.id, building.id))


async def detail(session: AsyncSession, *, actor: Actor, building_id: UUID) -> BuildingRead:
    """One building; `NotFound` outside the scope."""
    statement = _with_names().where(Building.id == building_id, reach.visible(actor, Building))
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound
    return _read(row)


async def create(session: AsyncSession, *, actor: Actor, new: BuildingCreate) -> BuildingRead:
    """A new building; `NotFound` for a grid in which the caller may not write."""
    chain = await reach.grid(session, actor=actor, area_id=new.area_id)
    await _require_head(session, actor, new.head_member_id)
    await _require_datum(session, new.location, new.area_id)
    values = new.model_dump(exclude={"area_id", "location"}) | reach.copies(chain) | _point(new.location)
    values |= {"id": uuid7(), "created_by": actor.id, "updated_by": actor.id}
    await session.execute(insert(Building).values(values))
    await history.record(
        session, actor=actor, action="building.create", entity_id=values["id"], data={"kind": new.kind}
    )
    return await detail(session, actor=actor, building_id=values["id"])


async def change(
    session: AsyncSession,
    *,
    actor: Actor,
    building_id: UUID,
    changes: BuildingPatch,
    expected_version: int | None,
) -> BuildingRead:
    """The building with the sent fields changed; `Stale` at another version than expected."""
    building = await reach.locked(
        session, Building, actor=actor, row_id=building_id, expected_version=expected_version
    )
    values = changes.changes
    await _require_head(session, actor, values.get("head_member_id"))
    area_id = values.pop("area_id", building.area_id)
    if "location" in values:
        sent = values.pop("location")
        await _require_datum(session, sent, area_id)
        values |= _point(sent)
    if area_id != building.area_id:
        chain = await reach.grid(session, actor=actor, area_id=area_id)
        await relocation.building(session, actor=actor, building=building, chain=chain)
    for name, value in values.items():
        setattr(building, name, value)
    versions.touch(building, actor)
    await session.flush()
    data = {"fields": sorted(changes.model_fields_set)}
    await history.record(session, actor=actor, action="building.change", entity_id=building_id, data=data)
    return await detail(session, actor=actor, building_id=building_id)


async def end(
    session: AsyncSession, *, actor: Actor, building_id: UUID, ending: Ending, expected_version: int | None
) -> BuildingRead:
    """Take an empty building out of the registry (pulled down, entered twice); `BuildingInUse` otherwise."""
    building = await reach.locked(
        session, Building, actor=actor, row_id=building_id, expected_version=expected_version
    )
    if await session.scalar(select(exists().where(Room.building_id == building_id, Room.ended_on.is_(None)))):
        raise BuildingInUse
    building.ended_on = reach.past(ending.ended_on, where="body.ended_on")
    versions.touch(building, actor)
    await session.flush()
    data = {"ended_on": building.ended_on.isoformat()}
    await history.record(session, actor=actor, action="building.end", entity_id=building_id, data=data)
    return await detail(session, actor=actor, building_id=building_id)


def moves(building: Building, sent: Point) -> bool:
    """Whether a point is another than the building's."""
    told = _point(sent)
    return (building.lng, building.lat) != (told["lng"], told["lat"])


async def _require_head(session: AsyncSession, actor: Actor, member_id: UUID | None) -> None:
    if member_id is None:
        return
    seen = select(Member.id).where(Member.id == member_id, members.visible(actor), Member.ended_at.is_(None))
    if await session.scalar(seen) is None:
        raise NotFound(errors=(tree.unknown("body.head_member_id"),))


async def _require_datum(session: AsyncSession, sent: Point | None, area_id: UUID) -> None:
    """Refuse a point that only another datum than its own puts into the grid."""
    if sent is None:
        return
    index = await grid_index.current(session)
    fits = datum.fits(index, lng=sent.lng, lat=sent.lat, coord_type=sent.coord_type, area_id=area_id)
    if fits is not None:
        zh, en = datum.doubt(sent.coord_type, fits)
        raise invalid_field("body.location.coord_type", zh, en, datum.DOUBTFUL)


def _point(sent: Point | None) -> dict[str, float | None]:
    point = to_wgs84(sent.lng, sent.lat, sent.coord_type) if sent else None
    return {"lng": point.lng if point else None, "lat": point.lat if point else None}


def _with_names() -> Select[Any, Any, Any, Any]:
    return (
        select(Building, Area.name, _Head.name, _Head.ended_at)
        .join(Area, Area.id == Building.area_id)
        .outerjoin(_Head, _Head.id == Building.head_member_id)
    )


def _read(row: Row[Any, Any, Any, Any]) -> BuildingRead:
    building, area_name, head_name, head_ended_at = row
    return BuildingRead(
        **{
            name: getattr(building, name)
            for name in BuildingRead.model_fields
            if name not in {"area", "head"}
        },
        area=Ref(id=building.area_id, name=area_name),
        head=members.named(building.head_member_id, head_name, head_ended_at),
    )
