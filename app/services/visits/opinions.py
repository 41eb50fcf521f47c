"""Opinions heard on a visit: those that need somebody become tickets in the visit's own transaction.

The ticket is reported by the rules of every report; its id stays on the opinion, so that the way from the
visit to what was solved can be followed.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import Vault
from app.core.errors import FieldError, Problem
from app.core.ids import uuid7
from app.models.enums import EventSource
from app.models.visit import VisitOpinion
from app.schemas.types import Point
from app.schemas.visit import OpinionCreate, OpinionTicket
from app.services.platform.actor import Actor
from app.services.tickets import report
from app.services.tickets.deadlines import Deadlines
from app.services.tickets.report import Contact, NewTicket, Place, TicketExists
from app.services.visits.destinations import Destination


class Desk:
    """What reporting needs besides the opinion: deadlines, the vault, the prefix of ticket numbers."""

    def __init__(self, *, deadlines: Deadlines, vault: Vault, prefix: str) -> None:
        self._deadlines, self._vault, self._prefix = deadlines, vault, prefix

    async def report(self, session: AsyncSession, *, actor: Actor, new: NewTicket, where: str) -> UUID:
        """The id of the new ticket; refusals name the field below `where`. `TicketExists` for a used id."""
        try:
            seen, is_new = await report.report(
                session,
                actor=actor,
                new=new,
                deadlines=self._deadlines,
                vault=self._vault,
                prefix=self._prefix,
            )
        except Problem as refused:
            refused.errors = tuple(_below(where, error) for error in refused.errors)
            raise
        if not is_new:
            raise TicketExists(errors=(_used(where),))
        return seen.id


async def store(
    session: AsyncSession,
    *,
    actor: Actor,
    desk: Desk,
    visit_id: UUID,
    there: Destination,
    occurred_at: datetime,
    location: Point | None,
    heard: Sequence[OpinionCreate],
) -> int:
    """Store what was heard, tickets first; returns how many became tickets."""
    rows: list[dict[str, Any]] = []
    for seq, opinion in enumerate(heard):
        ticket_id = None
        if opinion.ticket is not None:
            new = _new(opinion.ticket, opinion.content, there, occurred_at, location)
            where = f"body.opinions.{seq}.ticket"
            ticket_id = await desk.report(session, actor=actor, new=new, where=where)
        rows.append(
            {
                "id": uuid7(),
                "visit_id": visit_id,
                "seq": seq,
                "content": opinion.content,
                "outcome": opinion.outcome.value,
                "ticket_id": ticket_id,
            }
        )
    if rows:
        await session.execute(insert(VisitOpinion), rows)
    return sum(row["ticket_id"] is not None for row in rows)


def _new(
    ticket: OpinionTicket,
    content: str,
    there: Destination,
    occurred_at: datetime,
    location: Point | None,
) -> NewTicket:
    contact = ticket.contact
    return NewTicket(
        title=ticket.title,
        content=content,
        category_code=ticket.category_code,
        source=EventSource.VISIT,
        urgency=ticket.urgency,
        area_id=there.area.id,
        address=there.address,
        ticket_id=ticket.id,
        place=Place(location.lng, location.lat, location.coord_type) if location else None,
        household_id=there.household_id,
        contact=Contact(contact.name, contact.phone) if contact else None,
        occurred_at=occurred_at,
        confidential=ticket.confidential,
        attachments=ticket.attachments,
    )


def _below(where: str, error: FieldError) -> FieldError:
    inner = error.where.removeprefix("body.")
    return FieldError(f"{where}.{inner}", error.code, error.message_zh, error.message_en)


def _used(where: str) -> FieldError:
    return FieldError(f"{where}.id", TicketExists.code, TicketExists.title_zh, TicketExists.title_en)
