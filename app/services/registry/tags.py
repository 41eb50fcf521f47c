"""Tags of people over time: who has which, giving one, taking one away.

A tag counts between two days; the same one never twice at a time. Tags that disclose health, disability
or minors are told to those who may write, and to nobody else.
"""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Conflict, NotFound
from app.core.ids import uuid7
from app.models.enums import SENSITIVE
from app.models.registry import Resident, ResidentTag
from app.schemas.care import OnDay, TagCreate, TagRead
from app.services.platform import versions
from app.services.platform.actor import Actor
from app.services.registry import history, life, reach, resident_reads


class TagGiven(Conflict):
    """The person has this tag, or had it on that day."""

    code = "tag_given"
    title_zh, title_en = "该人员在此期间已有这个标签", "The person has this tag at that time"


class TagEnded(Conflict):
    """The tag has been taken away already."""

    code = "tag_ended"
    title_zh, title_en = "该标签已取消", "The tag has ended"


async def of(session: AsyncSession, *, actor: Actor, resident_id: UUID) -> list[TagRead]:
    """All tags of a person, those that count first; `NotFound` outside the scope."""
    seen = select(life.writable(actor)).where(Resident.id == resident_id, resident_reads.visible(actor))
    may_know = await session.scalar(seen)
    if may_know is None:
        raise NotFound
    statement = select(ResidentTag).where(ResidentTag.resident_id == resident_id)
    if not may_know:
        statement = statement.where(ResidentTag.code.not_in(SENSITIVE))
    order = (ResidentTag.valid_to.is_not(None), ResidentTag.valid_from.desc(), ResidentTag.id)
    return [TagRead.model_validate(tag) for tag in await session.scalars(statement.order_by(*order))]


async def give(session: AsyncSession, *, actor: Actor, resident_id: UUID, new: TagCreate) -> TagRead:
    """Tag a person from a day on; `TagGiven` where that overlaps the same tag."""
    resident = await life.locked(session, actor=actor, resident_id=resident_id, expected_version=None)
    if resident.died_on or resident.left_on:
        raise life.ResidentGone
    on = reach.past(new.on, where="body.on")
    same = select(ResidentTag.id).where(
        ResidentTag.resident_id == resident_id,
        ResidentTag.code == new.code,
        ResidentTag.valid_to.is_(None) | (ResidentTag.valid_to > on),
    )
    if await session.scalar(same.limit(1)) is not None:
        raise TagGiven
    tag = ResidentTag(
        id=uuid7(),
        resident_id=resident_id,
        code=new.code,
        source=new.source,
        valid_from=on,
        version=1,
        created_by=actor.id,
        updated_by=actor.id,
    )
    session.add(tag)
    await session.flush()
    # The code itself may be personal: the tag's id is told, not what it says.
    data = {"tag_id": str(tag.id)}
    await history.record(session, actor=actor, action="resident.tag", entity_id=resident_id, data=data)
    return TagRead.model_validate(tag)


async def take(
    session: AsyncSession,
    *,
    actor: Actor,
    resident_id: UUID,
    tag_id: UUID,
    body: OnDay,
    expected_version: int | None,
) -> TagRead:
    """Take a tag away from a day on."""
    await life.locked(session, actor=actor, resident_id=resident_id, expected_version=None)
    statement = select(ResidentTag).where(ResidentTag.id == tag_id, ResidentTag.resident_id == resident_id)
    tag = await session.scalar(statement.with_for_update())
    if tag is None:
        raise NotFound
    versions.require(tag, expected_version)
    if tag.valid_to is not None:
        raise TagEnded
    tag.valid_to = reach.past(body.on, where="body.on", since=tag.valid_from)
    versions.touch(tag, actor)
    await session.flush()
    data = {"tag_id": str(tag_id)}
    await history.record(session, actor=actor, action="resident.untag", entity_id=resident_id, data=data)
    return TagRead.model_validate(tag)
