"""How far behind the rollups are, and what their last self-check found."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.schemas.stats_figures import Freshness
from app.services.platform.actor import Actor
from app.services.stats import cells

_READ = text("""
    SELECT held.folded_at, held.checked_on, held.checked_ok, (
        SELECT count(*) FROM (SELECT DISTINCT entity_id FROM outbox
            WHERE (outbox.txid, outbox.id) > (coalesce(held.txid, 0), coalesce(held.last_id, 0))
              AND outbox.topic LIKE 'ticket.%' LIMIT 100000) AS news) AS waiting
      FROM (SELECT) AS always LEFT JOIN stat_state AS held ON held.name = :name
    """)


async def read(session: AsyncSession, *, actor: Actor) -> Freshness:
    """When was last folded, how many tickets wait (at most 100,000 are counted), and the last self-check.

    A third party is not told how many: they are those of the whole deployment.
    """
    row = (await session.execute(_READ, {"name": cells.STATE})).one()
    return Freshness(
        folded_at=row.folded_at,
        waiting=row.waiting if actor.client_id is None else None,
        checked_on=row.checked_on,
        checked_ok=row.checked_ok,
    )
