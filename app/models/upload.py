"""Tables of uploads that come in pieces, and of files that a record names before they are there.

The bytes of a piece are in the file store under its `object_key`; a piece counts from the moment that its
row is committed together with what the upload has received.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Keyed, one_of
from app.models.enums.attachment import AttachmentPurpose


class Upload(Keyed, Base):
    """A file on its way in; the attachment that comes of it has the same id. `fault` is a problem's code."""

    __tablename__ = "upload"
    __table_args__ = (
        CheckConstraint("num_nonnulls(member_id, client_id) = 1", name="owner"),
        CheckConstraint("received BETWEEN 0 AND length AND length > 0", name="received"),
        CheckConstraint("finished_at IS NULL OR fault IS NULL", name="outcome"),
    )

    member_id: Mapped[UUID | None] = mapped_column(ForeignKey("member.id"), index=True)
    client_id: Mapped[UUID | None] = mapped_column(ForeignKey("api_client.id"), index=True)
    length: Mapped[int] = mapped_column(BigInteger)
    received: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    fault: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    finished_at: Mapped[datetime | None]


class UploadPiece(Base):
    """Some bytes of an upload: where they begin, how many they are, and where they are kept."""

    __tablename__ = "upload_piece"

    upload_id: Mapped[UUID] = mapped_column(ForeignKey("upload.id"), primary_key=True)
    start: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    object_key: Mapped[str] = mapped_column(index=True)


class AwaitedFile(Keyed, Base):
    """A file that a step of a ticket or a visit names and whose owner has not sent it yet.

    Gone when the file comes, which is then linked, or when it was waited for long enough.
    """

    __tablename__ = "awaited_file"
    __table_args__ = (
        one_of("purpose", AttachmentPurpose),
        CheckConstraint("num_nonnulls(member_id, client_id) = 1", name="owner"),
        CheckConstraint("num_nonnulls(event_id, visit_id) = 1", name="record"),
        CheckConstraint("num_nonnulls(event_id, ticket_id, purpose) IN (0, 3)", name="step"),
    )

    attachment_id: Mapped[UUID] = mapped_column(index=True)
    member_id: Mapped[UUID | None] = mapped_column(ForeignKey("member.id"), index=True)
    client_id: Mapped[UUID | None] = mapped_column(ForeignKey("api_client.id"), index=True)
    event_id: Mapped[UUID | None] = mapped_column(ForeignKey("ticket_event.id"), index=True)
    ticket_id: Mapped[UUID | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    purpose: Mapped[str | None]
    visit_id: Mapped[UUID | None] = mapped_column(ForeignKey("visit.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(index=True)
