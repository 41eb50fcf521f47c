"""Devices: the open sessions of an account with what their owners call them, and where their pushes go.

A session whose app told its version is a phone's, the others are browsers'. What a session is, is `sessions`'
business; when one was last seen follows from its refresh tokens and is kept nowhere else.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import Vault
from app.core.errors import NotFound
from app.models.access import AuthSession, RefreshToken
from app.models.device import Device, PushRegistration
from app.schemas.device import DeviceSessionRead, PushWrite
from app.services.platform import audit
from app.services.platform.actor import Actor

SIGNED_OUT, ENDED_BY_ADMIN, ANOTHER_PHONE = "signed_out", "ended_by_admin", "another_phone"


async def listed(
    session: AsyncSession, *, account_id: UUID, current: UUID | None
) -> Sequence[DeviceSessionRead]:
    """The open sessions of an account, the latest sign-in first."""
    seen = select(func.max(RefreshToken.created_at)).where(RefreshToken.session_id == AuthSession.id)
    rows = await session.execute(
        select(
            AuthSession,
            Device.name,
            Device.app_version,
            PushRegistration.provider,
            seen.scalar_subquery().label("seen_at"),
        )
        .outerjoin(Device, Device.session_id == AuthSession.id)
        .outerjoin(PushRegistration, PushRegistration.session_id == AuthSession.id)
        .where(AuthSession.account_id == account_id, *_open())
        .order_by(AuthSession.created_at.desc(), AuthSession.id.desc())
    )
    return [_read(row, current) for row in rows]


async def rename(session: AsyncSession, *, actor: Actor, session_id: UUID, name: str) -> DeviceSessionRead:
    """Call one of the caller's own devices something; `NotFound` for any other session."""
    await _require(session, _account(actor), session_id)
    written = insert(Device).values(session_id=session_id, name=name, app_version=None)
    await session.execute(
        written.on_conflict_do_update(index_elements=[Device.session_id], set_={"name": name})
    )
    found = await listed(session, account_id=_account(actor), current=actor.session_id)
    return next(one for one in found if one.id == session_id)


async def end(session: AsyncSession, *, actor: Actor, account_id: UUID, session_id: UUID) -> None:
    """End one open session of an account, the caller's own or, for an administrator, another's."""
    reason = SIGNED_OUT if account_id == actor.account_id else ENDED_BY_ADMIN
    ended = await session.scalar(
        update(AuthSession)
        .where(AuthSession.id == session_id, AuthSession.account_id == account_id, *_open())
        .values(revoked_at=clock.now(), revoked_reason=reason)
        .returning(AuthSession.id)
        .execution_options(synchronize_session=False)
    )
    if ended is None:
        raise NotFound
    await _forget_push(session, [session_id])
    await audit.record(
        session,
        action="account.end_session",
        entity="account",
        entity_id=account_id,
        actor_id=actor.id,
        data={"session_id": str(session_id), "reason": reason},
    )


async def keep(session: AsyncSession, *, session_id: UUID, app_version: str) -> None:
    """Note which version of the app a session speaks."""
    written = insert(Device).values(session_id=session_id, name=None, app_version=app_version)
    await session.execute(
        written.on_conflict_do_update(index_elements=[Device.session_id], set_={"app_version": app_version})
    )


async def is_phone(session: AsyncSession, *, session_id: UUID) -> bool:
    """Whether an app has told its version in this session."""
    told = select(Device.session_id).where(Device.session_id == session_id, Device.app_version.is_not(None))
    return await session.scalar(told) is not None


async def end_phones(session: AsyncSession, *, account_id: UUID) -> None:
    """End the account's sessions on phones: another phone has signed in."""
    phone = exists().where(Device.session_id == AuthSession.id, Device.app_version.is_not(None))
    ended = (
        await session.scalars(
            update(AuthSession)
            .where(AuthSession.account_id == account_id, phone, *_open())
            .values(revoked_at=clock.now(), revoked_reason=ANOTHER_PHONE)
            .returning(AuthSession.id)
            .execution_options(synchronize_session=False)
        )
    ).all()
    await _forget_push(session, ended)
    for session_id in ended:
        await audit.record(
            session,
            action="account.end_session",
            entity="account",
            entity_id=account_id,
            actor_id=None,
            data={"session_id": str(session_id), "reason": ANOTHER_PHONE},
        )


async def register_push(session: AsyncSession, *, actor: Actor, new: PushWrite, vault: Vault) -> None:
    """Say where the pushes of the caller's session go; a phone that changed hands leaves its last owner."""
    if actor.session_id is None:
        raise NotFound
    await _quietly(
        session, delete(PushRegistration).where(PushRegistration.token_index.in_(vault.indexes(new.token)))
    )
    values = {
        "provider": new.provider.value,
        "app_id": new.app_id,
        "token_sealed": vault.seal(new.token),
        "token_index": vault.index(new.token),
        "registered_at": clock.now(),
    }
    written = insert(PushRegistration).values(session_id=actor.session_id, **values)
    await session.execute(
        written.on_conflict_do_update(index_elements=[PushRegistration.session_id], set_=values)
    )


async def forget_push(session: AsyncSession, *, actor: Actor) -> None:
    """Send the caller's session no more pushes; where none went, nothing happens."""
    if actor.session_id is not None:
        await _forget_push(session, [actor.session_id])


async def _forget_push(session: AsyncSession, session_ids: Sequence[UUID]) -> None:
    await _quietly(session, delete(PushRegistration).where(PushRegistration.session_id.in_(session_ids)))


async def _quietly(session: AsyncSession, statement: Any) -> None:
    await session.execute(statement.execution_options(synchronize_session=False))


async def _require(session: AsyncSession, account_id: UUID, session_id: UUID) -> None:
    own = select(AuthSession.id).where(
        AuthSession.id == session_id, AuthSession.account_id == account_id, *_open()
    )
    if await session.scalar(own) is None:
        raise NotFound


def _account(actor: Actor) -> UUID:
    if actor.account_id is None:
        raise NotFound
    return actor.account_id


def _open() -> tuple[Any, ...]:
    return AuthSession.revoked_at.is_(None), AuthSession.expires_at > clock.now()


def _read(row: Any, current: UUID | None) -> DeviceSessionRead:
    opened, name, app_version, provider, seen_at = row
    return DeviceSessionRead(
        id=opened.id,
        name=name,
        is_mobile=app_version is not None,
        app_version=app_version,
        user_agent=opened.user_agent,
        is_current=opened.id == current,
        push_provider=provider,
        signed_in_at=opened.created_at,
        seen_at=seen_at or opened.created_at,
        expires_at=opened.expires_at,
    )
