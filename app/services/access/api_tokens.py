"""API tokens: `wg_<key>.<secret>`, with scopes, one area and an end within a year.

The key finds the token and may be seen by everybody; of the secret only the hash is kept, and it is shown
once. A client may also trade both for a short access token (`client_credentials`), so that the secret
travels seldom. What a token opens is in `roles.TOKEN_SCOPES`; who the clients are is in `api_clients`.
"""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import Settings
from app.core import clock
from app.core.crypto import hash_token, new_secret
from app.core.errors import Conflict, NotFound, Unauthenticated, invalid_field
from app.core.ids import uuid7
from app.models.access import ApiToken
from app.models.area import Area
from app.models.enums import AccountStatus
from app.schemas.api_client import ApiTokenRead, ApiTokenShown, TokenCreate
from app.schemas.types import Ref
from app.services.access import actors, api_clients, places
from app.services.access.keyring import Keyring
from app.services.access.refusals import WrongClient
from app.services.access.roles import TOKEN_SCOPES
from app.services.access.sessions import Issued
from app.services.platform import audit
from app.services.platform.actor import Actor
from app.services.platform.scope import Predicate

LONGEST = timedelta(days=366)
_KEY_BYTES = 8


class ClientDisabled(Conflict):
    """A disabled client gets no tokens."""

    code = "client_disabled"
    title_zh, title_en = "该接入方已停用", "The client is disabled"


async def create(session: AsyncSession, *, actor: Actor, client_id: UUID, new: TokenCreate) -> ApiTokenShown:
    """A new token and its full text, which cannot be had again."""
    client = await api_clients.locked(session, client_id=client_id)
    if client.status != AccountStatus.ACTIVE:
        raise ClientDisabled
    _require_scopes(new.scopes)
    _require_end(new.expires_at)
    await places.require_area(session, new.area_id)
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
    (shown,) = await _read(session, ApiToken.id == token.id)
    return ApiTokenShown(**dict(shown), token=f"{actors.TOKEN_PREFIX}{key}.{secret}")


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


async def exchange(
    session: AsyncSession, *, client_id: str, client_secret: str, keyring: Keyring, settings: Settings
) -> Issued:
    """A short access token for a token's key (`wg_` before it or not) and secret; else `WrongClient`."""
    key = client_id.removeprefix(actors.TOKEN_PREFIX)
    try:
        actor = await actors.resolve(
            session, token=f"{actors.TOKEN_PREFIX}{key}.{client_secret}", keyring=keyring
        )
    except Unauthenticated as refused:
        raise WrongClient from refused
    moment = clock.now()
    seconds = settings.access_token_minutes * 60
    claims = {
        "sub": str(actor.client_id),
        actors.KEY_CLAIM: key,
        "jti": uuid7().hex,
        "iat": int(moment.timestamp()),
        "exp": int(moment.timestamp()) + seconds,
    }
    access_token = await keyring.sign(session, claims)
    return Issued(access_token, seconds, scope=" ".join(sorted(actor.token_scopes)))


async def _read(session: AsyncSession, condition: Predicate) -> list[ApiTokenRead]:
    statement = (
        select(ApiToken, Area.name)
        .join(Area, Area.id == ApiToken.area_id)
        .where(condition)
        .order_by(ApiToken.created_at.desc(), ApiToken.id.desc())
    )
    return [
        ApiTokenRead(
            id=token.id,
            key=token.key,
            scopes=token.scopes,
            area=Ref(id=token.area_id, name=area_name),
            expires_at=token.expires_at,
            revoked_at=token.revoked_at,
            created_at=token.created_at,
        )
        for token, area_name in await session.execute(statement)
    ]


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


def _require_scopes(scopes: Sequence[str]) -> None:
    unknown = sorted(set(scopes) - TOKEN_SCOPES.keys())
    if unknown or not scopes:
        known = "、".join(TOKEN_SCOPES)
        raise invalid_field("body.scopes", f"只能是：{known}", f"Known scopes: {', '.join(TOKEN_SCOPES)}")


def _require_end(expires_at: datetime) -> None:
    moment = clock.now()
    if not moment < expires_at <= moment + LONGEST:
        raise invalid_field(
            "body.expires_at", "有效期须在一年以内", "The end must lie within one year from now"
        )


async def _note(
    session: AsyncSession, action: str, token_id: UUID, actor_id: UUID | None, data: Mapping[str, Any]
) -> None:
    await audit.record(
        session, action=action, entity="api_token", entity_id=token_id, actor_id=actor_id, data=data
    )
