"""Photos that a dispatcher published with a ticket; every other file of it stays where it is."""

from uuid import UUID

from sqlalchemy import any_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound
from app.models.attachment import Attachment, TicketAttachment
from app.models.public import Publication
from app.models.ticket import Ticket
from app.services.exchange.public import tickets


async def published(session: AsyncSession, *, attachment_id: str) -> Attachment:
    """The photo, while its ticket is published with it; else `NotFound`."""
    try:
        wanted = UUID(attachment_id)
    except ValueError:
        raise NotFound from None
    statement = (
        select(Attachment)
        .join(TicketAttachment, TicketAttachment.attachment_id == Attachment.id)
        .join(Ticket, Ticket.id == TicketAttachment.ticket_id)
        .join(Publication, Publication.ticket_id == Ticket.id)
        .where(
            Attachment.id == wanted,
            Attachment.id == any_(Publication.photo_ids),
            tickets.published(None),
        )
        .limit(1)
    )
    found = await session.scalar(statement)
    if found is None:
        raise NotFound
    return found
