"""Tables of the tickets wing: categories, tickets, and the people who complained.

The indexes serve the lists that people live in: each begins with who looks (town, village, grid,
organisation, handler, reporter) and ends with the order and the id, so that a page costs the same at any
size. Queue and overdue indexes hold open tickets only. Steps and outcomes stand in files of their own.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, Double, ForeignKey, Index, LargeBinary, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Versioned, one_of
from app.models.enums import CoordType, EventSource, RevisitState, Stage, Status, SuperviseLevel, Urgency

OPEN = text("closed_at IS NULL")


class Category(Base):
    """Two levels of what a ticket is about: `05` 市容环境, `0501` 暴露垃圾."""

    __tablename__ = "category"
    __table_args__ = (CheckConstraint("revisit_percent BETWEEN 0 AND 100", name="revisit_percent"),)

    code: Mapped[str] = mapped_column(primary_key=True)
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("category.code"), index=True)
    label_zh: Mapped[str]
    label_en: Mapped[str]
    enabled: Mapped[bool] = mapped_column(default=True, server_default="true")
    auto_dispatch: Mapped[bool] = mapped_column(default=False, server_default="false")
    self_handled: Mapped[bool] = mapped_column(default=False, server_default="false")
    revisit_percent: Mapped[int] = mapped_column(SmallInteger, default=20, server_default="20")


class Ticket(Versioned, Base):
    """A ticket as it stands now; `closed_at` is set by every terminal status, not by `closed` alone."""

    __tablename__ = "ticket"
    __table_args__ = (
        one_of("status", Status),
        one_of("stage", Stage),
        one_of("source", EventSource),
        one_of("urgency", Urgency),
        one_of("coord_type", CoordType),
        one_of("revisit_state", RevisitState),
        one_of("supervise_level", SuperviseLevel),
        Index("ix_ticket_reported_at_id", "reported_at", "id"),
        Index("ix_ticket_town_id_reported_at_id", "town_id", "reported_at", "id"),
        Index("ix_ticket_village_id_reported_at_id", "village_id", "reported_at", "id"),
        Index("ix_ticket_grid_id_reported_at_id", "grid_id", "reported_at", "id"),
        Index("ix_ticket_area_id_reported_at_id", "area_id", "reported_at", "id"),
        Index("ix_ticket_lead_org_id_reported_at_id", "lead_org_id", "reported_at", "id"),
        Index("ix_ticket_reporter_id_reported_at_id", "reporter_id", "reported_at", "id"),
        Index("ix_ticket_category_code_reported_at_id", "category_code", "reported_at", "id"),
        Index("ix_ticket_handler_id_reported_at_id", "handler_id", "reported_at", "id"),
        Index("ix_ticket_client_id_reported_at_id", "client_id", "reported_at", "id"),
        Index("ix_ticket_handler_client_id_reported_at_id", "handler_client_id", "reported_at", "id"),
        Index("ix_ticket_household_id", "household_id"),
        Index("ix_ticket_town_queue", "town_id", "status", "reported_at", "id", postgresql_where=OPEN),
        Index(
            "ix_ticket_village_queue",
            "village_id",
            "status",
            "reported_at",
            "id",
            postgresql_where=OPEN,
        ),
        Index("ix_ticket_grid_queue", "grid_id", "status", "reported_at", "id", postgresql_where=OPEN),
        Index(
            "ix_ticket_org_queue",
            "lead_org_id",
            "status",
            "reported_at",
            "id",
            postgresql_where=OPEN,
        ),
        Index("ix_ticket_handler_queue", "handler_id", "status", "reported_at", "id", postgresql_where=OPEN),
        Index(
            "ix_ticket_reporter_queue", "reporter_id", "status", "reported_at", "id", postgresql_where=OPEN
        ),
        Index("ix_ticket_status_queue", "status", "reported_at", "id", postgresql_where=OPEN),
        Index("ix_ticket_town_due", "town_id", "due_at", "id", postgresql_where=OPEN),
        Index("ix_ticket_village_due", "village_id", "due_at", "id", postgresql_where=OPEN),
        Index("ix_ticket_grid_due", "grid_id", "due_at", "id", postgresql_where=OPEN),
        Index("ix_ticket_org_due", "lead_org_id", "due_at", "id", postgresql_where=OPEN),
        Index("ix_ticket_handler_due", "handler_id", "due_at", "id", postgresql_where=OPEN),
        Index("ix_ticket_reporter_due", "reporter_id", "due_at", "id", postgresql_where=OPEN),
        Index("ix_ticket_due", "due_at", "id", postgresql_where=OPEN),
        Index("ix_ticket_pending", "reported_at", "id", postgresql_where=text("pending IS NOT NULL")),
        Index("ix_ticket_next_at", "next_at", "id", postgresql_where=text("next_at IS NOT NULL")),
        Index(
            "ix_ticket_let_off",
            "id",
            postgresql_where=text("excluded_from_assessment AND closed_at IS NULL"),
        ),
        Index("ix_ticket_town_id_updated_at", "town_id", "updated_at"),
        Index("ix_ticket_town_closed", "town_id", "closed_at", "status", "satisfaction"),
        Index("ix_ticket_closed", "closed_at", "status", "satisfaction"),
    )

    no: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    content: Mapped[str]
    category_code: Mapped[str] = mapped_column(ForeignKey("category.code"))
    source: Mapped[str]
    urgency: Mapped[str]
    stage: Mapped[str]
    status: Mapped[str]

    area_id: Mapped[UUID] = mapped_column(ForeignKey("area.id"))
    town_id: Mapped[UUID | None]
    village_id: Mapped[UUID | None]
    grid_id: Mapped[UUID | None]
    address: Mapped[str]
    lng: Mapped[float | None] = mapped_column(Double)
    lat: Mapped[float | None] = mapped_column(Double)
    raw_lng: Mapped[float | None] = mapped_column(Double)
    raw_lat: Mapped[float | None] = mapped_column(Double)
    coord_type: Mapped[str | None]
    household_id: Mapped[UUID | None] = mapped_column(ForeignKey("household.id"))

    reporter_id: Mapped[UUID | None] = mapped_column(ForeignKey("member.id"))
    client_id: Mapped[UUID | None] = mapped_column(ForeignKey("api_client.id"))
    lead_org_id: Mapped[UUID | None] = mapped_column(ForeignKey("org.id"))
    handler_id: Mapped[UUID | None] = mapped_column(ForeignKey("member.id"))
    handler_client_id: Mapped[UUID | None] = mapped_column(ForeignKey("api_client.id"))

    occurred_at: Mapped[datetime | None]
    reported_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]

    revisit_state: Mapped[str]
    exempt_policy: Mapped[str | None]
    satisfaction: Mapped[str | None]
    solved: Mapped[str | None]
    resolution_type: Mapped[str | None]
    confidential: Mapped[bool] = mapped_column(server_default="false")
    rectify_mode: Mapped[str | None]
    pending: Mapped[str | None]
    supervise_level: Mapped[str] = mapped_column(server_default="none")
    handling_level: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    merged_into_id: Mapped[UUID | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    merged_from: Mapped[str | None]
    resume_on: Mapped[date | None] = mapped_column(Date)
    archived_at: Mapped[datetime | None]
    next_at: Mapped[datetime | None]
    excluded_from_assessment: Mapped[bool] = mapped_column(server_default="false")
    extension_count: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    reopen_count: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    appeal_count: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    decline_count: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    rework_count: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    dispatch_count: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")


class TicketContact(Base):
    """The person who complained, in a row of their own that erasure can reach."""

    __tablename__ = "ticket_contact"

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), primary_key=True)
    name: Mapped[str | None]
    phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_index: Mapped[bytes | None] = mapped_column(LargeBinary, index=True)
    phone_last4: Mapped[str | None]
    resident_id: Mapped[UUID | None] = mapped_column(ForeignKey("resident.id"), index=True)
