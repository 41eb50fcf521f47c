"""Quotas of contact links: lists, making and removing them, by those who keep the links of an area."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Conflict, NotFound
from app.core.ids import uuid7
from app.core.paging import Page, Sort, page_of
from app.models.area import Area
from app.models.contact import ContactQuota
from app.models.enums import Role
from app.schemas.contact import ContactQuotaCreate, ContactQuotaRead
from app.schemas.types import Ref
from app.services.areas import tree
from app.services.platform import audit, scope
from app.services.platform.actor import Actor, Dataset
from app.services.platform.listing import page_statement

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
    seen = ContactQuota.area_id.in_(select(Area.id).where(tree.visible(actor)))
    statement = page_statement(_with_area(), sort=_BY_ID, branches=[seen], cursor=cursor, limit=limit)
    rows = [_read(row) for row in await session.execute(statement)]
    return page_of(rows, limit, lambda quota: (quota.id, quota.id))


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
    await _record(session, actor, "contact_quota.create", quota_id, {"most": new.most})
    return _read((await session.execute(_with_area().where(ContactQuota.id == quota_id))).one())


async def remove(session: AsyncSession, *, actor: Actor, quota_id: UUID) -> None:
    """Remove a quota; `NotFound` for one that is not the caller's to rule."""
    ruled = ContactQuota.area_id.in_(select(Area.id).where(_ruled(actor)))
    gone = delete(ContactQuota).where(ContactQuota.id == quota_id, ruled).returning(ContactQuota.id)
    if await session.scalar(gone) is None:
        raise NotFound
    await _record(session, actor, "contact_quota.remove", quota_id, {})


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
    )


async def _record(
    session: AsyncSession, actor: Actor, action: str, quota_id: UUID, data: dict[str, Any]
) -> None:
    await audit.record(
        session, action=action, entity="contact_quota", entity_id=quota_id, actor_id=actor.id, data=data
    )
