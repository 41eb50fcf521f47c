"""API clients: the third parties that integrate by token, as administrators see them.

A client says who it is, what for and whom to ask; disabling it stops all its tokens at once. The tokens
themselves are `api_tokens`' business.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import Conflict, NotFound
from app.core.ids import uuid7
from app.core.paging import Page, Sort, page_of
from app.models.access import ApiClient
from app.models.enums import AccountStatus
from app.schemas.api_client import ClientCreate, ClientPatch, ClientRead
from app.services.access import places
from app.services.platform import audit, versions
from app.services.platform.actor import Actor

_BY_NAME = Sort.by_text(ApiClient.name, ApiClient.id)


class ClientNameTaken(Conflict):
    """Another client has this name."""

    code = "client_name_taken"
    title_zh, title_en = "已有同名的接入方", "Another client has this name"


async def create(session: AsyncSession, *, actor: Actor, new: ClientCreate) -> ClientRead:
    """A new client, without tokens."""
    await _require_free(session, new.name)
    if new.org_id is not None:
        await places.require_org(session, new.org_id)
    moment = clock.now()
    client = ApiClient(
        id=uuid7(),
        version=1,
        status=AccountStatus.ACTIVE,
        created_at=moment,
        created_by=actor.id,
        updated_at=moment,
        updated_by=actor.id,
        **new.model_dump(),
    )
    session.add(client)
    await session.flush()
    await _note(session, "client.create", actor, client, _told(client))
    return ClientRead.model_validate(client)


async def page(
    session: AsyncSession, *, status: AccountStatus | None, cursor: str | None, limit: int
) -> Page[ClientRead]:
    """Clients by name."""
    statement = select(ApiClient).order_by(*_BY_NAME.order()).limit(limit + 1)
    if status is not None:
        statement = statement.where(ApiClient.status == status)
    if cursor is not None:
        statement = statement.where(_BY_NAME.after(cursor))
    found = [ClientRead.model_validate(client) for client in await session.scalars(statement)]
    return page_of(found, limit, lambda client: (client.name, client.id))


async def read(session: AsyncSession, *, client_id: UUID) -> ClientRead:
    """One client."""
    client = await session.scalar(select(ApiClient).where(ApiClient.id == client_id))
    if client is None:
        raise NotFound
    return ClientRead.model_validate(client)


async def locked(session: AsyncSession, *, client_id: UUID) -> ApiClient:
    """One client's row, locked for a write about it."""
    client = await session.scalar(select(ApiClient).where(ApiClient.id == client_id).with_for_update())
    if client is None:
        raise NotFound
    return client


async def change(
    session: AsyncSession,
    *,
    actor: Actor,
    client_id: UUID,
    expected_version: int | None,
    patch: ClientPatch,
) -> ClientRead:
    """The client with the sent fields changed."""
    client = await locked(session, client_id=client_id)
    versions.require(client, expected_version)
    changes = patch.changes
    if changes.get("name", client.name) != client.name:
        await _require_free(session, changes["name"])
    for field, value in changes.items():
        setattr(client, field, value)
    versions.touch(client, actor)
    await session.flush()
    told = {"fields": sorted(changes), "given": client.fields}
    await _note(session, "client.change", actor, client, told)
    return ClientRead.model_validate(client)


def _told(client: ApiClient) -> dict[str, Any]:
    acts_for = {"org_id": str(client.org_id)} if client.org_id else {}
    return {"given": client.fields, **acts_for}


async def _require_free(session: AsyncSession, name: str) -> None:
    if await session.scalar(select(ApiClient.id).where(ApiClient.name == name)) is not None:
        raise ClientNameTaken


async def _note(
    session: AsyncSession, action: str, actor: Actor, client: ApiClient, data: Mapping[str, Any]
) -> None:
    await audit.record(
        session,
        action=action,
        entity="api_client",
        entity_id=client.id,
        actor_id=actor.id,
        data={"status": client.status, **data},
    )
