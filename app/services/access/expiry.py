"""Sessions that nobody can use any more, where their pushes went, and the removal of both."""

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.models.access import AuthSession
from app.models.device import PushRegistration


async def purge_sessions(session: AsyncSession) -> int:
    """Delete sessions past their last day, with their refresh tokens; returns how many."""
    gone = await session.execute(
        delete(AuthSession).where(AuthSession.expires_at < clock.now()).returning(AuthSession.id)
    )
    return len(gone.all())


async def purge_push(session: AsyncSession) -> int:
    """Delete the push registrations of sessions that have ended; returns how many."""
    ended = select(AuthSession.id).where(AuthSession.revoked_at.is_not(None))
    gone = await session.execute(
        delete(PushRegistration)
        .where(PushRegistration.session_id.in_(ended))
        .returning(PushRegistration.session_id)
    )
    return len(gone.all())
