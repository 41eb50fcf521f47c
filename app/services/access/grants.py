"""The token endpoint's grants (RFC 6749): which one is asked for, and whether its parameters are there.

Each grant is carried out by its own module; so is taking a token back (RFC 7009). Knows nothing of forms
and headers.
"""

from dataclasses import dataclass
from uuid import UUID

from app.config import Settings
from app.core.crypto import Vault
from app.core.db import Sessions, transaction
from app.core.errors import FieldError
from app.services.access import actors, api_tokens, client_credentials, sessions, sign_in
from app.services.access.client_credentials import Admit
from app.services.access.keyring import Keyring
from app.services.access.refusals import InvalidRequest, UnsupportedGrant
from app.services.access.sessions import Issued


@dataclass(frozen=True, slots=True, repr=False)
class TokenRequest:
    """What a client sent; each grant needs some of it."""

    grant_type: str
    username: str | None = None
    password: str | None = None
    refresh_token: str | None = None
    attempt: UUID | None = None
    client_id: str | None = None
    client_secret: str | None = None
    scope: str | None = None
    user_agent: str | None = None
    app_version: str | None = None


async def grant(
    opener: Sessions, *, asked: TokenRequest, admit: Admit, vault: Vault, keyring: Keyring, settings: Settings
) -> Issued:
    """Tokens, or the `TokenProblem` that says why not; opens its own transactions.

    `admit` is asked about a third party, once it is known.
    """
    if asked.grant_type == "password":
        return await sign_in.sign_in(
            opener,
            username=_needed("username", asked.username),
            password=_needed("password", asked.password),
            user_agent=asked.user_agent,
            app_version=asked.app_version,
            vault=vault,
            keyring=keyring,
            settings=settings,
        )
    if asked.grant_type == "refresh_token":
        token = _needed("refresh_token", asked.refresh_token)
        return await sessions.refresh(
            opener,
            refresh_token=token,
            attempt=asked.attempt,
            app_version=asked.app_version,
            keyring=keyring,
            settings=settings,
        )
    if asked.grant_type == "client_credentials":
        client_id = _needed("client_id", asked.client_id)
        secret = _needed("client_secret", asked.client_secret)
        async with transaction(opener) as session:
            return await client_credentials.exchange(
                session,
                client_id=client_id,
                client_secret=secret,
                scope=asked.scope,
                admit=admit,
                keyring=keyring,
                settings=settings,
            )
    raise UnsupportedGrant


async def revoke(opener: Sessions, *, token: str, keyring: Keyring) -> None:
    """Take back whatever this token stands for; a token that means nothing to us is no error."""
    async with transaction(opener) as session:
        if token.startswith(actors.TOKEN_PREFIX):
            await api_tokens.revoke_itself(session, token=token)
        else:
            await sessions.revoke_by_token(session, token=token, keyring=keyring)


def _needed(name: str, value: str | None) -> str:
    if value is None:
        missing = FieldError(f"body.{name}", "missing", "缺少必填项", "is required")
        raise InvalidRequest(f"缺少 {name}", f"{name} is required", errors=(missing,))
    return value
