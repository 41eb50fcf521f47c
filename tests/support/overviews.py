"""The overview counted ticket by ticket: what the one out of the rollups must equal."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.enums import Stage
from app.models.ticket import Ticket
from app.services.platform import scope
from app.services.platform.actor import Actor, Dataset
from app.services.stats import overview, sums
from app.services.stats.overview import ANSWERED, SATISFIED, Window
from app.services.tickets import reads


async def both(session: AsyncSession, actor: Actor, of: Window) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the overview says, and what the tickets say as of the same minute."""
    told = await overview.overview(session, actor=actor, of=of)
    seen = scope.visible(actor, Dataset.STATS, reads.COLUMNS)
    tickets = list(await session.scalars(select(Ticket).where(seen, Ticket.status != "draft")))
    still_open = [ticket for ticket in tickets if ticket.closed_at is None]
    # This month so far is the whole month: what an earlier walk left there is later than this one's clock.
    end = sums.slices(0, of.span)[-1].end or of.end
    ended = [ticket for ticket in tickets if ticket.closed_at and of.start <= ticket.closed_at < end]
    closed = [ticket for ticket in ended if ticket.status == "closed"]
    satisfied = sum(ticket.satisfaction in SATISFIED for ticket in closed)
    answered = sum(ticket.satisfaction in ANSWERED for ticket in closed)
    rate = round(satisfied / answered, 4) if answered else None
    return told, {
        "as_of": told["as_of"],
        "period_start": of.start,
        "period_end": of.end,
        "stages": {stage.value: sum(ticket.stage == stage for ticket in still_open) for stage in Stage},
        "open": len(still_open),
        "overdue": sum(ticket.due_at is not None and ticket.due_at < told["as_of"] for ticket in still_open),
        "reported": sum(of.start <= ticket.reported_at < end for ticket in tickets),
        "closed": len(closed),
        "satisfaction": {"numerator": satisfied, "denominator": answered, "rate": rate},
    }
