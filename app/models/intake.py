"""Tables of what third parties send in: how a client's words map to ours, and its references to our tickets.

A reference is a number of the client's own, no personal data; of what was sent only a keyed digest is kept.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Versioned, one_of
from app.models.enums import EventSource
from app.models.enums.third_party import RefKind


class IntakeProfile(Versioned, Base):
    """How a client's tickets come in: their source, the category for codes without one, its status words."""

    __tablename__ = "intake_profile"
    __table_args__ = (one_of("source", EventSource),)

    client_id: Mapped[UUID] = mapped_column(ForeignKey("api_client.id"), unique=True)
    source: Mapped[str]
    default_category_code: Mapped[str | None] = mapped_column(ForeignKey("category.code"), index=True)
    statuses: Mapped[dict[str, str]] = mapped_column(JSONB)


class IntakeCategory(Base):
    """What one of a client's own category codes is with us."""

    __tablename__ = "intake_category"

    client_id: Mapped[UUID] = mapped_column(ForeignKey("api_client.id"), primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    category_code: Mapped[str] = mapped_column(ForeignKey("category.code"), index=True)


class ExternalRef(Base):
    """A ticket by its sender's reference, and by `part` the supplements and the withdrawal of that ticket.

    It is there before its ticket, in the same transaction: so of two calls with one reference, one waits.
    """

    __tablename__ = "external_ref"
    __table_args__ = (
        one_of("kind", RefKind),
        Index(
            "ix_external_ref_client_id_created_at_ticket_id",
            "client_id",
            "created_at",
            "ticket_id",
            postgresql_where=text("kind = 'ticket'"),
        ),
    )

    client_id: Mapped[UUID] = mapped_column(ForeignKey("api_client.id"), primary_key=True)
    ref: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    part: Mapped[str] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(
        ForeignKey("ticket.id", deferrable=True, initially="DEFERRED"), index=True
    )
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    category_code: Mapped[str | None]
    reply_due_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
