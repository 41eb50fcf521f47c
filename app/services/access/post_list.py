"""Posts as they are read: one by id, pages of them, and those that a member holds now.

Names come along, so that a list needs no further look-up. Giving and ending posts is in `posts`.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import NotFound
from app.core.paging import Page, Sort, page_of
from app.models.area import Area
from app.models.enums import Role
from app.models.staff import Member, Org, Post
from app.schemas.post import PostRead
from app.schemas.types import Ref
from app.services.access.roles import ROLES
from app.services.platform.actor import Actor, Dataset
from app.services.platform.scope import Predicate, ScopeColumns, visible

SCOPE = ScopeColumns(area=Post.area_id, org=Post.org_id)
_NEWEST = Sort.by_time(Post.valid_from, Post.id, descending=True)
_FILTERS = {
    "member_id": Post.member_id,
    "role": Post.role,
    "area_id": Post.area_id,
    "org_id": Post.org_id,
}


async def read(session: AsyncSession, *, actor: Actor, post_id: UUID) -> PostRead:
    """One post."""
    found = await _views(session, _view().where(Post.id == post_id, visible_to(actor)))
    if not found:
        raise NotFound
    return found[0]


async def page(
    session: AsyncSession,
    *,
    actor: Actor,
    filters: Mapping[str, Any],
    current: bool | None,
    cursor: str | None,
    limit: int,
) -> Page[PostRead]:
    """Posts, newest first; `filters` by column (`member_id`, `role`, `area_id`, `org_id`), None for any.

    `current` picks those that count now, or those that do not.
    """
    statement = _view().where(visible_to(actor)).order_by(*_NEWEST.order()).limit(limit + 1)
    statement = statement.where(
        *(_FILTERS[name] == value for name, value in filters.items() if value is not None)
    )
    if current is not None:
        statement = statement.where(_in_force() if current else ~_in_force())
    if cursor is not None:
        statement = statement.where(_NEWEST.after(cursor))
    found = await _views(session, statement)
    return page_of(found, limit, lambda post: (post.valid_from, post.id))


async def current_of(session: AsyncSession, *, member_id: UUID) -> Sequence[PostRead]:
    """The posts that count now for one member, for their own eyes."""
    return await _views(
        session, _view().where(Post.member_id == member_id, _in_force()).order_by(*_NEWEST.order())
    )


def visible_to(actor: Actor) -> Predicate:
    """The posts that the caller may administer."""
    return visible(actor, Dataset.ACCOUNTS, SCOPE)


def _view() -> Select[Post, str, str | None, str | None]:
    return (
        select(Post, Member.name, Area.name, Org.name)
        .join(Member, Member.id == Post.member_id)
        .outerjoin(Area, Area.id == Post.area_id)
        .outerjoin(Org, Org.id == Post.org_id)
    )


async def _views(
    session: AsyncSession, statement: Select[Post, str, str | None, str | None]
) -> list[PostRead]:
    rows = (await session.execute(statement)).all()
    return [_shown(post, member, area, org) for post, member, area, org in rows]


def _shown(post: Post, member: str, area: str | None, org: str | None) -> PostRead:
    spec = ROLES[Role(post.role)]
    return PostRead(
        id=post.id,
        member=Ref(id=post.member_id, name=member),
        role=Role(post.role),
        role_label=spec.label_zh,
        role_label_en=spec.label_en,
        area=Ref(id=post.area_id, name=area) if post.area_id and area else None,
        org=Ref(id=post.org_id, name=org) if post.org_id and org else None,
        valid_from=post.valid_from,
        valid_to=post.valid_to,
        version=post.version,
    )


def _in_force() -> Predicate:
    moment = clock.now()
    return and_(Post.valid_from <= moment, or_(Post.valid_to.is_(None), Post.valid_to > moment))
