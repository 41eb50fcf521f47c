"""Contact links: members who keep contact with households, over time, within their quotas; and the coverage.

A link is seen by whoever sees the household, and by the member. Of the quotas that meet it, for its type of
household and for all types, that of the smallest area counts.
"""

from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import Conflict, NotFound
from app.core.ids import uuid7
from app.core.paging import Page, Sort, page_of
from app.models.area import Area
from app.models.contact import ContactLink, ContactQuota
from app.models.enums import HouseholdType, Role
from app.models.registry import Household
from app.models.staff import Member
from app.schemas.contact import (
    ContactLinkCreate,
    ContactLinkPatch,
    ContactLinkRead,
    CoverageRead,
    TypeCoverage,
)
from app.schemas.stats import Ratio
from app.schemas.types import Ref
from app.services.areas import tree
from app.services.platform import scope, versions
from app.services.platform.actor import Actor, Dataset
from app.services.platform.listing import page_statement
from app.services.registry import history, households
from app.services.staff import members

KEEPERS = (Role.GRID_LEADER, Role.VILLAGE_ADMIN)
_BY_ID = Sort.by_id(ContactLink.id)


class ContactQuotaReached(Conflict):
    """The member has as many households as the quota allows."""

    code = "contact_quota_reached"
    title_zh, title_en = "联系户数已达上限", "As many households as the quota allows"


class LinkedAlready(Conflict):
    """The member keeps contact with the household already."""

    code = "contact_linked_already"
    title_zh, title_en = "此人已联系该户", "Linked already"


class LinkEnded(Conflict):
    """The link is over already."""

    code = "contact_link_ended"
    title_zh, title_en = "该联系关系已解除", "The link has ended"


async def page(
    session: AsyncSession,
    *,
    actor: Actor,
    member_id: UUID | None = None,
    household_id: UUID | None = None,
    ended: bool = False,
    cursor: str | None,
    limit: int,
) -> Page[ContactLinkRead]:
    """One page of links that hold, or of those that have ended, in the order in which they were made."""
    filters: list[ColumnElement[bool]] = [ContactLink.valid_to <= clock.now() if ended else holds()]
    if member_id:
        filters.append(ContactLink.member_id == member_id)
    if household_id:
        filters.append(ContactLink.household_id == household_id)
    # Each part of the scope by itself: an OR of them would be a walk through everybody's links.
    parts = scope.branches(actor, Dataset.REGISTRY, households.COLUMNS)
    branches = [ContactLink.household_id.in_(select(Household.id).where(part)) for part in parts]
    statement = page_statement(
        _with_names(),
        sort=_BY_ID,
        branches=[*branches, ContactLink.member_id == actor.member_id],
        filters=filters,
        cursor=cursor,
        limit=limit,
    )
    rows = [_read(row) for row in await session.execute(statement)]
    return page_of(rows, limit, lambda link: (link.id, link.id))


async def detail(session: AsyncSession, *, actor: Actor, link_id: UUID) -> ContactLinkRead:
    """One link; `NotFound` outside the caller's reach."""
    statement = _with_names().where(ContactLink.id == link_id, visible(actor))
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound
    return _read(row)


async def create(session: AsyncSession, *, actor: Actor, new: ContactLinkCreate) -> ContactLinkRead:
    """A new link from now on; `ContactQuotaReached`, `LinkedAlready`, `NotFound` with the field."""
    household = await _household(session, actor, new.household_id)
    await _lock_member(session, actor, new.member_id)
    now = and_(
        ContactLink.member_id == new.member_id,
        ContactLink.kind == new.kind,
        holds(),
    )
    if await session.scalar(select(exists().where(now, ContactLink.household_id == household.id))):
        raise LinkedAlready
    await _require_room(session, new.rank, new.kind, household, now)
    link_id = uuid7()
    values = new.model_dump() | {"id": link_id, "valid_from": clock.now()}
    values |= {"created_by": actor.id, "updated_by": actor.id}
    await session.execute(insert(ContactLink).values(values))
    data = {"member_id": str(new.member_id), "household_id": str(new.household_id), "kind": new.kind}
    await history.record(session, actor=actor, action="contact_link.create", entity_id=link_id, data=data)
    return await detail(session, actor=actor, link_id=link_id)


async def change(
    session: AsyncSession,
    *,
    actor: Actor,
    link_id: UUID,
    changes: ContactLinkPatch,
    expected_version: int | None,
) -> ContactLinkRead:
    """The link with the rank that was sent; `ContactQuotaReached` where that rank has no room left."""
    link = await _locked(session, actor, link_id, expected_version)
    household = await _household(session, actor, link.household_id)
    await _lock_member(session, actor, link.member_id)
    for name, value in changes.changes.items():
        setattr(link, name, value)
    others = and_(
        ContactLink.member_id == link.member_id,
        ContactLink.kind == link.kind,
        ContactLink.id != link_id,
        holds(),
    )
    await _require_room(session, link.rank, link.kind, household, others)
    return await _written(session, actor, link, "contact_link.change", {"rank": link.rank})


async def end(
    session: AsyncSession, *, actor: Actor, link_id: UUID, expected_version: int | None
) -> ContactLinkRead:
    """End a link now; it stays on record."""
    link = await _locked(session, actor, link_id, expected_version)
    link.valid_to = clock.now()
    data = {"member_id": str(link.member_id), "household_id": str(link.household_id)}
    return await _written(session, actor, link, "contact_link.end", data)


async def coverage(session: AsyncSession, *, actor: Actor, area_id: UUID | None = None) -> CoverageRead:
    """How many of the households that live in the caller's scope somebody keeps contact with."""
    wanted = [
        scope.visible(actor, Dataset.REGISTRY, households.COLUMNS),
        Household.ended_on.is_(None),
        Household.household_type != HouseholdType.VACANT,
        *await tree.within(session, actor=actor, area_id=area_id, columns=households.COLUMNS),
    ]
    linking = and_(ContactLink.household_id == Household.id, holds())
    by_type = (
        select(Household.household_type, func.count(), func.count().filter(exists().where(linking)))
        .where(*wanted)
        .group_by(Household.household_type)
        .order_by(Household.household_type)
    )
    rows = (await session.execute(by_type)).all()
    linked = select(func.count(), func.count(ContactLink.member_id.distinct()))
    links, people = (await session.execute(linked.join(Household, linking).where(*wanted))).one()
    return CoverageRead(
        covered=_ratio(sum(row[2] for row in rows), sum(row[1] for row in rows)),
        links=links,
        members=people,
        by_type=[TypeCoverage(household_type=kind, covered=_ratio(has, of)) for kind, of, has in rows],
    )


def visible(actor: Actor) -> ColumnElement[bool]:
    """The links of the caller's households, and the caller's own."""
    seen = select(Household.id).where(scope.visible(actor, Dataset.REGISTRY, households.COLUMNS))
    return or_(ContactLink.household_id.in_(seen), ContactLink.member_id == actor.member_id)


def holds() -> ColumnElement[bool]:
    """The links that hold now; one may have an end to come."""
    return or_(ContactLink.valid_to.is_(None), ContactLink.valid_to > clock.now())


def _ratio(numerator: int, denominator: int) -> Ratio:
    rate = numerator / denominator if denominator else None
    return Ratio(numerator=numerator, denominator=denominator, rate=rate)


def _kept(actor: Actor) -> ColumnElement[bool]:
    keeper = replace(actor, grants=tuple(grant for grant in actor.grants if grant.role in KEEPERS))
    return scope.visible(keeper, Dataset.REGISTRY, households.COLUMNS)


async def _locked(
    session: AsyncSession, actor: Actor, link_id: UUID, expected_version: int | None
) -> ContactLink:
    mine = ContactLink.household_id.in_(select(Household.id).where(_kept(actor)))
    link = await session.scalar(select(ContactLink).where(ContactLink.id == link_id, mine).with_for_update())
    if link is None:
        raise NotFound
    versions.require(link, expected_version)
    if link.valid_to is not None and link.valid_to <= clock.now():
        raise LinkEnded
    return link


async def _written(
    session: AsyncSession, actor: Actor, link: ContactLink, action: str, data: dict[str, Any]
) -> ContactLinkRead:
    versions.touch(link, actor)
    await session.flush()
    await history.record(session, actor=actor, action=action, entity_id=link.id, data=data)
    return await detail(session, actor=actor, link_id=link.id)


async def _household(session: AsyncSession, actor: Actor, household_id: UUID) -> Household:
    living = and_(Household.id == household_id, Household.ended_on.is_(None), _kept(actor))
    household = await session.scalar(select(Household).where(living))
    if household is None:
        raise NotFound(errors=(tree.unknown("body.household_id"),))
    return household


async def _lock_member(session: AsyncSession, actor: Actor, member_id: UUID) -> None:
    """Two links of one member wait for each other, so that together they cannot pass the quota."""
    known = and_(Member.id == member_id, Member.ended_at.is_(None), members.visible(actor))
    found = select(Member.id).where(known).with_for_update(key_share=True)
    if await session.scalar(found) is None:
        raise NotFound(errors=(tree.unknown("body.member_id"),))


async def _require_room(
    session: AsyncSession, rank: str, kind: str, household: Household, now: ColumnElement[bool]
) -> None:
    """`now` are the links that count beside the one in question."""
    path = select(func.unnest(Area.path)).where(Area.id == household.area_id)
    kinds = or_(
        ContactQuota.household_type.is_(None), ContactQuota.household_type == household.household_type
    )
    quotas = (
        select(ContactQuota.household_type, ContactQuota.most)
        .join(Area, Area.id == ContactQuota.area_id)
        .where(ContactQuota.area_id.in_(path), ContactQuota.kind == kind, kinds)
        .where(ContactQuota.rank == rank)
        .order_by(func.cardinality(Area.path))
    )
    # The last of a key wins: that of the smallest area.
    most = {row[0]: row[1] for row in await session.execute(quotas)}
    held = (
        select(func.count(), func.count().filter(Household.household_type == household.household_type))
        .select_from(ContactLink)
        .join(Household, Household.id == ContactLink.household_id)
        .where(now)
    )
    of_all, of_type = (await session.execute(held)).one()
    for of, count in ((None, of_all), (household.household_type, of_type)):
        if of in most and count >= most[of]:
            raise ContactQuotaReached


def _with_names() -> Any:
    return (
        select(ContactLink, Member.name, Household.address, Household.household_type)
        .join(Member, Member.id == ContactLink.member_id)
        .join(Household, Household.id == ContactLink.household_id)
    )


def _read(row: Any) -> ContactLinkRead:
    link, name, address, household_type = row
    return ContactLinkRead(
        id=link.id,
        member=Ref(id=link.member_id, name=name),
        household_id=link.household_id,
        address=address,
        household_type=household_type,
        kind=link.kind,
        rank=link.rank,
        valid_from=link.valid_from,
        valid_to=link.valid_to,
        version=link.version,
    )
