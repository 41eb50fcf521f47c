"""Sessions that nobody can use any more, and their removal."""

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.models.access import AuthSession


async def purge_sessions(session: AsyncSession) -> int:
    """Delete sessions past their last day, with their refresh tokens; returns how many."""
    gone = await session.execute(
        delete(AuthSession).where(AuthSession.expires_at < clock.now()).returning(AuthSession.id)
    )
    return len(gone.all())
