"""The table of transfers: a person or a household that one area gives and another takes over."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Versioned, one_of
from app.models.enums import LinkReason
from app.models.enums.transfer import TransferRefusal, TransferState

PENDING = text("state = 'pending'")


class Transfer(Versioned, Base):
    """An offer from one area to another; `from_area_id` is where the subject was when it was made."""

    __tablename__ = "transfer"
    __table_args__ = (
        one_of("state", TransferState),
        one_of("refusal", TransferRefusal),
        one_of("reason", LinkReason),
        CheckConstraint("num_nonnulls(resident_id, household_id) = 1", name="one_subject"),
        CheckConstraint("(state = 'refused') = (refusal IS NOT NULL)", name="refused"),
        Index("uq_transfer_resident_id", "resident_id", unique=True, postgresql_where=PENDING),
        Index("uq_transfer_household_id", "household_id", unique=True, postgresql_where=PENDING),
        Index("ix_transfer_resident_id", "resident_id"),
        Index("ix_transfer_household_id", "household_id"),
        Index("ix_transfer_from_area_id_id", "from_area_id", "id"),
        Index("ix_transfer_to_area_id_id", "to_area_id", "id"),
    )

    resident_id: Mapped[UUID | None] = mapped_column(ForeignKey("resident.id"))
    household_id: Mapped[UUID | None] = mapped_column(ForeignKey("household.id"))
    from_area_id: Mapped[UUID] = mapped_column(ForeignKey("area.id"))
    to_area_id: Mapped[UUID] = mapped_column(ForeignKey("area.id"))
    reason: Mapped[str]
    state: Mapped[str]
    refusal: Mapped[str | None]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
