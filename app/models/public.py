"""Tables of what the public sees and sends: services, what of a ticket is published, and who may follow it.

Nothing of a ticket is public of itself: every text that goes out stands here, because a dispatcher wrote or
approved it. What a reporter follows their report by is kept as a hash.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text, Uuid

from app.models.base import Base, one_of
from app.models.enums.third_party import ServiceKind


class PublicService(Base):
    """A category that the public may report in, and what is asked there; `attributes` as Open311 has them."""

    __tablename__ = "public_service"
    __table_args__ = (one_of("kind", ServiceKind),)

    category_code: Mapped[str] = mapped_column(ForeignKey("category.code"), primary_key=True)
    enabled: Mapped[bool] = mapped_column(default=True, server_default="true")
    kind: Mapped[str] = mapped_column(server_default=ServiceKind.REALTIME.value)
    description: Mapped[str]
    keywords: Mapped[list[str]] = mapped_column(ARRAY(Text()), server_default="{}")
    attributes: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_by: Mapped[UUID | None]


class Publication(Base):
    """What a dispatcher made public of a ticket, in words of their own; the point only where they said so.

    `reported_at` is the ticket's, so that the public list is one scan of an index.
    """

    __tablename__ = "publication"
    __table_args__ = (Index("ix_publication_reported_at_ticket_id", "reported_at", "ticket_id"),)

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), primary_key=True)
    reported_at: Mapped[datetime]
    description: Mapped[str | None]
    address: Mapped[str | None]
    reply: Mapped[str | None]
    with_point: Mapped[bool]
    photo_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()), server_default="{}")
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    published_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    updated_by: Mapped[UUID | None]


class PublicReport(Base):
    """A report of the public: the number and the hash of the code that it is followed by, and its answers.

    `answers`: what was answered to the service's attributes, by code.
    """

    __tablename__ = "public_report"

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary)
    answers: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    created_at: Mapped[datetime]
