"""Sign-in by user name or mobile number, with a password.

Three steps: find the account, check the password (slow, with no transaction open), then write what came of
it in a second transaction: a session, or a counted failure that stays although the request is refused. No
answer tells whether an account exists, is locked or is disabled: each costs the same statements and one
hash, and reads the same. What a session is, is `sessions`' business.
"""

import re
from uuid import UUID

from sqlalchemy import Row, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import Settings
from app.core import clock
from app.core.crypto import Vault
from app.core.db import Sessions, transaction
from app.core.texts import compact
from app.models.access import Account
from app.services.access import lockout, passwords
from app.services.access.keyring import Keyring
from app.services.access.refusals import WrongSignIn
from app.services.access.sessions import Issued, begin
from app.services.platform import audit

_MOBILE = re.compile(r"1[3-9][0-9]{9}")


async def sign_in(
    sessions: Sessions,
    *,
    username: str,
    password: str,
    user_agent: str | None,
    app_version: str | None = None,
    vault: Vault,
    keyring: Keyring,
    settings: Settings,
) -> Issued:
    """Tokens of a new session; `WrongSignIn` for every reason not to give any.

    Opens its own transactions, because a counted failure outlives the refusal.
    """
    async with transaction(sessions) as session:
        found = await _find(session, username, vault)
    right = await passwords.matches(password, found.password_hash if found else None)
    account_id, verified = (found.id, found.password_hash if right else None) if found else (None, None)
    async with transaction(sessions) as session:
        account = await lockout.admit(session, account_id=account_id, verified_hash=verified)
        if account is None:
            await lockout.refuse(session, account_id=account_id, where="sign_in")
        else:
            await _welcome(session, account, username, vault)
            issued = await begin(
                session,
                account=account,
                user_agent=user_agent,
                app_version=app_version,
                keyring=keyring,
                settings=settings,
            )
    if account is None:
        raise WrongSignIn
    return issued


async def _find(session: AsyncSession, username: str, vault: Vault) -> Row[UUID, str] | None:
    """The account with this name or number; people type full-width digits and capitals."""
    name = compact(username).lower()
    named = Account.username == name
    if _MOBILE.fullmatch(name):
        named = or_(named, Account.phone_index.in_(vault.indexes(name)))
    return (await session.execute(select(Account.id, Account.password_hash).where(named))).one_or_none()


async def _welcome(session: AsyncSession, account: Account, username: str, vault: Vault) -> None:
    name = compact(username).lower()
    if account.phone_index in vault.indexes(name)[1:]:
        # Nowhere else is the number of an account plain, so this is when its index follows a new secret.
        account.phone_index = vault.index(name)
    account.last_login_at = clock.now()
    await session.flush()
    await audit.record(
        session, action="account.sign_in", entity="account", entity_id=account.id, actor_id=account.member_id
    )
