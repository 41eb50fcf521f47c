"""Lock-out: wrong passwords are counted on the account's row, and five in a row lock it for 15 minutes.

Both questions are asked under the row's lock, so that parallel guesses count one by one and a right guess
behind the fifth wrong one opens nothing. The caller runs `refuse` in a transaction of its own, which
commits although the request fails. A lock is not prolonged by further guesses, and an unknown name does
the same work as a known one. Checking the password is not done here.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Row, case, null, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.models.access import Account
from app.models.enums import AccountStatus
from app.models.staff import Member
from app.services.platform import audit

MAX_FAILURES = 5
LOCKED_FOR = timedelta(minutes=15)
_NOBODY = UUID(int=0)


async def admit(
    session: AsyncSession, *, account_id: UUID | None, verified_hash: str | None
) -> Account | None:
    """The account, locked for update, if the hash just verified still opens it; None otherwise.

    Forgets earlier failures. None also when the account is locked, disabled or was given another password
    in the meantime, or its member has left. Callers ask even with nothing verified: every refusal then
    costs the same statements.
    """
    moment = clock.now()
    account = await session.scalar(
        select(Account)
        .join(Member, Member.id == Account.member_id)
        .where(
            Account.id == (account_id or _NOBODY),
            Account.password_hash == (verified_hash or ""),
            Account.status == AccountStatus.ACTIVE,
            or_(Account.locked_until.is_(None), Account.locked_until <= moment),
            or_(Member.ended_at.is_(None), Member.ended_at > moment),
        )
        .with_for_update(of=Account)
    )
    if account is not None:
        account.failed_count, account.locked_until = 0, None
    return account


async def refuse(session: AsyncSession, *, account_id: UUID | None, where: str) -> None:
    """Count a failure (`where`: `sign_in` or `change_password`) and note it in the audit log."""
    counted = await _count(session, account_id or _NOBODY)
    await audit.record(
        session,
        action="account.lock" if counted and counted.locked_until else f"account.{where}_failed",
        entity="account",
        entity_id=account_id,
        actor_id=None,
        data={"reason": _reason(account_id, counted), "where": where},
    )


async def _count(session: AsyncSession, account_id: UUID) -> Row[str, datetime | None] | None:
    moment = clock.now()
    # Only unlocked rows are touched, so a lock that is still written there has run out.
    failures = case((Account.locked_until.is_not(None), 1), else_=Account.failed_count + 1)
    result = await session.execute(
        update(Account)
        .where(
            Account.id == account_id,
            or_(Account.locked_until.is_(None), Account.locked_until <= moment),
        )
        .values(
            failed_count=failures,
            locked_until=case((failures >= MAX_FAILURES, moment + LOCKED_FOR), else_=null()),
        )
        .returning(Account.status, Account.locked_until)
        .execution_options(synchronize_session=False)
    )
    return result.one_or_none()


def _reason(account_id: UUID | None, counted: Row[str, datetime | None] | None) -> str:
    if account_id is None:
        return "unknown_account"
    if counted is None:
        return "locked"
    return "disabled" if counted.status == AccountStatus.DISABLED else "wrong_password"
