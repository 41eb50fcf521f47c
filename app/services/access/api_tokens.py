"""API tokens: `wg_<key>.<secret>`, with scopes, one area and an end within a year.

The key finds the token and may be seen by everybody; of the secret only the hash is kept, and it is shown
once. A new secret takes the place of the old one under the same key, and both work until the overlap ends. A
token stays within the bounds of its client. What it opens is in `roles.TOKEN_SCOPES`, who the clients are in
`api_clients`, and trading a secret for a short access token in `client_credentials`.
"""

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import hash_token, new_secret
from app.core.errors import Conflict, NotFound, invalid_field
from app.core.ids import uuid7
from app.core.paging import Page, Sort, page_of
from app.models.access import ApiClient, ApiClientArea, ApiToken
from app.models.area import Area
from app.models.enums import AccountStatus
from app.schemas.api_client import ApiTokenFound, ApiTokenRead, ApiTokenShown, TokenCreate
from app.schemas.types import Ref
from app.services.access import actors, api_clients, bounds, places
from app.services.platform import audit
from app.services.platform.actor import Actor
from app.services.platform.scope import Predicate

_KEY_BYTES = 8
_BY_KEY = Sort.by_text(ApiToken.key, ApiToken.id)
_FOUND = (
    select(ApiToken, Area.name, ApiClient.name)
    .join(Area, Area.id == ApiToken.area_id)
    .join(ApiClient, ApiClient.id == ApiToken.client_id)
)


class ClientDisabled(Conflict):
    """A disabled client gets no tokens."""

    code = "client_disabled"
    title_zh, title_en = "该接入方已停用", "The client is disabled"


class TokenEnded(Conflict):
    """A revoked or expired token gets no new secret."""

    code = "token_ended"
    title_zh, title_en = "该令牌已吊销或已过期，请签发新的", "The token has ended: make a new one"


async def create(session: AsyncSession, *, actor: Actor, client_id: UUID, new: TokenCreate) -> ApiTokenShown:
    """A new token and its full text, which cannot be had again."""
    client = await api_clients.locked(session, client_id=client_id)
    if client.status != AccountStatus.ACTIVE:
        raise ClientDisabled
    bounds.require_scopes("body.scopes", new.scopes, client.scopes)
    bounds.require_end("body.expires_at", new.expires_at, client.expires_at)
    await places.require_area(session, new.area_id)
    await _require_within(session, client_id, new.area_id)
    if client.org_id is not None:
        await places.require_org_within(session, client.org_id, area_id=new.area_id)
    key, secret = secrets.token_hex(_KEY_BYTES), new_secret()
    token = ApiToken(
        id=uuid7(),
        client_id=client_id,
        key=key,
        secret_hash=hash_token(secret),
        scopes=sorted(set(new.scopes)),
        area_id=new.area_id,
        expires_at=new.expires_at,
        created_at=clock.now(),
        created_by=actor.id,
    )
    session.add(token)
    await session.flush()
    told = {"client_id": str(client_id), "scopes": token.scopes, "area_id": str(new.area_id)}
    await _note(session, "token.create", token.id, actor.id, told)
    return await _shown(session, token, secret)


async def of_client(session: AsyncSession, *, client_id: UUID) -> list[ApiTokenRead]:
    """A client's tokens, newest first, without secrets."""
    await api_clients.read(session, client_id=client_id)
    return await _read(session, ApiToken.client_id == client_id)


async def revoke(session: AsyncSession, *, actor: Actor, client_id: UUID, token_id: UUID) -> None:
    """Stop a token for good; a second time changes nothing."""
    known = select(ApiToken.id).where(ApiToken.id == token_id, ApiToken.client_id == client_id)
    if await session.scalar(known) is None:
        raise NotFound
    await _revoke(session, ApiToken.id == token_id, actor.id)


async def revoke_itself(session: AsyncSession, *, token: str) -> None:
    """Whoever holds a token may stop it, for instance on finding it somewhere public."""
    key, secret = actors.split(token)
    await _revoke(session, and_(ApiToken.key == key, ApiToken.secret_hash == hash_token(secret)), None)


async def rotate(
    session: AsyncSession, *, actor: Actor, client_id: UUID, token_id: UUID, overlap: timedelta
) -> ApiTokenShown:
    """A new secret under the same key, shown once; the former one works until the overlap ends."""
    statement = select(ApiToken).where(ApiToken.id == token_id, ApiToken.client_id == client_id)
    token = await session.scalar(statement.with_for_update())
    if token is None:
        raise NotFound
    if token.revoked_at is not None or token.expires_at <= clock.now():
        raise TokenEnded
    secret = new_secret()
    token.former_secret_hash = token.secret_hash if overlap else None
    token.former_until = clock.now() + overlap if overlap else None
    token.secret_hash = hash_token(secret)
    await session.flush()
    told = {"client_id": str(client_id), "overlap_hours": overlap // timedelta(hours=1)}
    await _note(session, "token.rotate", token.id, actor.id, told)
    return await _shown(session, token, secret)


async def page(
    session: AsyncSession, *, key: str | None, cursor: str | None, limit: int
) -> Page[ApiTokenFound]:
    """Tokens of all clients by their keys, perhaps those whose key begins like this."""
    statement = _FOUND.order_by(*_BY_KEY.order()).limit(limit + 1)
    if key:
        statement = statement.where(ApiToken.key.startswith(key, autoescape=True))
    if cursor is not None:
        statement = statement.where(_BY_KEY.after(cursor))
    rows = await session.execute(statement)
    found = [
        ApiTokenFound(**_told(token, area_name), client=Ref(id=token.client_id, name=client_name))
        for token, area_name, client_name in rows
    ]
    return page_of(found, limit, lambda token: (token.key, token.id))


async def _shown(session: AsyncSession, token: ApiToken, secret: str) -> ApiTokenShown:
    (shown,) = await _read(session, ApiToken.id == token.id)
    return ApiTokenShown(**dict(shown), token=f"{actors.TOKEN_PREFIX}{token.key}.{secret}")


async def _read(session: AsyncSession, condition: Predicate) -> list[ApiTokenRead]:
    statement = (
        select(ApiToken, Area.name)
        .join(Area, Area.id == ApiToken.area_id)
        .where(condition)
        .order_by(ApiToken.created_at.desc(), ApiToken.id.desc())
    )
    return [ApiTokenRead(**_told(token, area_name)) for token, area_name in await session.execute(statement)]


def _told(token: ApiToken, area_name: str) -> dict[str, Any]:
    return {
        "id": token.id,
        "key": token.key,
        "scopes": token.scopes,
        "area": Ref(id=token.area_id, name=area_name),
        "expires_at": token.expires_at,
        "revoked_at": token.revoked_at,
        "last_used_at": token.last_used_at,
        "former_secret_until": token.former_until,
        "created_at": token.created_at,
    }


async def _revoke(session: AsyncSession, condition: Predicate, actor_id: UUID | None) -> None:
    row = (
        await session.execute(
            update(ApiToken)
            .where(condition, ApiToken.revoked_at.is_(None))
            .values(revoked_at=clock.now())
            .returning(ApiToken.id, ApiToken.client_id)
            .execution_options(synchronize_session=False)
        )
    ).one_or_none()
    if row is not None:
        await _note(session, "token.revoke", row.id, actor_id, {"client_id": str(row.client_id)})


async def _require_within(session: AsyncSession, client_id: UUID, area_id: UUID) -> None:
    within = list(
        await session.scalars(select(ApiClientArea.area_id).where(ApiClientArea.client_id == client_id))
    )
    inside = select(Area.id).where(Area.id == area_id, Area.path.overlap(within))
    if within and await session.scalar(inside) is None:
        raise invalid_field(
            "body.area_id",
            "不在该接入方登记的区域内",
            "Lies outside the areas of this client",
            "out_of_bounds",
        )


async def _note(
    session: AsyncSession, action: str, token_id: UUID, actor_id: UUID | None, data: Mapping[str, Any]
) -> None:
    await audit.record(
        session, action=action, entity="api_token", entity_id=token_id, actor_id=actor_id, data=data
    )
