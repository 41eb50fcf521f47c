"""Accounts as administrators see them: created for a member, listed, changed, given an initial password.

A new account has no password that anybody knows, so that creating it shows no secret and may be repeated;
the initial password comes from `reset_password`, is shown once and must be changed at once. Disabling an
account or resetting its password ends its sessions. What people do themselves is in `own_password`.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import Vault
from app.core.errors import Conflict, NotFound
from app.core.ids import uuid7
from app.core.paging import Page, Sort, page_of
from app.models.access import Account
from app.models.enums import AccountStatus
from app.models.staff import Member
from app.schemas.account import AccountCreate, AccountPatch, AccountRead, InitialPassword
from app.schemas.types import Ref
from app.services.access import administrators, passwords, places, sessions
from app.services.platform import audit, versions
from app.services.platform.actor import Actor, Dataset
from app.services.platform.scope import ScopeColumns, visible

SCOPE = ScopeColumns(area=Member.area_id)
_BY_NAME = Sort.by_text(Account.username, Account.id)


class UsernameTaken(Conflict):
    """Another account has this user name."""

    code = "username_taken"
    title_zh, title_en = "该账号名已被使用", "The user name is taken"


class PhoneTaken(Conflict):
    """Another account signs in with this number."""

    code = "phone_taken"
    title_zh, title_en = "该手机号已绑定其他账号", "The phone number belongs to another account"


class MemberHasAccount(Conflict):
    """One member, one account."""

    code = "member_has_account"
    title_zh, title_en = "该成员已有账号", "The member has an account already"


async def create(session: AsyncSession, *, actor: Actor, new: AccountCreate, vault: Vault) -> AccountRead:
    """A new account for a member; nobody can sign in with it before a password reset."""
    await places.hold_member(session, new.member_id)
    phone_index = vault.index(new.phone) if new.phone else None
    taken = vault.indexes(new.phone) if new.phone else []
    await require_free(session, username=new.username, phone_indexes=taken, member_id=new.member_id)
    account = Account(
        id=uuid7(),
        member_id=new.member_id,
        username=new.username,
        phone_index=phone_index,
        password_hash=await passwords.unusable(),
        password_changed_at=clock.now(),
        must_change_password=True,
        status=AccountStatus.ACTIVE,
        created_by=actor.id,
        updated_by=actor.id,
    )
    session.add(account)
    await session.flush()
    await _note(session, "account.create", actor, account, {"member_id": str(new.member_id)})
    return await read(session, actor=actor, account_id=account.id)


async def page(
    session: AsyncSession,
    *,
    actor: Actor,
    status: AccountStatus | None,
    member_id: UUID | None,
    cursor: str | None,
    limit: int,
) -> Page[AccountRead]:
    """Accounts by user name, narrowed by status and member."""
    statement = _view(actor).order_by(*_BY_NAME.order()).limit(limit + 1)
    if status is not None:
        statement = statement.where(Account.status == status)
    if member_id is not None:
        statement = statement.where(Account.member_id == member_id)
    if cursor is not None:
        statement = statement.where(_BY_NAME.after(cursor))
    found = [_shown(account, member) for account, member in await session.execute(statement)]
    return page_of(found, limit, lambda account: (account.username, account.id))


async def read(session: AsyncSession, *, actor: Actor, account_id: UUID) -> AccountRead:
    """One account, without its secrets."""
    row = (await session.execute(_view(actor).where(Account.id == account_id))).one_or_none()
    if row is None:
        raise NotFound
    account, member = row
    return _shown(account, member)


async def change(
    session: AsyncSession,
    *,
    actor: Actor,
    account_id: UUID,
    expected_version: int | None,
    patch: AccountPatch,
    vault: Vault,
) -> AccountRead:
    """The account with the sent fields changed; disabling ends all its sessions."""
    account = await _locked(session, actor, account_id)
    versions.require(account, expected_version)
    changes = patch.changes
    username = changes.get("username", account.username)
    phone_index = vault.index(changes["phone"]) if changes.get("phone") else None
    taken = vault.indexes(changes["phone"]) if changes.get("phone") else []
    await require_free(session, username=username, phone_indexes=taken, other_than=account.id)
    account.username = username
    if "phone" in changes:
        account.phone_index = phone_index
    if changes.get("status", account.status) != account.status:
        await _set_status(session, actor, account, changes["status"])
    versions.touch(account, actor)
    await session.flush()
    noted = {"fields": sorted(changes), "status": account.status}
    await _note(session, "account.change", actor, account, noted)
    return await read(session, actor=actor, account_id=account.id)


async def reset_password(session: AsyncSession, *, actor: Actor, account_id: UUID) -> InitialPassword:
    """A random initial password, to be shown once; ends all sessions and any lock."""
    initial = passwords.initial()
    password_hash = await passwords.hashed(initial)
    account = await _locked(session, actor, account_id)
    administrators.require_other(actor, account.member_id)
    account.password_hash = password_hash
    account.password_changed_at = clock.now()
    account.must_change_password = True
    account.failed_count, account.locked_until = 0, None
    versions.touch(account, actor)
    await session.flush()
    await sessions.end_all(session, account_id=account.id, reason="password_reset")
    await _note(session, "account.reset_password", actor, account, {})
    return InitialPassword(account_id=account.id, username=account.username, initial_password=initial)


async def require_free(
    session: AsyncSession,
    *,
    username: str | None = None,
    phone_indexes: Sequence[bytes] = (),
    member_id: UUID | None = None,
    other_than: UUID | None = None,
) -> None:
    """Raise the right `Conflict` when another account has the name, the number or the member."""
    wanted = {Account.username: username, Account.member_id: member_id}
    same = [column == value for column, value in wanted.items() if value is not None]
    if phone_indexes:
        same.append(Account.phone_index.in_(phone_indexes))
    if not same:
        return
    taken = select(Account.username, Account.phone_index, Account.member_id)
    rows = (await session.execute(taken.where(or_(*same), Account.id.is_distinct_from(other_than)))).all()
    if any(row.member_id == member_id for row in rows):
        raise MemberHasAccount
    if any(row.username == username for row in rows):
        raise UsernameTaken
    if rows:
        raise PhoneTaken


def _view(actor: Actor) -> Select[Account, str]:
    return (
        select(Account, Member.name)
        .join(Member, Member.id == Account.member_id)
        .where(visible(actor, Dataset.ACCOUNTS, SCOPE))
    )


def _shown(account: Account, member_name: str) -> AccountRead:
    return AccountRead(
        id=account.id,
        member=Ref(id=account.member_id, name=member_name),
        username=account.username,
        phone_bound=account.phone_index is not None,
        status=AccountStatus(account.status),
        must_change_password=account.must_change_password,
        locked=account.locked_until is not None and account.locked_until > clock.now(),
        last_login_at=account.last_login_at,
        created_at=account.created_at,
        updated_at=account.updated_at,
        version=account.version,
    )


async def _locked(session: AsyncSession, actor: Actor, account_id: UUID) -> Account:
    account = await session.scalar(
        select(Account)
        .join(Member, Member.id == Account.member_id)
        .where(Account.id == account_id, visible(actor, Dataset.ACCOUNTS, SCOPE))
        .with_for_update(of=Account)
    )
    if account is None:
        raise NotFound
    return account


async def _set_status(session: AsyncSession, actor: Actor, account: Account, status: AccountStatus) -> None:
    account.status = status
    account.failed_count, account.locked_until = 0, None
    if status == AccountStatus.DISABLED:
        administrators.require_other(actor, account.member_id)
        await administrators.require_one_left(session)
        await sessions.end_all(session, account_id=account.id, reason="account_disabled")


async def _note(
    session: AsyncSession, action: str, actor: Actor, account: Account, data: Mapping[str, Any]
) -> None:
    await audit.record(
        session, action=action, entity="account", entity_id=account.id, actor_id=actor.id, data=data
    )
