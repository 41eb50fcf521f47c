"""Writing the area tree: a new area, changed fields, an area moved below another parent.

Every area's `path` holds its ancestors and itself; this module is the only one that writes it. Changes to
the shape of the tree come one after the other (an advisory lock), so that no child is born under a path
that is being rewritten. An area that has households or tickets cannot be moved: they carry copies of
its town and village, and moving these is a procedure of its own (`registry/grid_changes`).
"""

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, exists, or_, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Uuid

from app.core import clock
from app.core.errors import Conflict, FieldError, NotFound
from app.core.ids import uuid7
from app.core.writes import together
from app.models.area import Area
from app.models.enums import AreaKind, AreaLevel
from app.models.registry import Household
from app.models.ticket import Ticket
from app.schemas.area import AreaCreate, AreaPatch
from app.services.areas import boundaries, rules, tree
from app.services.areas.tree import Chain
from app.services.platform import audit, outbox, versions
from app.services.platform.actor import Actor

_TREE_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('area_tree'))")
_NEW_PATH = text("(:above || path[array_position(path, :moved):])").bindparams(
    bindparam("above", type_=ARRAY(Uuid())), bindparam("moved", type_=Uuid())
)


class CodeTaken(Conflict):
    """Another area has this code."""

    code = "area_code_taken"
    title_zh, title_en = "这个区域编码已被使用", "Another area has this code"

    def __init__(self) -> None:
        super().__init__(errors=(FieldError("body.code", self.code, self.title_zh, self.title_en),))


class AreaInUse(Conflict):
    """Households or tickets hang on the place in the tree."""

    code = "area_in_use"
    title_zh = "该区域下已有住户或工单，请使用区域划转（/move）"
    title_en = "The area has households or tickets: move it with a call of its own (/move)"


async def create(session: AsyncSession, *, actor: Actor, new: AreaCreate) -> Chain:
    """A new area; `CodeTaken`, or `Invalid` when it does not fit below its parent."""
    await session.execute(_TREE_LOCK)
    parent = await _parent(session, actor, new.parent_id, new.level)
    rules.require_kind(new.level, new.kind)
    area_id, moment = uuid7(), clock.now()
    values = new.model_dump(exclude={"center", "boundary"}) | {
        "id": area_id,
        "short_name": new.short_name or new.name,
        "path": [*(parent.path if parent else ()), area_id],
        "valid_from": new.valid_from or clock.today(),
        "created_at": moment,
        "created_by": actor.id,
        "updated_at": moment,
        "updated_by": actor.id,
        **boundaries.columns(new, {"center", "boundary"}),
    }
    statement = insert(Area).values(values).on_conflict_do_nothing(index_elements=[Area.code])
    area = (await session.scalars(statement.returning(Area))).one_or_none()
    if area is None:
        raise CodeTaken
    await _record(session, actor, "area.create", area.id, {"code": area.code})
    return Chain(area, await tree.ancestors(session, area=area))


async def change(
    session: AsyncSession,
    *,
    actor: Actor,
    area_id: UUID,
    changes: AreaPatch,
    expected_version: int | None,
) -> Chain:
    """The area with the sent fields changed; `Stale` when it is at another version than expected."""
    sent = changes.model_fields_set
    if "parent_id" in sent:
        await session.execute(_TREE_LOCK)
    statement = select(Area).where(Area.id == area_id, tree.visible(actor)).with_for_update()
    area = await session.scalar(statement)
    if area is None:
        raise NotFound
    versions.require(area, expected_version)
    if "kind" in sent:
        rules.require_kind(AreaLevel(area.level), AreaKind(changes.kind))
    if "parent_id" in sent and changes.parent_id != area.parent_id:
        await _move(session, actor, area, changes.parent_id)
    values = changes.changes | boundaries.columns(changes, sent)
    for name in values.keys() - {"center"}:
        setattr(area, name, values[name])
    versions.touch(area, actor)
    await session.flush()
    await _record(session, actor, "area.change", area.id, {"fields": sorted(sent)})
    return Chain(area, await tree.ancestors(session, area=area))


async def _move(session: AsyncSession, actor: Actor, area: Area, parent_id: UUID) -> None:
    parent = await _parent(session, actor, parent_id, AreaLevel(area.level))
    below = select(Area.id).where(Area.path.contains([area.id]))
    used = or_(
        exists().where(Household.area_id.in_(below)),
        exists().where(Ticket.area_id.in_(below)),
    )
    if await session.scalar(select(used)):
        raise AreaInUse
    await reparent(session, actor=actor, area=area, parent=parent)


async def lock_tree(session: AsyncSession) -> None:
    """Let changes of the tree's shape come one after the other until the transaction ends."""
    await session.execute(_TREE_LOCK)


async def reparent(session: AsyncSession, *, actor: Actor, area: Area, parent: Area | None) -> None:
    """Put an area below another parent, with all below it; what lies there is the caller's business.

    The tree must be locked and the parent have a fitting level; the caller touches and flushes the area.
    """
    above = list(parent.path) if parent else []
    area.parent_id = parent.id if parent else None
    await session.execute(
        update(Area)
        .where(Area.path.contains([area.id]), Area.id != area.id)
        .values(
            path=_NEW_PATH,
            version=Area.version + 1,
            updated_at=clock.now(),
            updated_by=actor.id,
        )
        .execution_options(synchronize_session=False),
        {"above": above, "moved": area.id},
    )
    area.path = [*above, area.id]


async def _parent(
    session: AsyncSession, actor: Actor, parent_id: UUID | None, level: AreaLevel
) -> Area | None:
    found = await tree.require(session, actor=actor, named={"body.parent_id": parent_id}, hold=True)
    parent = found.get("body.parent_id")
    rules.require_parent(level, AreaLevel(parent.level) if parent else None)
    return parent


async def _record(
    session: AsyncSession, actor: Actor, action: str, area_id: UUID, data: dict[str, Any]
) -> None:
    line = audit.line(action=action, entity="area", entity_id=area_id, actor_id=actor.id, data=data)
    await together(session, [line, outbox.append(action, area_id, {"by": str(actor.id), **data})])
