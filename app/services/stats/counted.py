"""The tickets behind a figure: exactly those that it counted, a page at a time, the newest first."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.schemas.stats_screen import CountedQuery
from app.schemas.stats_shown import CountedRead
from app.services.platform.actor import Actor
from app.services.stats import sight


async def page(
    session: AsyncSession, *, actor: Actor, asked: CountedQuery, cursor: str | None, limit: int
) -> CountedRead:
    """One page; `Invalid` for a KPI that counts no tickets, `Forbidden` as for the figure itself."""
    sight.require(actor, asked.by)
    raise NotImplementedError(session, asked, cursor, limit)
