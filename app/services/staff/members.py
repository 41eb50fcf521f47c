"""Reading the people who work in the grids: who sees whom, lists, one member with the posts, the past.

Their names and work phones are public by regulation and come as they are; their own phones are sealed and
come masked. A caller always sees the own record. Writing is `member_changes`' business.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import Vault
from app.core.errors import NotFound
from app.core.paging import Page, Sort, page_of
from app.models.area import Area
from app.models.enums import Employment
from app.models.staff import Member, Org, Post
from app.schemas.member import MemberDetail, MemberHistory, MemberPost, MemberRead
from app.schemas.types import Ref, StaffRef
from app.services.areas import tree
from app.services.platform import masks, record_history, scope
from app.services.platform.actor import Actor, Dataset
from app.services.platform.listing import page_statement
from app.services.platform.scope import ScopeColumns

COLUMNS = ScopeColumns(area=Member.area_id, org=Member.org_id, own=Member.id)
_BY_ID = Sort.by_id(Member.id)


def with_names() -> Select[Member, str | None, str | None]:
    """Members with the names of their area and organisation."""
    return (
        select(Member, Area.name, Org.name)
        .outerjoin(Area, Area.id == Member.area_id)
        .outerjoin(Org, Org.id == Member.org_id)
    )


def named(member_id: UUID | None, name: str | None, ended_at: datetime | None) -> StaffRef | None:
    """Who is to see to something, if anybody was named, and whether they have left since."""
    if member_id is None or name is None:
        return None
    return StaffRef(id=member_id, name=name, has_left=ended_at is not None and ended_at <= clock.now())


def gone(member_id: Any) -> ColumnElement[bool]:
    """Whether nobody is named there, or somebody who has left."""
    return or_(member_id.is_(None), exists().where(Member.id == member_id, Member.ended_at <= clock.now()))


def visible(actor: Actor) -> ColumnElement[bool]:
    """The members of the caller's areas or organisation, and the caller."""
    return scope.visible(actor, Dataset.STAFF, COLUMNS)


async def page(
    session: AsyncSession,
    *,
    actor: Actor,
    vault: Vault,
    area_id: UUID | None = None,
    org_id: UUID | None = None,
    employment: Employment | None = None,
    name_part: str | None = None,
    cursor: str | None = None,
    limit: int,
) -> Page[MemberRead]:
    """One page of the members who have not left, in the order of their ids."""
    moment = clock.now()
    filters = [or_(Member.ended_at.is_(None), Member.ended_at > moment)]
    filters += await tree.within(session, actor=actor, area_id=area_id, columns=COLUMNS)
    if org_id:
        filters.append(Member.org_id == org_id)
    if employment:
        filters.append(Member.employment == employment)
    if name_part:
        filters.append(Member.name.contains(name_part, autoescape=True))
    statement = page_statement(
        with_names(),
        sort=_BY_ID,
        branches=scope.branches(actor, Dataset.STAFF, COLUMNS),
        filters=filters,
        cursor=cursor,
        limit=limit,
    )
    rows = [_read(row, vault) for row in await session.execute(statement)]
    return page_of(rows, limit, lambda member: (member.id, member.id))


async def detail(session: AsyncSession, *, actor: Actor, vault: Vault, member_id: UUID) -> MemberDetail:
    """One member with the posts held now or later; `NotFound` outside the caller's reach."""
    statement = with_names().where(Member.id == member_id, visible(actor))
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound
    still = or_(Post.valid_to.is_(None), Post.valid_to > clock.now())
    posts = await _posts(session, _posts_of(member_id).where(still).order_by(Post.valid_from, Post.id))
    return MemberDetail(**_read(row, vault).model_dump(), posts=posts)


async def past(session: AsyncSession, *, actor: Actor, member_id: UUID) -> MemberHistory:
    """A member's posts, also those that are over, and who wrote what; `NotFound` beyond the reach."""
    if await session.scalar(select(Member.id).where(Member.id == member_id, visible(actor))) is None:
        raise NotFound
    latest = _posts_of(member_id).order_by(Post.valid_from.desc(), Post.id.desc())
    posts = await _posts(session, latest.limit(record_history.LONGEST))
    changes = await record_history.written(session, entity="member", row_id=member_id)
    return MemberHistory(posts=posts, changes=changes)


def _posts_of(member_id: UUID) -> Select[Post, str | None, str | None]:
    return (
        select(Post, Area.name, Org.name)
        .outerjoin(Area, Area.id == Post.area_id)
        .outerjoin(Org, Org.id == Post.org_id)
        .where(Post.member_id == member_id)
    )


async def _posts(session: AsyncSession, statement: Select[Post, str | None, str | None]) -> list[MemberPost]:
    return [
        MemberPost(
            id=post.id,
            role=post.role,
            area=_ref(post.area_id, area_name),
            org=_ref(post.org_id, org_name),
            valid_from=post.valid_from,
            valid_to=post.valid_to,
        )
        for post, area_name, org_name in await session.execute(statement)
    ]


def _read(row: Row[Member, str | None, str | None], vault: Vault) -> MemberRead:
    member, area_name, org_name = row
    return MemberRead(
        id=member.id,
        name=member.name,
        gender=member.gender,
        employment=member.employment,
        occupation=member.occupation,
        area=_ref(member.area_id, area_name),
        org=_ref(member.org_id, org_name),
        work_phone=member.work_phone,
        phone=masks.phone(vault.open(member.phone_sealed)) if member.phone_sealed else None,
        ended_at=member.ended_at,
        version=member.version,
    )


def _ref(row_id: UUID | None, name: str | None) -> Ref | None:
    return Ref(id=row_id, name=name) if row_id and name is not None else None
