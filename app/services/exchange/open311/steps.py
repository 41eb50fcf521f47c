"""The steps of requests as updates (mySociety's extension) and as notes: what changed, and when; no words.

Free texts of a step are for those who work with it; here it is called by the state that it led to.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.enums import Action, Status
from app.models.ticket_step import TicketEvent
from app.schemas.open311 import Open311Update
from app.services.exchange.open311 import states
from app.services.exchange.open311.asked import MOST, Span
from app.services.exchange.public import tickets as sight
from app.services.platform.actor import Actor
from app.services.tickets.labels import STATUS_ZH

_MOVED = TicketEvent.from_status != TicketEvent.to_status


async def updates(session: AsyncSession, *, actor: Actor | None, span: Span) -> list[Open311Update]:
    """The steps of a span that changed the state of a request that the caller sees, oldest first."""
    seen = sight.lately(actor, span.start)
    statement = (
        select(TicketEvent)
        .join(seen, seen.c.id == TicketEvent.ticket_id)
        .where(TicketEvent.at >= span.start, TicketEvent.at <= span.end, _MOVED)
        .order_by(TicketEvent.at, TicketEvent.id)
        .limit(MOST)
    )
    return [
        Open311Update(
            update_id=str(step.id),
            service_request_id=str(step.ticket_id),
            status=states.of_step(Action(step.action), Status(step.to_status)),
            updated_datetime=step.at,
            description=STATUS_ZH[Status(step.to_status)],
            media_url=None,
        )
        for step in await session.scalars(statement)
    ]


async def notes(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """The steps that changed the state of some requests, oldest first, by request."""
    statement = select(TicketEvent).where(TicketEvent.ticket_id.in_(ids), _MOVED)
    found: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for step in await session.scalars(statement.order_by(TicketEvent.ticket_id, TicketEvent.seq)):
        status = Status(step.to_status)
        kind = states.of_step(Action(step.action), status)
        found[step.ticket_id].append({"datetime": step.at, "description": STATUS_ZH[status], "type": kind})
    return found
