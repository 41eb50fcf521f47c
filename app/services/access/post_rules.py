"""Rules that a new post must meet: the role's kind of place, and no other post in its way.

The errors of the posts' use cases live here too. Reading and writing posts is in `post_list` and `posts`.
"""

from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Conflict, Invalid, invalid_field
from app.models.enums import Role
from app.models.staff import Post
from app.services.access import places
from app.services.access.roles import ROLES
from app.services.platform.actor import ScopeKind

NOBODYS = frozenset({Role.API_CLIENT, Role.RESIDENT, Role.SYSTEM})


class PostOverlaps(Conflict):
    """The member holds this role in this place already, for a part of that time."""

    code = "post_overlaps"
    title_zh, title_en = "该成员在此期间已担任同一职务", "The member holds this post already at that time"


class RolesExclude(Conflict):
    """Platform roles and other roles are never in one hand at one time."""

    code = "roles_exclude"
    title_zh = "系统管理员、审计员须专人专岗，不能与其他职务同时担任"
    title_en = "Administrators and auditors may hold no other role at the same time"


class PostEnded(Conflict):
    """The post is over and stays as it was."""

    code = "post_ended"
    title_zh, title_en = "该任职已结束", "The post has ended"


class PostBegan(Conflict):
    """The post has begun: it can be ended, not removed."""

    code = "post_began"
    title_zh, title_en = "该任职已开始，只能结束，不能删除", "The post has begun: end it instead"


async def require_place(session: AsyncSession, role: Role, area_id: UUID | None, org_id: UUID | None) -> None:
    """Raise `Invalid` unless the role's kind of place is named, and only that, and it exists."""
    if role in NOBODYS:
        raise invalid_field("body.role", "该角色不能授予人员", "This role is not for people")
    kind = ROLES[role].kind
    for name, value, needed in (("area_id", area_id, ScopeKind.AREA), ("org_id", org_id, ScopeKind.ORG)):
        if (value is not None) != (kind is needed):
            zh, en = ("须填写", "is required") if kind is needed else ("不应填写", "does not apply")
            label = ROLES[role].label_zh
            raise invalid_field(f"body.{name}", f"{label}{zh} {name}", f"{name} {en} for {role}")
    if area_id is not None:
        await places.require_area(session, area_id)
    if org_id is not None:
        await places.require_org(session, org_id)


async def require_room(session: AsyncSession, post: Post) -> None:
    """Raise `PostOverlaps` or `RolesExclude` when another post of the member stands in the way."""
    others = (
        await session.execute(
            select(Post.role, Post.area_id, Post.org_id).where(
                Post.member_id == post.member_id,
                Post.id != post.id,
                or_(Post.valid_to.is_(None), Post.valid_to > post.valid_from),
                *([Post.valid_from < post.valid_to] if post.valid_to else []),
            )
        )
    ).all()
    if (post.role, post.area_id, post.org_id) in {(row.role, row.area_id, row.org_id) for row in others}:
        raise PostOverlaps
    roles = {Role(row.role) for row in others} | {Role(post.role)}
    if len(roles) > 1 and any(ROLES[role].kind is ScopeKind.ALL for role in roles):
        raise RolesExclude


def ends_too_early() -> Invalid:
    """The refusal of a post that would end before it begins."""
    return invalid_field("body.valid_to", "结束时间须晚于开始时间", "The end must come after the beginning")
