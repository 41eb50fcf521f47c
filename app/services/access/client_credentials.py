"""A client's secret for a short access token (RFC 6749, 4.4), so that the secret travels seldom.

The access token names the key and which secret it was given for, so that a secret that is taken out of use
ends it at once. It may hold fewer scopes than the token, never more. An exchange is a call of the client like
any other, from its networks and out of its allowances; and it is in the audit log.
"""

from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncSession

from app.config import Settings
from app.core import clock
from app.core.crypto import hash_token
from app.core.errors import Unauthenticated
from app.core.ids import uuid7
from app.services.access import actors
from app.services.access.actors import AddressRefused
from app.services.access.keyring import Keyring
from app.services.access.refusals import InvalidScope, UnauthorizedClient, WrongClient
from app.services.access.sessions import Issued
from app.services.platform import audit
from app.services.platform.actor import Actor

Admit = Callable[[AsyncSession, Actor], Awaitable[None]]


async def exchange(
    session: AsyncSession,
    *,
    client_id: str,
    client_secret: str,
    scope: str | None,
    admit: Admit,
    keyring: Keyring,
    settings: Settings,
) -> Issued:
    """A short access token for a token's key (`wg_` before it or not) and secret, with the scopes asked for.

    `admit` lets the client's call go on, or raises. `WrongClient`, `UnauthorizedClient` for a call from
    elsewhere, `InvalidScope` for more than the token has.
    """
    key = client_id.removeprefix(actors.TOKEN_PREFIX)
    actor = await _known(session, key, client_secret, keyring)
    try:
        await admit(session, actor)
    except AddressRefused as refused:
        raise UnauthorizedClient from refused
    scopes = _wanted(actor, scope)
    moment, seconds = clock.now(), settings.access_token_minutes * 60
    claims = {
        "sub": str(actor.client_id),
        actors.KEY_CLAIM: key,
        actors.MARK_CLAIM: actors.mark_of(hash_token(client_secret)),
        "scope": scopes,
        "jti": uuid7().hex,
        "iat": int(moment.timestamp()),
        "exp": int(moment.timestamp()) + seconds,
    }
    access_token = await keyring.sign(session, claims)
    token_id = actor.terms.token_id if actor.terms else None
    told = {"scopes": scopes.split()}
    await audit.record(
        session, action="token.exchange", entity="api_token", entity_id=token_id, actor_id=actor.id, data=told
    )
    return Issued(access_token, seconds, scope=scopes)


async def _known(session: AsyncSession, key: str, secret: str, keyring: Keyring) -> Actor:
    try:
        return await actors.resolve(session, token=f"{actors.TOKEN_PREFIX}{key}.{secret}", keyring=keyring)
    except Unauthenticated as refused:
        raise WrongClient from refused


def _wanted(actor: Actor, scope: str | None) -> str:
    wanted = set((scope or "").split()) or actor.token_scopes
    if not actor.token_scopes.issuperset(wanted):
        has = " ".join(sorted(actor.token_scopes))
        raise InvalidScope(f"该令牌只有：{has}", f"The token has: {has}")
    return " ".join(sorted(wanted))
