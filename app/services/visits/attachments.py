"""Who may see an uploaded file: its uploader until it is linked, then whoever sees the ticket or visit."""

from uuid import UUID

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound
from app.models.attachment import Attachment
from app.models.visit import Visit, VisitAttachment
from app.services.platform import attachments
from app.services.platform.actor import Actor
from app.services.tickets import attachments as of_tickets
from app.services.visits import reads


async def find(session: AsyncSession, *, actor: Actor, attachment_id: UUID) -> Attachment:
    """One file that the caller may see; `NotFound` for any other."""
    row, _tells_too_much = await found(session, actor=actor, attachment_id=attachment_id)
    return row


async def found(session: AsyncSession, *, actor: Actor, attachment_id: UUID) -> tuple[Attachment, bool]:
    """The same, and whether its time and place are to be kept from the caller."""
    linked = exists().where(VisitAttachment.attachment_id == Attachment.id)
    seen = linked.where(VisitAttachment.visit_id.in_(select(Visit.id).where(reads.visible(actor))))
    mine = and_(attachments.owned(actor), ~linked, ~of_tickets.linked())
    wanted = or_(mine, seen, of_tickets.seen(actor))
    statement = select(Attachment, of_tickets.tells_too_much(actor))
    row = (await session.execute(statement.where(Attachment.id == attachment_id, wanted))).one_or_none()
    if row is None:
        raise NotFound
    return row[0], row[1]
