"""The end of contact links with those whom they link: a member leaves, a household ends or goes elsewhere.

They end at the same moment and stay on record. That a member leaves is otherwise the business of the wings
below: posts and teams (staff), administrators (access).
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, or_, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import Vault
from app.models.contact import ContactLink
from app.schemas.member import MemberDetail
from app.services.access import departures
from app.services.platform.actor import Actor
from app.services.registry import history
from app.services.registry.history import Written


async def leave(
    session: AsyncSession,
    *,
    actor: Actor,
    vault: Vault,
    member_id: UUID,
    ended_at: datetime | None,
    expected_version: int | None,
) -> MemberDetail:
    """Let a member leave now or later, and with them their contact links."""
    member = await departures.leave(
        session,
        actor=actor,
        vault=vault,
        member_id=member_id,
        ended_at=ended_at,
        expected_version=expected_version,
    )
    moment = member.ended_at or clock.now()
    await _end(session, actor, ContactLink.member_id == member_id, moment)
    return member


async def of_household(session: AsyncSession, *, actor: Actor, household_id: UUID) -> None:
    """End the contact links of a household now."""
    await _end(session, actor, ContactLink.household_id == household_id, clock.now())


async def _end(session: AsyncSession, actor: Actor, which: ColumnElement[bool], moment: datetime) -> None:
    open_ = or_(ContactLink.valid_to.is_(None), ContactLink.valid_to > moment)
    ended = await session.execute(
        update(ContactLink)
        .where(which, open_)
        .values(
            valid_to=moment,
            version=ContactLink.version + 1,
            updated_at=clock.now(),
            updated_by=actor.id,
        )
        .returning(ContactLink.id, ContactLink.household_id, ContactLink.member_id)
        .execution_options(synchronize_session=False)
    )
    lines = [
        Written(
            "contact_link.end",
            row.id,
            {
                "household_id": str(row.household_id),
                "member_id": str(row.member_id),
                "valid_to": moment.isoformat(),
            },
        )
        for row in ended
    ]
    await history.record_all(session, actor=actor, lines=lines)
