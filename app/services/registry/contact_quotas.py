"""Quotas of contact links: lists, making, changing and removing them, by those who rule an area."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Conflict, NotFound
from app.core.ids import uuid7
from app.core.paging import Page, Sort, page_of
from app.models.area import Area
from app.models.contact import ContactQuota
from app.models.enums import Role
from app.schemas.contact import ContactQuotaCreate, ContactQuotaPatch, ContactQuotaRead
from app.schemas.types import Ref
from app.services.areas import tree
from app.services.platform import scope, versions
from app.services.platform.actor import Actor, Dataset
from app.services.platform.listing import page_statement
from app.services.registry import history

SETTERS = (Role.VILLAGE_ADMIN, Role.DISPATCHER)
_BY_ID = Sort.by_id(ContactQuota.id)


class QuotaExists(Conflict):
    """There is a quota for the same already."""

    code = "contact_quota_exists"
    title_zh, title_en = "同样的限额已存在", "There is such a quota already"


async def page(
    session: AsyncSession, *, actor: Actor, cursor: str | None, limit: int
) -> Page[ContactQuotaRead]:
    """One page of the quotas that concern the caller's areas."""
    statement = page_statement(
        _with_area(), sort=_BY_ID, branches=[visible(actor)], cursor=cursor, limit=limit
    )
    rows = [_read(row) for row in await session.execute(statement)]
    return page_of(rows, limit, lambda quota: (quota.id, quota.id))


async def detail(session: AsyncSession, *, actor: Actor, quota_id: UUID) -> ContactQuotaRead:
    """One quota; `NotFound` outside the caller's reach."""
    statement = _with_area().where(ContactQuota.id == quota_id, visible(actor))
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound
    return _read(row)


async def create(session: AsyncSession, *, actor: Actor, new: ContactQuotaCreate) -> ContactQuotaRead:
    """A new quota; links that exceed it stay. `NotFound` for an area that is not the caller's to rule."""
    within = and_(_ruled(actor), tree.in_force())
    if await session.scalar(select(Area.id).where(Area.id == new.area_id, within)) is None:
        raise NotFound(errors=(tree.unknown("body.area_id"),))
    values = new.model_dump() | {"id": uuid7(), "created_by": actor.id, "updated_by": actor.id}
    made = insert(ContactQuota).values(values).on_conflict_do_nothing().returning(ContactQuota.id)
    quota_id = await session.scalar(made)
    if quota_id is None:
        raise QuotaExists
    data = {"most": new.most}
    await history.record(session, actor=actor, action="contact_quota.create", entity_id=quota_id, data=data)
    return await detail(session, actor=actor, quota_id=quota_id)


async def change(
    session: AsyncSession,
    *,
    actor: Actor,
    quota_id: UUID,
    changes: ContactQuotaPatch,
    expected_version: int | None,
) -> ContactQuotaRead:
    """The quota with the number that was sent; links that exceed it stay."""
    quota = await _locked(session, actor, quota_id, expected_version)
    for name, value in changes.changes.items():
        setattr(quota, name, value)
    versions.touch(quota, actor)
    await session.flush()
    data = {"most": quota.most}
    await history.record(session, actor=actor, action="contact_quota.change", entity_id=quota_id, data=data)
    return await detail(session, actor=actor, quota_id=quota_id)


async def remove(
    session: AsyncSession, *, actor: Actor, quota_id: UUID, expected_version: int | None
) -> None:
    """Remove a quota; `NotFound` for one that is not the caller's to rule."""
    quota = await _locked(session, actor, quota_id, expected_version)
    await session.delete(quota)
    await session.flush()
    data = {"most": quota.most}
    await history.record(session, actor=actor, action="contact_quota.remove", entity_id=quota_id, data=data)


def visible(actor: Actor) -> ColumnElement[bool]:
    """The quotas of the areas that the caller sees."""
    return ContactQuota.area_id.in_(select(Area.id).where(tree.visible(actor)))


async def _locked(
    session: AsyncSession, actor: Actor, quota_id: UUID, expected_version: int | None
) -> ContactQuota:
    ruled = ContactQuota.area_id.in_(select(Area.id).where(_ruled(actor)))
    wanted = select(ContactQuota).where(ContactQuota.id == quota_id, ruled)
    quota = await session.scalar(wanted.with_for_update())
    if quota is None:
        raise NotFound
    versions.require(quota, expected_version)
    return quota


def _ruled(actor: Actor) -> Any:
    setter = replace(actor, grants=tuple(grant for grant in actor.grants if grant.role in SETTERS))
    return scope.visible(setter, Dataset.AREAS, tree.COLUMNS)


def _with_area() -> Any:
    return select(ContactQuota, Area.name).join(Area, Area.id == ContactQuota.area_id)


def _read(row: Any) -> ContactQuotaRead:
    quota, area_name = row
    return ContactQuotaRead(
        id=quota.id,
        area=Ref(id=quota.area_id, name=area_name),
        kind=quota.kind,
        rank=quota.rank,
        household_type=quota.household_type,
        most=quota.most,
        version=quota.version,
    )
