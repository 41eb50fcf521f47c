"""Wire shapes of attachments: the form beside the file, the record, and how a step names files."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BeforeValidator, Field

from app.models.enums.attachment import AttachmentKind, AttachmentPurpose
from app.schemas.types import Input, Output

MAX_A_STEP = 9


class AttachmentFields(Input):
    """What stands beside the file in the form; `id` (UUIDv7) may be made by the phone."""

    id: UUID | None = None


class AttachmentRead(Output):
    """An uploaded file; its bytes are at `/v1/attachments/{id}/content`."""

    id: UUID
    kind: AttachmentKind
    mime: str
    size: int = Field(description="字节数")
    sha256: Annotated[str, BeforeValidator(bytes.hex)] = Field(description="十六进制")
    created_at: datetime


class AttachmentName(Input):
    """An uploaded file that a step names, and what it shows."""

    id: UUID
    purpose: AttachmentPurpose = AttachmentPurpose.OTHER


AttachmentNames = Annotated[list[AttachmentName], Field(max_length=MAX_A_STEP)]


class TicketAttachmentRead(Output):
    """A file of a ticket, with the step that it came with."""

    id: UUID
    kind: AttachmentKind
    mime: str
    size: int
    purpose: AttachmentPurpose
    event_seq: int
