"""The files of a ticket: linking uploaded ones to a step, and who may see one.

A file is its uploader's until it is linked; from then on it is seen by whoever sees the ticket. Which
steps need which files is the workflow's business.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Exists, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import FieldError, NotFound, invalid_field
from app.core.writes import Write, insert
from app.models.attachment import Attachment, TicketAttachment
from app.models.enums.attachment import AttachmentKind, AttachmentPurpose
from app.models.ticket import Ticket
from app.schemas.attachment import MAX_A_STEP, AttachmentName
from app.services.platform import attachments
from app.services.platform.actor import Actor
from app.services.tickets import reads

FIELD = "body.attachments"
_LINK: Any = TicketAttachment.__table__


@dataclass(frozen=True, slots=True)
class Links:
    """The writes that link a step's files, and the purposes that a photo serves."""

    writes: tuple[Write, ...] = ()
    photos: frozenset[AttachmentPurpose] = frozenset()


async def link(
    session: AsyncSession, *, actor: Actor, ticket_id: UUID, event_id: UUID, named: Sequence[AttachmentName]
) -> Links:
    """Check the files of a step and prepare their links, to be written with the step's event.

    Each must be the caller's own or on this ticket already: otherwise `NotFound`, with the field. `Invalid`
    for more than nine or one twice. One statement; nothing is read when no file is named.
    """
    if not named:
        return Links()
    ids = [entry.id for entry in named]
    _require_few(ids)
    here = exists().where(
        TicketAttachment.attachment_id == Attachment.id, TicketAttachment.ticket_id == ticket_id
    )
    statement = select(Attachment.id, Attachment.kind).where(
        Attachment.id.in_(ids), or_(attachments.owned(actor), here)
    )
    kinds: dict[UUID, str] = {row.id: row.kind for row in await session.execute(statement)}
    _require_known(ids, kinds.keys())
    writes = [
        insert(
            _LINK,
            event_id=event_id,
            attachment_id=entry.id,
            ticket_id=ticket_id,
            purpose=entry.purpose.value,
        )
        for entry in named
    ]
    photos = {entry.purpose for entry in named if kinds[entry.id] == AttachmentKind.PHOTO}
    return Links(tuple(writes), frozenset(photos))


def linked() -> Exists:
    """Whether a file belongs to a ticket, as a condition on attachments."""
    return exists().where(TicketAttachment.attachment_id == Attachment.id)


def seen(actor: Actor) -> Exists:
    """The files of tickets that the caller may see, as a condition on attachments."""
    return linked().where(TicketAttachment.ticket_id == Ticket.id, reads.visible(actor))


def _require_few(ids: Sequence[UUID]) -> None:
    if len(ids) > MAX_A_STEP:
        raise invalid_field(
            FIELD, f"每一步最多 {MAX_A_STEP} 个附件", f"takes at most {MAX_A_STEP} files", "too_long"
        )
    if len(set(ids)) < len(ids):
        raise invalid_field(FIELD, "同一个附件重复了", "names a file twice", "repeated")


def _require_known(ids: Sequence[UUID], known: Container[UUID]) -> None:
    errors = tuple(
        FieldError(f"{FIELD}.{number}.id", "unknown", "没有这个附件，请重新上传", "No such attachment")
        for number, wanted in enumerate(ids)
        if wanted not in known
    )
    if errors:
        raise NotFound(
            "没有这个附件，或不是您上传的，请重新上传", "No such attachment of yours", errors=errors
        )
