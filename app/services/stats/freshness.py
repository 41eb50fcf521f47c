"""How far behind the rollups are, and what their last self-check found."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.schemas.stats_figures import Freshness


async def read(session: AsyncSession) -> Freshness:
    """When was last folded, how many records wait, and the last self-check."""
    raise NotImplementedError(session)
