"""Administration of the services: which categories are open to the public, how, and what is asked there."""

from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import Stale
from app.models.public import PublicService
from app.models.ticket import Category
from app.schemas.public_service import PublicServiceList, PublicServiceRead, PublicServiceWrite
from app.services.exchange.public.services import UnknownService, is_code
from app.services.platform import audit
from app.services.platform.actor import Actor


async def listed(session: AsyncSession) -> PublicServiceList:
    """All services, closed ones too, by code."""
    rows = await session.scalars(select(PublicService).order_by(PublicService.category_code))
    return PublicServiceList(items=[PublicServiceRead.model_validate(row) for row in rows])


async def write(
    session: AsyncSession, *, actor: Actor, code: str, new: PublicServiceWrite, expected_version: int | None
) -> PublicServiceRead:
    """A category's service as it is from now on; `UnknownService` for what is no leaf, `Stale`."""
    if not is_code(code):
        raise UnknownService
    row = await session.get(PublicService, code, with_for_update=True)
    leaf = exists().where(Category.code == code, Category.parent_code.is_not(None))
    if row is None and not await session.scalar(select(leaf)):
        raise UnknownService
    if expected_version is not None and expected_version != (row.version if row else 0):
        raise Stale
    if row is None:
        row = PublicService(category_code=code, version=0)
        session.add(row)
    for name, value in _values(new).items():
        setattr(row, name, value)
    row.version, row.updated_at, row.updated_by = row.version + 1, clock.now(), actor.id
    await session.flush()
    told = {"code": code, "enabled": row.enabled, "version": row.version}
    await audit.record(
        session,
        action="public_service.change",
        entity="public_service",
        entity_id=None,
        actor_id=actor.id,
        data=told,
    )
    return PublicServiceRead.model_validate(row)


def _values(new: PublicServiceWrite) -> dict[str, Any]:
    values = new.model_dump(mode="json")
    values["attributes"] = [one | {"order": order} for order, one in enumerate(values["attributes"], 1)]
    return values
