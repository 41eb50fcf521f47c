"""Administrators: one must always be left, and nobody administers their own rights.

Holds the two rules that keep a deployment governable and its duties separate; what is done to accounts and
posts is in the modules of those names.
"""

from uuid import UUID

from sqlalchemy import or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import Conflict
from app.models.access import Account
from app.models.enums import AccountStatus, Role
from app.models.staff import Member, Post
from app.services.platform.actor import Actor

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('administrators'))")


class OwnAccount(Conflict):
    """An administrator touched their own account or posts."""

    code = "own_account"
    title_zh = "自己的账号和任职须由另一名系统管理员办理"
    title_en = "Another administrator has to administer your own account and posts"


class LastAdministrator(Conflict):
    """After this, nobody could administer the deployment."""

    code = "last_administrator"
    title_zh = "至少须保留一名可登录、任期不设终止的系统管理员"
    title_en = "One active administrator without an end date must remain"


def require_other(actor: Actor, member_id: UUID) -> None:
    """Raise `OwnAccount` when the actor is this member."""
    if actor.member_id == member_id:
        raise OwnAccount


async def require_one_left(session: AsyncSession) -> None:
    """Raise `LastAdministrator` unless somebody can still administer; call it after the change.

    One such change at a time: two administrators who remove each other do not both succeed.
    """
    await session.flush()
    await session.execute(_ONE_AT_A_TIME)
    moment = clock.now()
    left = await session.scalar(
        select(Account.id)
        .join(Member, Member.id == Account.member_id)
        .join(Post, Post.member_id == Member.id)
        .where(
            Post.role == Role.SYSTEM_ADMIN,
            Post.valid_from <= moment,
            Post.valid_to.is_(None),
            Account.status == AccountStatus.ACTIVE,
            or_(Member.ended_at.is_(None), Member.ended_at > moment),
        )
        .limit(1)
    )
    if left is None:
        raise LastAdministrator
