"""Sessions: one sign-in on one device, its short access tokens and its rotating refresh token.

A refresh token is 256 random bits of which only the hash is kept, and works once. A second use means that
somebody has a copy, so it ends the whole session. A phone that lost the reply in a dead spot would look
exactly like a thief; so it may give each attempt to refresh an id of its own, which travels with it and is
kept as a hash. The same attempt again is answered again, as long as nothing that it gave has been used;
after that it is an echo of the network, and refused without harm. A session ends 30 days (as deployed)
after the sign-in, however often it was refreshed.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import Settings
from app.core import clock
from app.core.crypto import hash_token, new_secret
from app.core.db import Sessions, transaction
from app.core.errors import Unauthenticated
from app.core.ids import uuid7
from app.models.access import Account, AuthSession, RefreshToken
from app.models.enums import AccountStatus
from app.models.staff import Member
from app.services.access import devices
from app.services.access.keyring import Keyring
from app.services.access.refusals import WrongRefresh
from app.services.platform import audit

MAX_USER_AGENT = 200


@dataclass(frozen=True, slots=True)
class Issued:
    """What a client gets for a password, a refresh token or its own secret; seconds until expiry."""

    access_token: str
    expires_in: int
    refresh_token: str | None = None
    must_change_password: bool | None = None
    scope: str | None = None


async def begin(
    session: AsyncSession,
    *,
    account: Account,
    user_agent: str | None,
    app_version: str | None = None,
    keyring: Keyring,
    settings: Settings,
) -> Issued:
    """Open a session for somebody who has proved who they are; an app tells its version, a browser none.

    Where the deployment allows one phone, the account's other phones are signed out; the account is locked
    by whoever signs it in, so of two at once one stays.
    """
    moment = clock.now()
    opened = AuthSession(
        id=uuid7(),
        account_id=account.id,
        created_at=moment,
        expires_at=moment + timedelta(days=settings.refresh_token_days),
        user_agent=user_agent[:MAX_USER_AGENT] if user_agent else None,
    )
    session.add(opened)
    await session.flush()
    if app_version is not None:
        await _on_a_phone(session, opened, app_version, settings)
    return await _issue(session, opened, account, keyring, settings)


async def refresh(
    sessions: Sessions,
    *,
    refresh_token: str,
    attempt: UUID | None = None,
    app_version: str | None = None,
    keyring: Keyring,
    settings: Settings,
) -> Issued:
    """New tokens for a refresh token that was never used, or for the same attempt once more.

    `WrongRefresh` for all others. Opens its own transaction, because ending the session of a token used twice
    outlives the refusal.
    """
    async with transaction(sessions) as session:
        issued = await _rotate(session, refresh_token, attempt, app_version, keyring, settings)
    if issued is None:
        raise WrongRefresh
    return issued


async def revoke_by_token(session: AsyncSession, *, token: str, keyring: Keyring) -> None:
    """Sign out: end the session that a refresh or access token belongs to.

    A token that means nothing to us is no error (RFC 7009, 2.2).
    """
    session_id = await session.scalar(
        select(RefreshToken.session_id).where(RefreshToken.token_hash == hash_token(token))
    )
    if session_id is None:
        session_id = await _session_of_access_token(session, token, keyring)
    if session_id is None:
        return
    account_id = await _end(session, session_id, "signed_out")
    if account_id is not None:
        await _note(session, "account.sign_out", session_id, account_id)


async def end_all(session: AsyncSession, *, account_id: UUID, reason: str, keep: UUID | None = None) -> None:
    """End every session of an account, but for the one to keep."""
    await session.execute(
        update(AuthSession)
        .where(
            AuthSession.account_id == account_id,
            AuthSession.revoked_at.is_(None),
            AuthSession.id.is_distinct_from(keep),
        )
        .values(revoked_at=clock.now(), revoked_reason=reason)
        .execution_options(synchronize_session=False)
    )


async def _rotate(
    session: AsyncSession,
    refresh_token: str,
    attempt: UUID | None,
    app_version: str | None,
    keyring: Keyring,
    settings: Settings,
) -> Issued | None:
    moment = clock.now()
    row = (
        await session.execute(
            select(RefreshToken, AuthSession, Account)
            .join(AuthSession, AuthSession.id == RefreshToken.session_id)
            .join(Account, Account.id == AuthSession.account_id)
            .join(Member, Member.id == Account.member_id)
            .where(
                RefreshToken.token_hash == hash_token(refresh_token),
                AuthSession.revoked_at.is_(None),
                AuthSession.expires_at > moment,
                Account.status == AccountStatus.ACTIVE,
                or_(Member.ended_at.is_(None), Member.ended_at > moment),
            )
            .with_for_update(of=(RefreshToken, AuthSession))
        )
    ).one_or_none()
    if row is None:
        return None
    token, opened, account = row
    proof = hash_token(str(attempt)) if attempt is not None else None
    if token.used_at is None:
        await _use(session, token, proof)
    elif proof is None or token.attempt_hash != proof:
        await _end(session, opened.id, "refresh_reused")
        await _note(session, "account.reuse_refresh", opened.id, opened.account_id)
        return None
    elif await _heard(session, token):
        return None
    if app_version is not None:
        await _on_a_phone(session, opened, app_version, settings)
    return await _issue(session, opened, account, keyring, settings)


async def _use(session: AsyncSession, token: RefreshToken, proof: bytes | None) -> None:
    """Use a token up, and with it those that repeated attempts gave beside it."""
    token.used_at, token.attempt_hash = clock.now(), proof
    await session.execute(
        delete(RefreshToken)
        .where(
            RefreshToken.session_id == token.session_id,
            RefreshToken.used_at.is_(None),
            RefreshToken.token_hash != token.token_hash,
        )
        .execution_options(synchronize_session=False)
    )


async def _heard(session: AsyncSession, token: RefreshToken) -> bool:
    """Whether something that a used token gave has been used."""
    later = exists().where(
        RefreshToken.session_id == token.session_id,
        RefreshToken.token_hash != token.token_hash,
        RefreshToken.used_at > token.used_at,
    )
    return bool(await session.scalar(select(later)))


async def _on_a_phone(
    session: AsyncSession, opened: AuthSession, app_version: str, settings: Settings
) -> None:
    """Note the app's version; a session that becomes a phone's, now or later, may end other phones'."""
    if settings.one_phone and not await devices.is_phone(session, session_id=opened.id):
        await session.execute(select(Account.id).where(Account.id == opened.account_id).with_for_update())
        await devices.end_phones(session, account_id=opened.account_id)
    await devices.keep(session, session_id=opened.id, app_version=app_version)


async def _issue(
    session: AsyncSession, opened: AuthSession, account: Account, keyring: Keyring, settings: Settings
) -> Issued:
    moment, secret = clock.now(), new_secret()
    expires = min(moment + timedelta(minutes=settings.access_token_minutes), opened.expires_at)
    issued_at, expires_at = int(moment.timestamp()), int(expires.timestamp())
    claims = {
        "sub": str(account.id),
        "sid": str(opened.id),
        "jti": uuid7().hex,
        "iat": issued_at,
        "exp": expires_at,
    }
    access_token = await keyring.sign(session, claims)
    session.add(
        RefreshToken(token_hash=hash_token(secret), session_id=opened.id, created_at=moment, used_at=None)
    )
    await session.flush()
    return Issued(access_token, expires_at - issued_at, secret, account.must_change_password)


async def _session_of_access_token(session: AsyncSession, token: str, keyring: Keyring) -> UUID | None:
    try:
        claims = await keyring.verify(session, token)
        return UUID(claims["sid"])
    except (Unauthenticated, KeyError, ValueError):
        return None


async def _end(session: AsyncSession, session_id: UUID, reason: str) -> UUID | None:
    """End one session; the account's id, or None when it had ended before."""
    account_id: UUID | None = await session.scalar(
        update(AuthSession)
        .where(AuthSession.id == session_id, AuthSession.revoked_at.is_(None))
        .values(revoked_at=clock.now(), revoked_reason=reason)
        .returning(AuthSession.account_id)
        .execution_options(synchronize_session=False)
    )
    return account_id


async def _note(session: AsyncSession, action: str, session_id: UUID, account_id: UUID) -> None:
    await audit.record(
        session,
        action=action,
        entity="account",
        entity_id=account_id,
        actor_id=None,
        data={"session_id": str(session_id)},
    )
