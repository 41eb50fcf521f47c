"""API clients: the third parties that integrate by token, as administrators see them.

A client says who it is, whose, what for and whom to ask. It bounds its tokens: by areas, scopes, networks,
calls and an end; what it is given of all that may tell of somebody binds every answer. Disabling it stops all
its tokens at once. The tokens themselves are `api_tokens`' business.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import Conflict, NotFound
from app.core.ids import uuid7
from app.core.paging import Page, Sort, page_of
from app.models.access import ApiClient, ApiClientArea
from app.models.area import Area
from app.models.enums import AccountStatus
from app.schemas.api_client import ClientCreate, ClientPatch, ClientRead
from app.schemas.types import Ref
from app.services.access import bounds, places
from app.services.access.roles import TOKEN_SCOPES
from app.services.platform import audit, versions
from app.services.platform.actor import Actor

YEAR = timedelta(days=365)
_AREAS = (
    select(func.json_agg(func.json_build_object("id", Area.id, "name", Area.name)))
    .join(ApiClientArea, ApiClientArea.area_id == Area.id)
    .where(ApiClientArea.client_id == ApiClient.id)
    .scalar_subquery()
)
_ROWS = select(ApiClient, _AREAS)
_TOLD = ClientRead.model_fields.keys() - {"areas", "datasets"}
_BY_NAME = Sort.by_text(ApiClient.name, ApiClient.id)


class ClientNameTaken(Conflict):
    """Another client has this name."""

    code = "client_name_taken"
    title_zh, title_en = "已有同名的接入方", "Another client has this name"


async def create(session: AsyncSession, *, actor: Actor, new: ClientCreate) -> ClientRead:
    """A new client, without tokens; it ends in a year unless said otherwise."""
    values = new.model_dump(exclude={"area_ids"})
    values["owner"] = new.owner or new.name
    values["expires_at"] = new.expires_at or clock.now() + YEAR
    await _check(session, values)
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
        **values,
    )
    session.add(client)
    await session.flush()
    await _bind(session, client.id, new.area_ids)
    await _note(session, "client.create", actor, client, _bounds(client, new.area_ids))
    return await read(session, client_id=client.id)


async def page(
    session: AsyncSession, *, status: AccountStatus | None, cursor: str | None, limit: int
) -> Page[ClientRead]:
    """Clients by name."""
    statement = _ROWS.order_by(*_BY_NAME.order()).limit(limit + 1)
    if status is not None:
        statement = statement.where(ApiClient.status == status)
    if cursor is not None:
        statement = statement.where(_BY_NAME.after(cursor))
    found = [_read(*row) for row in await session.execute(statement)]
    return page_of(found, limit, lambda client: (client.name, client.id))


async def read(session: AsyncSession, *, client_id: UUID) -> ClientRead:
    """One client."""
    statement = _ROWS.where(ApiClient.id == client_id).execution_options(populate_existing=True)
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound
    return _read(*row)


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
    area_ids: list[UUID] | None = changes.pop("area_ids", None)
    await _check(session, {name: value for name, value in changes.items() if value != getattr(client, name)})
    for field, value in changes.items():
        setattr(client, field, value)
    versions.touch(client, actor)
    await session.flush()
    if area_ids is not None:
        await session.execute(delete(ApiClientArea).where(ApiClientArea.client_id == client_id))
        await _bind(session, client_id, area_ids)
    told = {"changed": sorted(patch.changes), **_bounds(client, area_ids)}
    await _note(session, "client.change", actor, client, told)
    return await read(session, client_id=client_id)


async def _check(session: AsyncSession, values: Mapping[str, Any]) -> None:
    if "name" in values:
        await _require_free(session, values["name"])
    if "scopes" in values:
        bounds.require_scopes("body.scopes", values["scopes"])
    if "expires_at" in values:
        bounds.require_end("body.expires_at", values["expires_at"])


async def _bind(session: AsyncSession, client_id: UUID, area_ids: Sequence[UUID]) -> None:
    """Have the client's tokens stay within these areas."""
    for area_id in dict.fromkeys(area_ids):
        await places.require_area(session, area_id, where="body.area_ids")
        session.add(ApiClientArea(client_id=client_id, area_id=area_id))
    await session.flush()


def _bounds(client: ApiClient, area_ids: Sequence[UUID] | None) -> dict[str, Any]:
    """What the books keep of a client's bounds: codes, networks, numbers, whom it acts for."""
    told = {name: getattr(client, name) for name in ("scopes", "networks", "per_minute", "per_day")}
    areas = {} if area_ids is None else {"area_ids": [str(area_id) for area_id in area_ids]}
    acts_for = {"org_id": str(client.org_id)} if client.org_id else {}
    ends = {"expires_at": client.expires_at.isoformat()}
    return {"given": client.fields, **ends, **told, **areas, **acts_for}


def _read(client: ApiClient, areas: Sequence[Mapping[str, Any]] | None) -> ClientRead:
    opened = (dataset for scope in client.scopes or TOKEN_SCOPES for dataset in TOKEN_SCOPES.get(scope, ()))
    return ClientRead(
        areas=[Ref.model_validate(area) for area in areas or ()],
        datasets=sorted(set(opened)),
        **{name: getattr(client, name) for name in _TOLD},
    )


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
