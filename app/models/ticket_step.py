"""Tables of a ticket's steps: the timeline, its free texts, clocks, assignments and requests.

The timeline is append-only: privileges and a trigger (in the migration) refuse updates and deletes; the
free texts that erasure must reach stand in `ticket_note`.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Keyed, one_of
from app.models.enums import Action, ClockKind, RequestState, SlaUnit, Status, SuperviseLevel, SuspendReason


class TicketEvent(Keyed, Base):
    """One step of the timeline: ids and codes only, never changed, never deleted."""

    __tablename__ = "ticket_event"
    __table_args__ = (
        UniqueConstraint("ticket_id", "seq"),
        one_of("action", Action),
        one_of("to_status", Status),
        Index("ix_ticket_event_actor_id_at", "actor_id", "at"),
        Index("ix_ticket_event_at_id", "at", "id"),
    )

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"))
    seq: Mapped[int]
    action: Mapped[str]
    from_status: Mapped[str | None]
    to_status: Mapped[str]
    at: Mapped[datetime]
    device_at: Mapped[datetime | None]
    actor_id: Mapped[UUID | None]
    actor_role: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)


class TicketNote(Base):
    """The free text of a step, apart from it so that it can be erased."""

    __tablename__ = "ticket_note"

    event_id: Mapped[UUID] = mapped_column(ForeignKey("ticket_event.id"), primary_key=True)
    opinion: Mapped[str]


class TicketClock(Keyed, Base):
    """A limit that runs or ran; at most one of a kind runs on a ticket.

    `given`: its end was set by whoever sent the ticket, and no rule or calendar of ours moves it.
    """

    __tablename__ = "ticket_clock"
    __table_args__ = (
        one_of("kind", ClockKind),
        one_of("unit", SlaUnit),
        Index(
            "uq_ticket_clock_running",
            "ticket_id",
            "kind",
            unique=True,
            postgresql_where=text("stopped_at IS NULL"),
        ),
        Index("ix_ticket_clock_ticket_id", "ticket_id"),
        Index(
            "ix_ticket_clock_next_at",
            "next_at",
            "id",
            postgresql_where=text("stopped_at IS NULL AND paused_at IS NULL"),
        ),
    )

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"))
    kind: Mapped[str]
    round: Mapped[int] = mapped_column(SmallInteger)
    unit: Mapped[str]
    amount: Mapped[int]
    halved: Mapped[bool] = mapped_column(server_default="false")
    given: Mapped[bool] = mapped_column(default=False, server_default="false")
    started_at: Mapped[datetime]
    due_at: Mapped[datetime]
    provisional: Mapped[bool]
    next_at: Mapped[datetime | None]
    level: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    paused_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]
    org_id: Mapped[UUID | None] = mapped_column(ForeignKey("org.id"), index=True)


class TicketAssignment(Keyed, Base):
    """One round of work by one organisation: when it got it, signed it and gave its result.

    `txid` is the transaction that gave it: who asks for what is new follows it, as readers of the outbox do.
    """

    __tablename__ = "ticket_assignment"
    __table_args__ = (
        UniqueConstraint("ticket_id", "round", "org_id"),
        Index("ix_ticket_assignment_org_id_dispatched_at", "org_id", "dispatched_at"),
        Index("ix_ticket_assignment_org_id_txid_id", "org_id", "txid", "id"),
        Index(
            "ix_ticket_assignment_helping",
            "org_id",
            "ticket_id",
            postgresql_where=text("NOT is_lead AND ended_at IS NULL"),
        ),
    )

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"))
    round: Mapped[int] = mapped_column(SmallInteger)
    is_lead: Mapped[bool] = mapped_column(server_default="true")
    org_id: Mapped[UUID] = mapped_column(ForeignKey("org.id"))
    handler_id: Mapped[UUID | None] = mapped_column(ForeignKey("member.id"), index=True)
    dispatched_at: Mapped[datetime]
    signed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]
    txid: Mapped[int] = mapped_column(BigInteger, server_default=text("pg_current_xact_id()::text::bigint"))


class TicketRequest(Keyed, Base):
    """A request that waits for approval, one at a time on a ticket; who approves is not who asked."""

    __tablename__ = "ticket_request"
    __table_args__ = (
        one_of("state", RequestState),
        CheckConstraint("state = 'cancelled' OR decided_by IS DISTINCT FROM asked_by", name="duties"),
        Index(
            "uq_ticket_request_pending",
            "ticket_id",
            unique=True,
            postgresql_where=text("state = 'pending'"),
        ),
        Index("ix_ticket_request_ticket_id", "ticket_id"),
    )

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"))
    kind: Mapped[str]
    reason: Mapped[str | None]
    basis: Mapped[str | None]
    amount: Mapped[int | None]
    resume_on: Mapped[date | None] = mapped_column(Date)
    proposed_org_id: Mapped[UUID | None] = mapped_column(ForeignKey("org.id"), index=True)
    asked_by: Mapped[UUID]
    asked_at: Mapped[datetime]
    state: Mapped[str]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]


class TicketSupervision(Keyed, Base):
    """A supervision or card: who pressed how hard, when it was answered and lifted."""

    __tablename__ = "ticket_supervision"
    __table_args__ = (
        one_of("level", SuperviseLevel),
        Index("ix_ticket_supervision_ticket_id", "ticket_id"),
    )

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"))
    level: Mapped[str]
    org_id: Mapped[UUID | None] = mapped_column(ForeignKey("org.id"), index=True)
    by_id: Mapped[UUID | None]
    at: Mapped[datetime]
    replied_at: Mapped[datetime | None]
    lifted_at: Mapped[datetime | None]


class TicketSuspension(Keyed, Base):
    """A line of the ledger of suspended tickets (挂账台账): why, until when, reviewed every 30 days."""

    __tablename__ = "ticket_suspension"
    __table_args__ = (
        one_of("reason", SuspendReason),
        Index("ix_ticket_suspension_ticket_id", "ticket_id"),
        Index(
            "ix_ticket_suspension_review_at",
            "review_at",
            "id",
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"))
    reason: Mapped[str]
    started_at: Mapped[datetime]
    resume_on: Mapped[date] = mapped_column(Date)
    review_at: Mapped[datetime]
    reviewed_count: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    ended_at: Mapped[datetime | None]
