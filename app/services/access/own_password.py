"""Changing one's own password, the first one included.

The present password is asked for, because a borrowed phone is signed in already; wrong ones are counted
like failed sign-ins. The session that asked goes on, all others end. Opens its own transactions: hashing
holds no connection, and a counted failure outlives the refusal.
"""

from sqlalchemy import select

from app.core import clock
from app.core.db import Sessions, transaction
from app.core.errors import FieldError, Forbidden, Invalid
from app.models.access import Account
from app.services.access import lockout, passwords, sessions
from app.services.platform import audit
from app.services.platform.actor import Actor


class WrongPassword(Invalid):
    """The present password is not this one, or the account is locked for now."""

    code = "wrong_password"
    title_zh, title_en = "当前密码不正确", "The present password is wrong"

    def __init__(self) -> None:
        found = FieldError("body.current_password", self.code, self.title_zh, self.title_en)
        super().__init__(errors=(found,))


class SamePassword(Invalid):
    """The new password is the present one."""

    code = "same_password"
    title_zh, title_en = "新密码不能与当前密码相同", "The new password must differ from the present one"

    def __init__(self) -> None:
        found = FieldError("body.new_password", self.code, self.title_zh, self.title_en)
        super().__init__(errors=(found,))


async def change(opener: Sessions, *, actor: Actor, current: str, new: str) -> None:
    """Replace the caller's password; `WrongPassword`, `SamePassword` or `WeakPassword` otherwise."""
    async with transaction(opener) as session:
        known = (
            await session.execute(
                select(Account.username, Account.password_hash).where(Account.id == actor.account_id)
            )
        ).one_or_none()
    if known is None:
        raise Forbidden("接口令牌没有密码", "An API token has no password")
    passwords.require_good(new, username=known.username)
    right = await passwords.matches(current, known.password_hash)
    if right and new == current:
        raise SamePassword
    new_hash = await passwords.hashed(new) if right else ""
    if not await _write(opener, actor, known.password_hash if right else None, new_hash):
        raise WrongPassword


async def _write(opener: Sessions, actor: Actor, verified_hash: str | None, new_hash: str) -> bool:
    async with transaction(opener) as session:
        account = await lockout.admit(session, account_id=actor.account_id, verified_hash=verified_hash)
        if account is None:
            await lockout.refuse(session, account_id=actor.account_id, where="change_password")
            return False
        account.password_hash = new_hash
        account.password_changed_at = clock.now()
        account.must_change_password = False
        await session.flush()
        await sessions.end_all(
            session, account_id=account.id, reason="password_changed", keep=actor.session_id
        )
        await audit.record(
            session,
            action="account.change_password",
            entity="account",
            entity_id=account.id,
            actor_id=actor.id,
        )
        return True
