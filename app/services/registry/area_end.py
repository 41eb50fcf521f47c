"""Closing an area for good: only one in which nobody is and nothing is left to do.

What still lies there is moved, merged or ended first, each by its own call; the refusal names what it is.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import Conflict, NotFound
from app.models.area import Area
from app.models.enums import AreaLevel
from app.models.enums.transfer import TransferState
from app.models.registry import Transfer
from app.models.staff import Member, Org, Post
from app.models.ticket import Ticket
from app.services.areas import changes, tree
from app.services.areas.tree import Chain
from app.services.platform import versions
from app.services.platform.actor import Actor
from app.services.registry import followers, grid_changes, history


class AreaNotEmpty(Conflict):
    """Somebody or something is still there; `left` says what kinds of records."""

    code = "area_not_empty"
    title_zh = "该区域内仍有下级区域、房屋、住户、场所、组织、人员、任职或未办结工单，不能撤销"
    title_en = "The area still has areas, homes, people, places, staff or open tickets"


async def end(session: AsyncSession, *, actor: Actor, area_id: UUID, expected_version: int | None) -> Chain:
    """Close an area from today on; `AreaNotEmpty` while anything lies in it, `AreaNotInForce` afterwards."""
    await changes.lock_tree(session)
    statement = select(Area).where(Area.id == area_id, tree.visible(actor)).with_for_update()
    area = await session.scalar(statement)
    if area is None:
        raise NotFound
    versions.require(area, expected_version)
    grid_changes.require_force(area)
    left = await _left_in(session, area)
    if left:
        raise AreaNotEmpty(left=left)
    area.valid_to = max(clock.today(), area.valid_from)
    versions.touch(area, actor)
    await session.flush()
    data = {"ended_on": area.valid_to.isoformat()}
    await history.record(session, actor=actor, action="area.end", entity_id=area_id, data=data)
    return Chain(area, await tree.ancestors(session, area=area))


async def _left_in(session: AsyncSession, area: Area) -> list[str]:
    """The kinds of records that still count in an area, by the names of their tables."""
    asked = _conditions(area)
    questions = [exists().where(condition) for condition in asked.values()]
    found = (await session.execute(select(*questions))).one()
    return [name for name, there in zip(asked, found, strict=True) if there]


def _conditions(area: Area) -> Mapping[str, ColumnElement[bool]]:
    moment = clock.now()
    asked: dict[str, Any] = {
        "area": (Area.parent_id == area.id) & or_(Area.valid_to.is_(None), Area.valid_to > clock.today()),
        "post": (Post.area_id == area.id) & or_(Post.valid_to.is_(None), Post.valid_to > moment),
        "org": (Org.area_id == area.id) & Org.ended_at.is_(None),
        "member": (Member.area_id == area.id) & or_(Member.ended_at.is_(None), Member.ended_at > moment),
    }
    open_ = Transfer.state == TransferState.PENDING
    asked["transfer"] = (Transfer.to_area_id == area.id) & open_
    for table, counts in followers.COUNTS.items():
        here = table.area_id == area.id
        if table is Ticket and (column := followers.COLUMN_OF.get(AreaLevel(area.level))):
            here = or_(here, getattr(Ticket, column) == area.id)
        asked[table.__tablename__] = here & counts
    return asked
