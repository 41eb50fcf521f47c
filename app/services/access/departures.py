"""Somebody leaves: the member and their posts end, and the deployment stays governable.

Ending itself is the staff wing's (`member_changes.end`); here stand the rules about administrators. The
account needs no change: no sign-in and no session counts for a member who has left.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import Vault
from app.schemas.member import MemberDetail
from app.services.access import administrators
from app.services.platform.actor import Actor
from app.services.staff import member_changes


async def leave(
    session: AsyncSession,
    *,
    actor: Actor,
    vault: Vault,
    member_id: UUID,
    ended_at: datetime | None,
    expected_version: int | None,
) -> MemberDetail:
    """End a member now or later; `OwnAccount` for oneself, `LastAdministrator` when nobody else is left."""
    administrators.require_other(actor, member_id)
    member = await member_changes.end(
        session,
        actor=actor,
        vault=vault,
        member_id=member_id,
        ended_at=ended_at,
        expected_version=expected_version,
    )
    await administrators.require_one_left(session)
    return member
