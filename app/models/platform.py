"""Tables of the platform wing: calendars, idempotency, outbox with its readers, audit log, heartbeats."""

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
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

from app.models.base import Base, Keyed, Versioned, one_of
from app.models.enums import DayKind

MONTH_DAY = "~ '^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$'"


class WorkCalendar(Versioned, Base):
    """A working calendar; organisations without one of their own use the default.

    Another than the default says only what differs: days that it does not have are the default's.
    """

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


class WorkCalendarSeason(Keyed, Base):
    """Days of every year, as `06-01` to `09-30`, that have business hours of their own."""

    __tablename__ = "work_calendar_season"
    __table_args__ = (
        CheckConstraint(f"first_day {MONTH_DAY}", name="first_day"),
        CheckConstraint(f"last_day {MONTH_DAY}", name="last_day"),
    )

    calendar_id: Mapped[UUID] = mapped_column(ForeignKey("work_calendar.id"), index=True)
    name: Mapped[str]
    first_day: Mapped[str]
    last_day: Mapped[str]


class WorkCalendarSeasonSegment(Base):
    """A stretch of business hours of a season's working days."""

    __tablename__ = "work_calendar_season_segment"

    season_id: Mapped[UUID] = mapped_column(
        ForeignKey("work_calendar_season.id", ondelete="CASCADE"), primary_key=True
    )
    starts: Mapped[time] = mapped_column(Time, primary_key=True)
    ends: Mapped[time] = mapped_column(Time)


class WorkCalendarYear(Base):
    """A year of a calendar that has been published: when, by whom, and where it was announced."""

    __tablename__ = "work_calendar_year"

    calendar_id: Mapped[UUID] = mapped_column(ForeignKey("work_calendar.id"), primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    source: Mapped[str]
    published_at: Mapped[datetime]
    published_by: Mapped[UUID | None]


class WorkCalendarChange(Keyed, Base):
    """One publication of a year, and how far the open deadlines have been moved to it.

    `before` holds the kinds of the year's days until then, and nothing when it was new. The deadlines of
    tickets up to `moved_to` are done, all of them when it is finished.
    """

    __tablename__ = "work_calendar_change"
    __table_args__ = (Index("ix_work_calendar_change_calendar_id_year", "calendar_id", "year", "id"),)

    calendar_id: Mapped[UUID] = mapped_column(ForeignKey("work_calendar.id"))
    year: Mapped[int] = mapped_column(SmallInteger)
    before: Mapped[dict[str, str]] = mapped_column(JSONB)
    changed_at: Mapped[datetime]
    changed_by: Mapped[UUID | None]
    moved_to: Mapped[UUID | None]
    moved: Mapped[int] = mapped_column(default=0, server_default="0")
    finished_at: Mapped[datetime | None]


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


class RateLimit(Base):
    """How much of an allowance is used, as the instant at which it will be whole again; see `limits`.

    Unlogged: after a crash of the database everybody begins with a whole allowance.
    """

    __tablename__ = "rate_limit"
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)

    key: Mapped[str] = mapped_column(primary_key=True)
    whole_at: Mapped[datetime]


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


class OutboxReader(Base):
    """How far a reader that works in the database has come; moved in the transaction of its work."""

    __tablename__ = "outbox_reader"

    name: Mapped[str] = mapped_column(primary_key=True)
    txid: Mapped[int] = mapped_column(BigInteger)
    last_id: Mapped[int] = mapped_column(BigInteger)
    read_at: Mapped[datetime]


class AuditLog(Keyed, Base):
    """Who did what to which record: ids and codes only; the application's role can only append."""

    __tablename__ = "audit_log"
    __table_args__ = (
        Index("ix_audit_log_at_id", "at", "id"),
        Index("ix_audit_log_entity", "entity", "entity_id"),
        Index("ix_audit_log_entity_id_at_id", "entity_id", "at", "id"),
        Index("ix_audit_log_actor_id_at_id", "actor_id", "at", "id"),
    )

    at: Mapped[datetime]
    actor_id: Mapped[UUID | None]
    action: Mapped[str]
    entity: Mapped[str]
    entity_id: Mapped[UUID | None]
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    request_id: Mapped[str | None]


class AuditPending(Base):
    """An audit row that is not sealed yet; a trigger lists each as it is written."""

    __tablename__ = "audit_pending"

    audit_id: Mapped[UUID] = mapped_column(ForeignKey("audit_log.id"), primary_key=True)


class AuditLink(Base):
    """One link of the audit chain: a row's place, and the keyed digest of it and of all before it.

    Names the row without a foreign key, so that it still says which one is gone.
    """

    __tablename__ = "audit_link"

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    audit_id: Mapped[UUID] = mapped_column(unique=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    key_id: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime]


class Heartbeat(Base):
    """When a worker process was last alive."""

    __tablename__ = "heartbeat"

    name: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
