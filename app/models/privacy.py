"""Tables of personal data's own books: who looked at which plain values, and why.

The log is append-only and holds ids and codes, beside the device and address of whoever looked; the reason
in words, which may name people, stands in a row of its own that erasure can reach.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from app.models.base import Base, Keyed, one_of
from app.models.enums.privacy import PersonalRecord, UnmaskReason


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
