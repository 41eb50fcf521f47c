"""Writing the people who work in the grids: new ones, changed fields, somebody who leaves.

A member always has an area, so that scope finds them: without one of their own, that of their organisation.
Leaving ends the posts at the same moment, and with them every scope, and the time in teams; the account, and
that an administrator must remain, are the access wing's business. Own phones are sealed, with a blind index.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import Vault
from app.core.errors import Conflict, NotFound, invalid_field
from app.core.ids import uuid7
from app.models.staff import Member, Post
from app.schemas.member import MemberCreate, MemberDetail, MemberPatch
from app.services.areas import tree
from app.services.platform import audit, versions
from app.services.platform.actor import Actor
from app.services.platform.sealing import sealed_columns
from app.services.staff import members, orgs, teams


class MemberEnded(Conflict):
    """The member has left already."""

    code = "member_ended"
    title_zh, title_en = "该人员已离任", "The member has left"


async def create(session: AsyncSession, *, actor: Actor, vault: Vault, new: MemberCreate) -> MemberDetail:
    """A new member; `NotFound` for an area or organisation that the caller does not see."""
    org = await orgs.require(session, actor=actor, field="body.org_id", org_id=new.org_id)
    area_id = new.area_id or (org.area_id if org else None)
    if area_id is None:
        raise invalid_field("body.area_id", "请填写所在区域或所属组织", "needs an area or an organisation")
    await tree.require(session, actor=actor, named={"body.area_id": new.area_id}, hold=True)
    values = new.model_dump(exclude={"phone"}) | sealed_columns("phone", new.phone, vault)
    values |= {"id": uuid7(), "area_id": area_id, "created_by": actor.id, "updated_by": actor.id}
    await session.execute(insert(Member).values(values))
    await _record(session, actor, "member.create", values["id"], {"employment": new.employment})
    return await members.detail(session, actor=actor, vault=vault, member_id=values["id"])


async def change(
    session: AsyncSession,
    *,
    actor: Actor,
    vault: Vault,
    member_id: UUID,
    changes: MemberPatch,
    expected_version: int | None,
) -> MemberDetail:
    """The member with the sent fields changed; `Stale` at another version than expected."""
    member = await _locked(session, actor, member_id, expected_version)
    values = changes.changes
    await tree.require(session, actor=actor, named={"body.area_id": values.get("area_id")}, hold=True)
    await orgs.require(session, actor=actor, field="body.org_id", org_id=values.get("org_id"))
    if "phone" in values:
        values |= sealed_columns("phone", values.pop("phone"), vault)
    for name, value in values.items():
        setattr(member, name, value)
    versions.touch(member, actor)
    await session.flush()
    await _record(session, actor, "member.change", member_id, {"fields": sorted(changes.model_fields_set)})
    return await members.detail(session, actor=actor, vault=vault, member_id=member_id)


async def end(
    session: AsyncSession,
    *,
    actor: Actor,
    vault: Vault,
    member_id: UUID,
    ended_at: datetime | None,
    expected_version: int | None,
) -> MemberDetail:
    """Let a member leave now or later, with all posts and teams; posts that would only begin then go."""
    member = await _locked(session, actor, member_id, expected_version)
    moment = clock.now()
    if ended_at is not None and ended_at < moment:
        raise invalid_field("body.ended_at", "离任时间不能早于现在", "must not be in the past")
    member.ended_at = ended_at or moment
    versions.touch(member, actor)
    await session.flush()
    await _end_posts(session, actor, member_id, member.ended_at)
    await teams.leave_all(session, actor=actor, member_id=member_id, moment=member.ended_at)
    await _record(session, actor, "member.end", member_id, {"ended_at": member.ended_at.isoformat()})
    return await members.detail(session, actor=actor, vault=vault, member_id=member_id)


async def _end_posts(session: AsyncSession, actor: Actor, member_id: UUID, moment: datetime) -> None:
    await session.execute(delete(Post).where(Post.member_id == member_id, Post.valid_from >= moment))
    await session.execute(
        update(Post)
        .where(Post.member_id == member_id, or_(Post.valid_to.is_(None), Post.valid_to > moment))
        .values(valid_to=moment, version=Post.version + 1, updated_at=clock.now(), updated_by=actor.id)
    )


async def _locked(
    session: AsyncSession, actor: Actor, member_id: UUID, expected_version: int | None
) -> Member:
    statement = select(Member).where(Member.id == member_id, members.visible(actor)).with_for_update()
    member = await session.scalar(statement)
    if member is None:
        raise NotFound
    versions.require(member, expected_version)
    if member.ended_at is not None and member.ended_at <= clock.now():
        raise MemberEnded
    return member


async def _record(
    session: AsyncSession, actor: Actor, action: str, member_id: UUID, data: dict[str, Any]
) -> None:
    await audit.record(
        session, action=action, entity="member", entity_id=member_id, actor_id=actor.id, data=data
    )
