"""Tables of messages: who was told what, rules of escalation, deliveries.

A message holds ids and codes; its words are made when it is read, so nothing personal can stand in it.
"""

from datetime import datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, Time, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Uuid

from app.models.base import Base, Keyed, Versioned, one_of
from app.models.enums.message import Channel, DeliveryState, MessageCategory

UNREAD = text("read_at IS NULL")
THIS_TRANSACTION = text("pg_current_xact_id()::text::bigint")


class Notification(Keyed, Base):
    """One message to one member; `next_at` is when another channel is tried unless it was read.

    `txid` is the transaction that wrote it or marked it as read: phones follow it as they follow the outbox.
    """

    __tablename__ = "notification"
    __table_args__ = (
        one_of("category", MessageCategory),
        Index("ix_notification_member_id_id", "member_id", "id"),
        Index("ix_notification_unread", "member_id", "category", "id", postgresql_where=UNREAD),
        Index(
            "ix_notification_next_at",
            "next_at",
            "id",
            postgresql_where=text("read_at IS NULL AND next_at IS NOT NULL"),
        ),
        Index("ix_notification_created_at", "created_at"),
        Index("ix_notification_member_id_txid_id", "member_id", "txid", "id"),
    )

    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    category: Mapped[str]
    kind: Mapped[str]
    entity: Mapped[str]
    entity_id: Mapped[UUID]
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    escalated: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    next_at: Mapped[datetime | None]
    txid: Mapped[int] = mapped_column(BigInteger, server_default=THIS_TRANSACTION)


class EscalationRule(Versioned, Base):
    """After how many minutes unread a category goes out through a channel, and when it may not ring.

    Quiet hours are by the clock on the wall; they may pass midnight. Null: none.
    """

    __tablename__ = "escalation_rule"
    __table_args__ = (
        one_of("category", MessageCategory),
        one_of("channel", Channel),
        CheckConstraint("after_minutes BETWEEN 1 AND 4320", name="after_minutes"),
        CheckConstraint("(quiet_from IS NULL) = (quiet_until IS NULL)", name="quiet"),
        Index("uq_escalation_rule_category_channel", "category", "channel", unique=True),
    )

    category: Mapped[str]
    channel: Mapped[str]
    after_minutes: Mapped[int] = mapped_column(SmallInteger)
    quiet_from: Mapped[time | None] = mapped_column(Time)
    quiet_until: Mapped[time | None] = mapped_column(Time)
    enabled: Mapped[bool]


class Delivery(Keyed, Base):
    """Unread messages of one member on their way through one channel, and what became of it.

    Holds no address and no words: both are looked up when it is sent. `failure` is a code.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        one_of("channel", Channel),
        one_of("state", DeliveryState),
        Index("ix_delivery_member_id_id", "member_id", "id"),
        Index("ix_delivery_created_at", "created_at"),
        Index(
            "uq_delivery_waiting",
            "member_id",
            "channel",
            unique=True,
            postgresql_where=text("state = 'waiting'"),
        ),
    )

    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    channel: Mapped[str]
    notification_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()))
    state: Mapped[str]
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    failure: Mapped[str | None]
    created_at: Mapped[datetime]
    not_before: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class MailAddress(Versioned, Base):
    """Where a member wants their mail; nobody else sees more of it than that there is one."""

    __tablename__ = "mail_address"

    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"), unique=True)
    address_sealed: Mapped[bytes] = mapped_column(LargeBinary)
