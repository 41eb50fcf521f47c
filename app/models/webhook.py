"""Tables of webhooks: where news of tickets go out to, and what became of each message.

A message holds ids and codes; what it says is made of the ticket when it is sent, so nothing personal is kept
here but what an answer might repeat, and that is cut and cleaned.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, SmallInteger, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from app.models.base import Base, Versioned, one_of
from app.models.enums.third_party import WebhookDeliveryState, WebhookPayload, WebhookState

WAITING = text("state = 'waiting'")


class WebhookSubscription(Versioned, Base):
    """One address of a client, and of which tickets and steps it is told; no types: all of them.

    `failing_since` is when its receiver first failed after it last took something; `leased_until` is held by
    the one run that sends to it now, or by nobody while its receiver is left alone.
    """

    __tablename__ = "webhook_subscription"
    __table_args__ = (one_of("payload", WebhookPayload), one_of("state", WebhookState))

    client_id: Mapped[UUID] = mapped_column(ForeignKey("api_client.id"), index=True)
    url: Mapped[str]
    description: Mapped[str]
    area_id: Mapped[UUID] = mapped_column(ForeignKey("area.id"), index=True)
    category_code: Mapped[str | None]
    event_types: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    payload: Mapped[str]
    state: Mapped[str]
    secret_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    former_secret_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    former_until: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    disabled_reason: Mapped[str | None]
    leased_until: Mapped[datetime | None]


class WebhookDelivery(Base):
    """One message to one address; the log and, while it waits, what is to be done.

    `event_id` is the step of the timeline: the same message has the same id however often it is sent.
    Messages of a ticket go out by `seq`; test messages are of no ticket.
    """

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        one_of("state", WebhookDeliveryState),
        Index("uq_webhook_delivery_event", "subscription_id", "event_id", unique=True),
        Index("ix_webhook_delivery_subscription_id_created_at_id", "subscription_id", "created_at", "id"),
        Index("ix_webhook_delivery_created_at_id", "created_at", "id"),
        Index("ix_webhook_delivery_order", "subscription_id", "ticket_id", "seq", postgresql_where=WAITING),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("gen_random_uuid()"))
    subscription_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_subscription.id"))
    event_id: Mapped[UUID]
    event_type: Mapped[str]
    ticket_id: Mapped[UUID | None]
    seq: Mapped[int]
    state: Mapped[str]
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    next_at: Mapped[datetime]
    status: Mapped[int | None] = mapped_column(SmallInteger)
    duration_ms: Mapped[int | None]
    failure: Mapped[str | None]
    excerpt: Mapped[str | None]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
