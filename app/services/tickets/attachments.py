"""The files of a ticket: linking uploaded ones to a step, and who may see one.

A file is its uploader's until it is linked; from then on it is seen by whoever sees the ticket. Which
steps need which files is the workflow's business. A file may be named before it is there: it is then
waited for, counts as the photo that it is said to be, and is linked when its owner sends it.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Exists, and_, exists, false, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import FieldError, NotFound, invalid_field
from app.core.ids import uuid7
from app.core.writes import Write, insert
from app.models.attachment import Attachment, TicketAttachment
from app.models.enums.attachment import AttachmentKind, AttachmentPurpose
from app.models.enums.third_party import ClientField
from app.models.ticket import Ticket
from app.models.upload import AwaitedFile
from app.schemas.attachment import MAX_A_STEP, AttachmentName
from app.services.platform import attachments
from app.services.platform.actor import Actor
from app.services.tickets import reads
from app.services.tickets.present import HANDLING

FIELD = "body.attachments"
_LINK: Any = TicketAttachment.__table__
_AWAITED: Any = AwaitedFile.__table__


@dataclass(frozen=True, slots=True)
class Links:
    """The writes that link a step's files, and the purposes that a photo serves."""

    writes: tuple[Write, ...] = ()
    photos: frozenset[AttachmentPurpose] = frozenset()


async def link(
    session: AsyncSession, *, actor: Actor, ticket_id: UUID, event_id: UUID, named: Sequence[AttachmentName]
) -> Links:
    """Check the files of a step and prepare their links, to be written with the step's event.

    Each must be the caller's own, on this ticket already or said to arrive later: otherwise `NotFound`, with
    the field. `Invalid` for more than nine or one twice. One statement, two with files that arrive later;
    nothing is read when no file is named.
    """
    if not named:
        return Links()
    ids = [entry.id for entry in named]
    _require_few(ids)
    later = [entry.id for entry in named if entry.arrives_later]
    if later:
        await attachments.hold(session, later)
    here = exists().where(
        TicketAttachment.attachment_id == Attachment.id, TicketAttachment.ticket_id == ticket_id
    )
    statement = select(Attachment.id, Attachment.kind).where(
        Attachment.id.in_(ids), or_(attachments.owned(actor), here)
    )
    kinds: dict[UUID, str] = {row.id: row.kind for row in await session.execute(statement)}
    _require_known(ids, {*kinds, *later})
    step = {"event_id": event_id, "ticket_id": ticket_id}
    writes = [_link(actor, entry, step, is_here=entry.id in kinds) for entry in named]
    photo = AttachmentKind.PHOTO.value
    photos = {entry.purpose for entry in named if kinds.get(entry.id, photo) == photo}
    return Links(tuple(writes), frozenset(photos))


def linked() -> Exists:
    """Whether a file belongs to a ticket, as a condition on attachments."""
    return exists().where(TicketAttachment.attachment_id == Attachment.id)


def seen(actor: Actor) -> Exists:
    """The files of tickets that the caller may see, as a condition on attachments.

    A third party sees those of others only if it is given files at all, and none of a confidential report.
    """
    if not actor.given(ClientField.ATTACHMENTS):
        return exists().where(false())
    files = linked().where(TicketAttachment.ticket_id == Ticket.id, reads.visible(actor))
    return files if actor.client_id is None else files.where(~Ticket.confidential)


def tells_too_much(actor: Actor) -> ColumnElement[bool]:
    """Whether when and where a file was taken could tell whose it is: to a third party, or in secret."""
    if actor.client_id is not None:
        return ~attachments.owned(actor)
    if not actor.roles <= HANDLING:
        return false()
    secret = linked().where(TicketAttachment.ticket_id == Ticket.id, Ticket.confidential)
    return and_(~attachments.owned(actor), secret)


def _link(actor: Actor, entry: AttachmentName, step: Mapping[str, UUID], *, is_here: bool) -> Write:
    values = {"attachment_id": entry.id, "purpose": entry.purpose.value, **step}
    if is_here:
        return insert(_LINK, **values)
    owner = {"member_id": actor.member_id, "client_id": actor.client_id}
    return insert(_AWAITED, id=uuid7(), created_at=clock.now(), **owner, **values)


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
