"""Tables of attachments: uploaded files, the steps of tickets that they belong to, and intents.

The bytes are in the file store under `object_key`; several attachments with the same content share one
object. No name of a file is kept: it may say whose it is.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Keyed, one_of
from app.models.enums.attachment import AttachmentKind, AttachmentPurpose


class Attachment(Keyed, Base):
    """One uploaded file and who uploaded it: a member, a third party, or a resident (neither). Never changed.

    `sha256` is of the bytes that were sent, `size` of the copy without metadata, which alone is kept.
    Width and height are in pixels; when and where it was taken is what the device wrote into it, a hint.
    """

    __tablename__ = "attachment"
    __table_args__ = (
        one_of("kind", AttachmentKind),
        CheckConstraint("num_nonnulls(member_id, client_id) <= 1", name="owner"),
        CheckConstraint("size > 0", name="size"),
        CheckConstraint("num_nonnulls(lng, lat) IN (0, 2)", name="place"),
    )

    member_id: Mapped[UUID | None] = mapped_column(ForeignKey("member.id"), index=True)
    client_id: Mapped[UUID | None] = mapped_column(ForeignKey("api_client.id"), index=True)
    sha256: Mapped[bytes] = mapped_column(LargeBinary, index=True)
    object_key: Mapped[str] = mapped_column(index=True)
    mime: Mapped[str]
    kind: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    width: Mapped[int | None]
    height: Mapped[int | None]
    taken_at: Mapped[datetime | None]
    lng: Mapped[float | None]
    lat: Mapped[float | None]


class TicketAttachment(Base):
    """A file of one step of a ticket's timeline; in a row of its own, which erasure can reach."""

    __tablename__ = "ticket_attachment"
    __table_args__ = (one_of("purpose", AttachmentPurpose),)

    event_id: Mapped[UUID] = mapped_column(ForeignKey("ticket_event.id"), primary_key=True)
    attachment_id: Mapped[UUID] = mapped_column(ForeignKey("attachment.id"), primary_key=True, index=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), index=True)
    purpose: Mapped[str]


class FileIntent(Base):
    """An object that may stand in the file store without an attachment.

    Committed before the object is written and removed with the attachment's row; whoever deletes the last
    attachment of an object writes one, with the present time. What is a day old is collected.
    """

    __tablename__ = "file_intent"

    object_key: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(index=True)
