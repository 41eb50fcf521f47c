"""Wire shapes of uploads in pieces, links to files, and of files that records wait for."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.models.enums.attachment import AttachmentPurpose
from app.schemas.types import Input, Output


class UploadRead(Output):
    """How an upload stands; once finished its file is the attachment of the same id."""

    id: UUID
    length: int = Field(description="总字节数")
    received: int = Field(description="已收到的字节数，从这里续传")
    finished_at: datetime | None
    fault: str | None = Field(description="文件不能接收的原因代码；有值时须换文件重传")
    expires_at: datetime


class AwaitedRead(Output):
    """A file that a record names and that is still to be sent, under this id, by who made the record."""

    attachment_id: UUID
    ticket_id: UUID | None
    visit_id: UUID | None
    purpose: AttachmentPurpose | None
    created_at: datetime


class AwaitedList(Output):
    """The files still to be sent, the longest awaited first."""

    items: list[AwaitedRead]


class FileLinkCreate(Input):
    """For how long a link works, and whether it leads to the small picture."""

    minutes: Annotated[int, Field(ge=1, le=60)] = 10
    thumbnail: bool = False


class FileLinkRead(Output):
    """A link that needs no token: whoever has it may fetch the file until it expires."""

    url: str
    expires_at: datetime
