"""Tables of the platform wing: calendars, idempotency, outbox, audit log, heartbeats."""

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Date,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    Time,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Keyed, one_of
from app.models.enums import DayKind


class WorkCalendar(Keyed, Base):
    """A working calendar; organisations without one of their own use the default."""

    __tablename__ = "work_calendar"
    __table_args__ = (
        Index(
            "uq_work_calendar_default",
            "is_default",
            unique=True,
            postgresql_where=text("is_default"),
        ),
    )

    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    is_default: Mapped[bool]


class WorkCalendarSegment(Base):
    """A stretch of business hours of every working day, e.g. 08:30–12:00."""

    __tablename__ = "work_calendar_segment"

    calendar_id: Mapped[UUID] = mapped_column(ForeignKey("work_calendar.id"), primary_key=True)
    starts: Mapped[time] = mapped_column(Time, primary_key=True)
    ends: Mapped[time] = mapped_column(Time)


class WorkCalendarDay(Base):
    """What was published of one day; a year without rows is not published yet."""

    __tablename__ = "work_calendar_day"
    __table_args__ = (one_of("kind", DayKind),)

    calendar_id: Mapped[UUID] = mapped_column(ForeignKey("work_calendar.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]


class IdempotencyKey(Base):
    """A committed answer, kept 48 h, so that the same call again gets the same answer."""

    __tablename__ = "idempotency_key"

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int | None] = mapped_column(SmallInteger)
    headers: Mapped[dict[str, str] | None] = mapped_column(JSONB)
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


class Outbox(Base):
    """The log that every reader follows; `txid` is the writer's, so that none skips a late commit."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_txid_id", "txid", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    txid: Mapped[int] = mapped_column(BigInteger, server_default=text("pg_current_xact_id()::text::bigint"))
    topic: Mapped[str]
    entity_id: Mapped[UUID]
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class AuditLog(Keyed, Base):
    """Who did what to which record: ids and codes only; the application's role can only append."""

    __tablename__ = "audit_log"
    __table_args__ = (
        Index("ix_audit_log_at_id", "at", "id"),
        Index("ix_audit_log_entity", "entity", "entity_id"),
    )

    at: Mapped[datetime]
    actor_id: Mapped[UUID | None]
    action: Mapped[str]
    entity: Mapped[str]
    entity_id: Mapped[UUID | None]
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    request_id: Mapped[str | None]


class Heartbeat(Base):
    """When a worker process was last alive."""

    __tablename__ = "heartbeat"

    name: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
