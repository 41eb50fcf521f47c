"""Tables of personal data's own books: who looked at which plain values, and what people asked of theirs.

The log is append-only and holds ids and codes, beside the device and address of whoever looked; the reason
in words, which may name people, stands in a row of its own that erasure can reach.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from app.models.base import Base, Keyed, Versioned, one_of
from app.models.enums.privacy import (
    DataRequestKind,
    DataRequestState,
    IdentityCheck,
    PersonalRecord,
    UnmaskReason,
)
from app.models.enums.retention import RetentionSubject


class PiiAccess(Keyed, Base):
    """One call for plain values, granted or refused (`refusal` is the problem's code)."""

    __tablename__ = "pii_access_log"
    __table_args__ = (
        one_of("entity", PersonalRecord),
        one_of("reason", UnmaskReason),
        Index("ix_pii_access_log_at_id", "at", "id"),
        Index("ix_pii_access_log_actor_id_at_id", "actor_id", "at", "id"),
        Index("ix_pii_access_log_resident_id_at_id", "resident_id", "at", "id"),
        Index("ix_pii_access_log_entity_id", "entity_id"),
    )

    at: Mapped[datetime]
    actor_id: Mapped[UUID]
    session_id: Mapped[UUID | None]
    entity: Mapped[str]
    entity_id: Mapped[UUID]
    resident_id: Mapped[UUID | None]
    fields: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    reason: Mapped[str]
    refusal: Mapped[str | None]
    ip: Mapped[str | None]
    device: Mapped[str | None]
    request_id: Mapped[str | None]


class PiiAccessReason(Base):
    """The reason in the words of whoever looked."""

    __tablename__ = "pii_access_reason"

    access_id: Mapped[UUID] = mapped_column(ForeignKey("pii_access_log.id"), primary_key=True)
    words: Mapped[str]


class DataRequest(Versioned, Base):
    """What a resident asks of their own data; the place is copied from their household when they ask.

    `created_by` took it down; whoever decides is somebody else. A correction waits sealed.
    """

    __tablename__ = "data_request"
    __table_args__ = (
        one_of("kind", DataRequestKind),
        one_of("state", DataRequestState),
        one_of("identity_check", IdentityCheck),
        CheckConstraint("decided_by IS DISTINCT FROM created_by", name="duties"),
        Index(
            "uq_data_request_open",
            "resident_id",
            "kind",
            unique=True,
            postgresql_where=text("state IN ('submitted', 'approved')"),
        ),
        Index("ix_data_request_resident_id", "resident_id"),
        Index("ix_data_request_area_id_id", "area_id", "id"),
        Index("ix_data_request_town_id_id", "town_id", "id"),
        Index("ix_data_request_village_id_id", "village_id", "id"),
        Index("ix_data_request_grid_id_id", "grid_id", "id"),
    )

    resident_id: Mapped[UUID] = mapped_column(ForeignKey("resident.id"))
    area_id: Mapped[UUID] = mapped_column(ForeignKey("area.id"))
    town_id: Mapped[UUID | None]
    village_id: Mapped[UUID | None]
    grid_id: Mapped[UUID | None]
    kind: Mapped[str]
    state: Mapped[str]
    identity_check: Mapped[str]
    changes_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    done_by: Mapped[UUID | None]
    done_at: Mapped[datetime | None]


class DataRequestNote(Base):
    """What was said at a step of a data request, apart from it so that it can be erased."""

    __tablename__ = "data_request_note"

    request_id: Mapped[UUID] = mapped_column(ForeignKey("data_request.id"), primary_key=True)
    step: Mapped[str] = mapped_column(primary_key=True)
    words: Mapped[str]


class RetentionRule(Versioned, Base):
    """After how many days a kind of personal data is forgotten; a rule that is off forgets nothing."""

    __tablename__ = "retention_rule"
    __table_args__ = (
        one_of("subject", RetentionSubject),
        CheckConstraint("days BETWEEN 1 AND 36500", name="days"),
    )

    subject: Mapped[str] = mapped_column(unique=True)
    days: Mapped[int]
    enabled: Mapped[bool] = mapped_column(server_default="true")
    last_run_at: Mapped[datetime | None]
    last_count: Mapped[int | None]
