"""What happens to areas: one moves to another parent, goes into another, gives parts of itself to new ones.

One transaction each, from today on: households, buildings, people, places and open tickets follow, posts
and organisations too where the area ends; what is over stays as it was, and the event itself is kept.
"""

from collections.abc import Collection
from typing import Any
from uuid import UUID

import shapely
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import Conflict, NotFound, invalid_field
from app.core.ids import uuid7
from app.models.area import Area, AreaEvent
from app.models.enums import AreaEventKind, AreaLevel
from app.models.registry import Building, Household, Place
from app.models.staff import Member, Org, Post
from app.models.ticket import Ticket
from app.schemas.area import AreaCreate, AreaRef
from app.schemas.area_change import AreaEventRead, AreaHistory, AreaMerge, AreaMove, GridPart, GridSplit
from app.services.areas import changes, rules, tree
from app.services.areas.tree import Chain
from app.services.platform import versions
from app.services.platform.actor import Actor
from app.services.registry import followers, history, transfers

_MOVABLE = frozenset({AreaLevel.VILLAGE, AreaLevel.GRID, AreaLevel.MICRO_GRID})


class AreaNotInForce(Conflict):
    """The area has ended."""

    code = "area_not_in_force"
    title_zh, title_en = "该区域已撤销", "The area has ended"


async def move(
    session: AsyncSession, *, actor: Actor, area_id: UUID, body: AreaMove, expected_version: int | None
) -> Chain:
    """A village, grid or micro-grid below another parent, with all that lies in it."""
    area = await _locked(session, actor, area_id, expected_version)
    parent = await _named(session, actor, body.parent_id, "body.parent_id")
    rules.require_parent(AreaLevel(area.level), AreaLevel(parent.level))
    if parent.id == area.parent_id:
        raise invalid_field("body.parent_id", "已在该上级区域之下", "is the parent already")
    return await _move(session, actor, area, parent)


async def merge(
    session: AsyncSession, *, actor: Actor, area_id: UUID, body: AreaMerge, expected_version: int | None
) -> Chain:
    """An area goes into another of its level and ends; what was below it is below the other."""
    area = await _locked(session, actor, area_id, expected_version)
    into = await _named(session, actor, body.into_id, "body.into_id", lock=True)
    if into.level != area.level or into.id == area.id:
        raise invalid_field(
            "body.into_id", "须并入同一层级的另一区域", "must be another area of the same level"
        )
    below = select(Area).where(Area.parent_id == area.id, tree.in_force()).order_by(Area.id)
    for child in (await session.scalars(below.with_for_update())).all():
        await _move(session, actor, child, into)
    chain = Chain(into, await tree.ancestors(session, area=into))
    await followers.taken_in(session, actor=actor, area=area, into=chain)
    await transfers.redirect(session, area_id=area.id, into_id=into.id)
    await _staff(session, actor, area, into)
    _unite(into, area)
    area.valid_to = clock.today()
    for row in (area, into):
        versions.touch(row, actor)
    await session.flush()
    await _happened(session, actor, area.id, AreaEventKind.MERGED, into.id)
    return chain


async def split(
    session: AsyncSession, *, actor: Actor, area_id: UUID, body: GridSplit, expected_version: int | None
) -> list[Chain]:
    """Parts of a grid become grids of their own in the same village; the rest stays the old one."""
    area = await _locked(session, actor, area_id, expected_version)
    if area.level != AreaLevel.GRID:
        raise invalid_field("body.parts", "只有网格可以拆分", "only a grid can be split")
    made = [
        await _part(session, actor, area, part, f"body.parts.{number}")
        for number, part in enumerate(body.parts)
    ]
    versions.touch(area, actor)
    await session.flush()
    return made


async def past(session: AsyncSession, *, actor: Actor, area_id: UUID) -> AreaHistory:
    """What happened to an area; `NotFound` outside the scope."""
    if await session.scalar(select(Area.id).where(Area.id == area_id, tree.visible(actor))) is None:
        raise NotFound
    rows = await session.execute(
        select(AreaEvent, Area)
        .join(Area, Area.id == AreaEvent.other_id)
        .where(AreaEvent.area_id == area_id)
        .options(tree.BRIEF)
        .order_by(AreaEvent.happened_on.desc(), AreaEvent.id.desc())
        .limit(history.LONGEST)
    )
    events = [
        AreaEventRead(kind=event.kind, other=AreaRef.model_validate(other), happened_on=event.happened_on)
        for event, other in rows
    ]
    return AreaHistory(events=events, changes=await history.written(session, entity="area", row_id=area_id))


async def _locked(session: AsyncSession, actor: Actor, area_id: UUID, expected_version: int | None) -> Area:
    await changes.lock_tree(session)
    statement = select(Area).where(Area.id == area_id, tree.visible(actor)).with_for_update()
    area = await session.scalar(statement)
    if area is None:
        raise NotFound
    versions.require(area, expected_version)
    require_force(area)
    if AreaLevel(area.level) not in _MOVABLE:
        raise invalid_field(
            "path.area_id",
            "只能调整村（社区）、网格和微网格",
            "only villages, grids and micro-grids can change",
        )
    return area


async def _named(
    session: AsyncSession, actor: Actor, area_id: UUID, field: str, *, lock: bool = False
) -> Area:
    statement = select(Area).where(Area.id == area_id, tree.visible(actor))
    area = await session.scalar(statement.with_for_update() if lock else statement)
    if area is None:
        raise NotFound(errors=(tree.unknown(field),))
    require_force(area)
    return area


def require_force(area: Area) -> None:
    """Raise `AreaNotInForce` for an area that has ended."""
    if area.valid_to is not None and area.valid_to <= clock.today():
        raise AreaNotInForce


async def _move(session: AsyncSession, actor: Actor, area: Area, parent: Area) -> Chain:
    former = area.parent_id
    await changes.reparent(session, actor=actor, area=area, parent=parent)
    versions.touch(area, actor)
    await session.flush()
    chain = Chain(area, await tree.ancestors(session, area=area))
    await followers.moved(session, actor=actor, chain=chain)
    if former is not None:
        await _happened(session, actor, area.id, AreaEventKind.MOVED, former)
    return chain


async def _part(session: AsyncSession, actor: Actor, area: Area, part: GridPart, where: str) -> Chain:
    new = AreaCreate(
        code=part.code,
        name=part.name,
        level=AreaLevel.GRID,
        kind=part.kind,
        parent_id=area.parent_id,
        boundary=part.boundary,
    )
    chain = await changes.create(session, actor=actor, new=new)
    for micro in await _of_grid(session, Area, area, part.micro_grid_ids, f"{where}.micro_grid_ids"):
        await _move(session, actor, micro, chain.area)
    for table, name in ((Building, "building_ids"), (Household, "household_ids"), (Place, "place_ids")):
        await _of_grid(session, table, area, getattr(part, name), f"{where}.{name}")
    await followers.handed_over(
        session,
        actor=actor,
        into=chain,
        buildings=part.building_ids,
        households=part.household_ids,
        places=part.place_ids,
        tickets=await _tickets_inside(session, area, chain.area),
    )
    if area.boundary and chain.area.boundary:
        rest = shapely.difference(_shape(area), _shape(chain.area))
        area.boundary = shapely.geometry.mapping(rest) if rest.area else area.boundary
    await _happened(session, actor, area.id, AreaEventKind.SPLIT, chain.area.id)
    return chain


async def _of_grid(
    session: AsyncSession, table: Any, area: Area, ids: Collection[UUID], field: str
) -> list[Any]:
    """The rows of a grid that a field names; `NotFound`, with the field, when one is elsewhere."""
    if not ids:
        return []
    here = table.parent_id == area.id if table is Area else table.grid_id == area.id
    found = list(await session.scalars(select(table).where(table.id.in_(ids), here)))
    if len(found) != len(set(ids)):
        raise NotFound(errors=(tree.unknown(field),))
    return found


async def _tickets_inside(session: AsyncSession, area: Area, part: Area) -> list[UUID]:
    """The open tickets of a grid whose point lies in a part of it."""
    if not part.boundary:
        return []
    open_here = select(Ticket.id, Ticket.lng, Ticket.lat).where(
        Ticket.area_id == area.id, Ticket.closed_at.is_(None), Ticket.lng.is_not(None)
    )
    rows = (await session.execute(open_here)).all()
    inside = shapely.contains_xy(_shape(part), [row.lng for row in rows], [row.lat for row in rows])
    return [row.id for row, within in zip(rows, inside, strict=True) if within]


async def _staff(session: AsyncSession, actor: Actor, area: Area, into: Area) -> None:
    """Posts in an area that ends go on in the other one; its organisations and members belong there."""
    moment = clock.now()
    stamp = {"updated_at": moment, "updated_by": actor.id}
    running = (Post.area_id == area.id, Post.valid_to.is_(None) | (Post.valid_to > moment))
    held = (await session.scalars(select(Post).where(*running).order_by(Post.id).with_for_update())).all()
    there = {
        (post.member_id, post.role)
        for post in await session.scalars(
            select(Post).where(Post.area_id == into.id, Post.valid_to.is_(None) | (Post.valid_to > moment))
        )
    }
    rows = [
        {
            "id": uuid7(),
            "member_id": post.member_id,
            "role": post.role,
            "area_id": into.id,
            "valid_from": max(moment, post.valid_from),
            "valid_to": post.valid_to,
            "created_by": actor.id,
            "updated_by": actor.id,
        }
        for post in held
        if (post.member_id, post.role) not in there
    ]
    for post in held:
        if post.valid_from < moment:
            post.valid_to = moment
            versions.touch(post, actor)
        else:
            await session.delete(post)
    await session.flush()
    if rows:
        await session.execute(insert(Post), rows)
    for table in (Org, Member):
        await session.execute(
            update(table)
            .where(table.area_id == area.id, table.ended_at.is_(None))
            .values(area_id=into.id, version=table.version + 1, **stamp)
            .execution_options(synchronize_session=False)
        )


def _shape(area: Area) -> Any:
    return shapely.geometry.shape(area.boundary or {})


def _unite(into: Area, area: Area) -> None:
    if into.boundary and area.boundary:
        into.boundary = shapely.geometry.mapping(shapely.union(_shape(into), _shape(area)))


async def _happened(
    session: AsyncSession, actor: Actor, area_id: UUID, kind: AreaEventKind, other_id: UUID
) -> None:
    event = {
        "id": uuid7(),
        "area_id": area_id,
        "kind": kind,
        "other_id": other_id,
        "happened_on": clock.today(),
        "created_at": clock.now(),
        "created_by": actor.id,
    }
    await session.execute(insert(AreaEvent), [event])
    data = {"other_id": str(other_id)}
    await history.record(session, actor=actor, action=f"area.{kind}", entity_id=area_id, data=data)
