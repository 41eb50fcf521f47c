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
    size: int = Field(description="去除拍摄信息后的字节数，即下载的大小")
    sha256: Annotated[str, BeforeValidator(bytes.hex)] = Field(description="上传内容的 SHA-256，十六进制")
    created_at: datetime
    width: int | None
    height: int | None
    taken_at: datetime | None = Field(description="照片自带的拍摄时间，仅供参考")
    lng: float | None = Field(description="照片自带的拍摄位置（WGS 84），仅供参考")
    lat: float | None


# What a picture tells of whoever took it.
HINTS = ("taken_at", "lng", "lat")


class AttachmentName(Input):
    """An uploaded file that a step names, and what it shows."""

    id: UUID
    purpose: AttachmentPurpose = AttachmentPurpose.OTHER
    arrives_later: bool = Field(default=False, description="离线时先提交，文件稍后以此编号上传")


AttachmentNames = Annotated[list[AttachmentName], Field(max_length=MAX_A_STEP)]


class TicketAttachmentRead(Output):
    """A file of a ticket, with the step that it came with."""

    id: UUID
    kind: AttachmentKind
    mime: str
    size: int
    purpose: AttachmentPurpose
    event_seq: int


class AwaitedAttachmentRead(Output):
    """A file that a step names and that its sender's phone still has; its id is the sender's alone."""

    purpose: AttachmentPurpose
    event_seq: int
    named_at: datetime
