"""The first administrator, made on the command line, where nobody is signed in yet.

A member, an account and a post as system administrator in one go. Also the way back in when every
administrator is lost; further ones are made over HTTP.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.ids import uuid7
from app.models.access import Account
from app.models.enums import AccountStatus, Employment, Gender, Role
from app.models.staff import Member, Post
from app.services.access import passwords
from app.services.access.accounts import require_free
from app.services.platform import audit


@dataclass(frozen=True, slots=True)
class FirstAdmin:
    """Who was made; the initial password is None when the operator chose the password."""

    account_id: UUID
    member_id: UUID
    username: str
    initial_password: str | None


async def create(
    session: AsyncSession, *, username: str, name: str, password: str | None = None
) -> FirstAdmin:
    """Make an administrator; `UsernameTaken` or `WeakPassword` otherwise.

    Without a password a random one is made, which must be changed at the first sign-in. The user name is
    expected in its checked, lower-case form (`app.schemas.types.Username`).
    """
    await require_free(session, username=username)
    if password is not None:
        passwords.require_good(password, username=username)
    initial = passwords.initial() if password is None else None
    member_id, account_id = uuid7(), uuid7()
    session.add(Member(id=member_id, name=name, gender=Gender.UNKNOWN, employment=Employment.OFFICIAL))
    await session.flush()
    session.add(
        Account(
            id=account_id,
            member_id=member_id,
            username=username,
            password_hash=await passwords.hashed(password or initial or ""),
            password_changed_at=clock.now(),
            must_change_password=initial is not None,
            status=AccountStatus.ACTIVE,
        )
    )
    session.add(Post(id=uuid7(), member_id=member_id, role=Role.SYSTEM_ADMIN, valid_from=clock.now()))
    await session.flush()
    await audit.record(
        session, action="account.create_first_admin", entity="account", entity_id=account_id, actor_id=None
    )
    return FirstAdmin(account_id, member_id, username, initial)
