"""Posts as administrators give and take them: who holds which role where, from when to when.

A role decides whether its post names an area, an organisation or neither. The platform's own roles stand
alone: who administers or audits handles no tickets. A post counts from its first moment and stops counting
at its last, at once and for every open session. What a role opens is `roles`' business.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import NotFound, invalid_field
from app.core.ids import uuid7
from app.models.enums import Role
from app.models.staff import Post
from app.schemas.post import PostCreate, PostRead
from app.services.access import administrators, places, post_rules
from app.services.access.post_list import read, visible_to
from app.services.platform import audit, versions
from app.services.platform.actor import Actor


async def create(session: AsyncSession, *, actor: Actor, new: PostCreate) -> PostRead:
    """Give a member a role from a moment (now by default) on, until another or without an end."""
    administrators.require_other(actor, new.member_id)
    begins = new.valid_from or clock.now()
    if new.valid_to is not None and new.valid_to <= begins:
        raise post_rules.ends_too_early()
    await post_rules.require_place(session, new.role, new.area_id, new.org_id)
    await places.hold_member(session, new.member_id)
    values = new.model_dump() | {"valid_from": begins, "created_by": actor.id, "updated_by": actor.id}
    post = Post(id=uuid7(), **values)
    await post_rules.require_room(session, post)
    session.add(post)
    await session.flush()
    await _note(session, "post.create", actor, post)
    return await read(session, actor=actor, post_id=post.id)


async def end(
    session: AsyncSession,
    *,
    actor: Actor,
    post_id: UUID,
    expected_version: int | None,
    valid_to: datetime | None,
) -> PostRead:
    """Set the moment a post stops counting: now, or one past or to come, but none after the present end."""
    post = await _locked(session, actor, post_id, expected_version)
    moment = clock.now()
    if post.valid_to is not None and post.valid_to <= moment:
        raise post_rules.PostEnded
    ends = valid_to or moment
    if ends <= post.valid_from:
        raise post_rules.ends_too_early()
    if post.valid_to is not None and ends > post.valid_to:
        raise invalid_field("body.valid_to", "只能提前结束", "A post can only be shortened")
    post.valid_to = ends
    versions.touch(post, actor)
    await session.flush()
    if post.role == Role.SYSTEM_ADMIN:
        await administrators.require_one_left(session)
    await _note(session, "post.end", actor, post)
    return await read(session, actor=actor, post_id=post.id)


async def remove(session: AsyncSession, *, actor: Actor, post_id: UUID, expected_version: int | None) -> None:
    """Take back a post that has not begun."""
    post = await _locked(session, actor, post_id, expected_version)
    if post.valid_from <= clock.now():
        raise post_rules.PostBegan
    await session.delete(post)
    await session.flush()
    await _note(session, "post.remove", actor, post)


async def _locked(session: AsyncSession, actor: Actor, post_id: UUID, expected_version: int | None) -> Post:
    post = await session.scalar(select(Post).where(Post.id == post_id, visible_to(actor)).with_for_update())
    if post is None:
        raise NotFound
    administrators.require_other(actor, post.member_id)
    versions.require(post, expected_version)
    return post


async def _note(session: AsyncSession, action: str, actor: Actor, post: Post) -> None:
    data = {
        "member_id": str(post.member_id),
        "role": post.role,
        "area_id": str(post.area_id) if post.area_id else None,
        "org_id": str(post.org_id) if post.org_id else None,
        "valid_from": post.valid_from.isoformat(),
        "valid_to": post.valid_to.isoformat() if post.valid_to else None,
    }
    await audit.record(session, action=action, entity="post", entity_id=post.id, actor_id=actor.id, data=data)
