"""The steps of one ticket, as they are read.

Carries no scope of its own: `reads.require_visible` comes first, always.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.access import ApiClient
from app.models.staff import Member
from app.models.ticket_step import TicketEvent, TicketNote


async def page(session: AsyncSession, *, ticket_id: UUID, after: int, limit: int) -> Sequence[Any]:
    """The steps after a sequence number, oldest first, with the actor's name and the free text."""
    name = func.coalesce(Member.name, ApiClient.name)
    statement = (
        select(TicketEvent, TicketNote.opinion, name.label("actor_name"))
        .outerjoin(TicketNote, TicketNote.event_id == TicketEvent.id)
        .outerjoin(Member, Member.id == TicketEvent.actor_id)
        .outerjoin(ApiClient, ApiClient.id == TicketEvent.actor_id)
        .where(TicketEvent.ticket_id == ticket_id, TicketEvent.seq > after)
        .order_by(TicketEvent.seq)
        .limit(limit)
    )
    return (await session.execute(statement)).all()
