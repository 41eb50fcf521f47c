"""Tables of the people: households, residents, and who belongs to which household when.

Identity and phone numbers are sealed, found by a blind index, and shown by their last four.
"""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, LargeBinary, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Versioned, one_of
from app.models.enums import Gender, HouseholdType, PopulationType, ResidenceStatus
from app.models.registry.columns import ByAddress, Placed, place_indexes


class Household(Placed, ByAddress, Versioned, Base):
    """A household in exactly one grid, perhaps in a room; `needs_head` until somebody is named."""

    __tablename__ = "household"
    __table_args__ = (
        one_of("household_type", HouseholdType),
        one_of("residence_status", ResidenceStatus),
        *place_indexes("household", "sort_key", "id"),
    )

    no: Mapped[str] = mapped_column(unique=True)
    room_id: Mapped[UUID | None] = mapped_column(ForeignKey("room.id"), index=True)
    household_type: Mapped[str]
    residence_status: Mapped[str]
    member_count: Mapped[int] = mapped_column(SmallInteger)
    needs_head: Mapped[bool] = mapped_column(default=False, server_default="false")
    ended_on: Mapped[date | None] = mapped_column(Date)


class Resident(Versioned, Base):
    """A person; numbers are sealed and may be missing (new-borns, refusals)."""

    __tablename__ = "resident"
    __table_args__ = (
        one_of("gender", Gender),
        one_of("population_type", PopulationType),
        Index("uq_resident_id_index", "id_index", unique=True),
        Index("ix_resident_phone_index", "phone_index"),
    )

    name: Mapped[str]
    gender: Mapped[str]
    birth_on: Mapped[date | None] = mapped_column(Date)
    population_type: Mapped[str]
    id_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    id_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    id_last4: Mapped[str | None]
    phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_last4: Mapped[str | None]
    died_on: Mapped[date | None] = mapped_column(Date)


class HouseholdMember(Versioned, Base):
    """A resident's place in a household over time; relation codes of GB/T 4761."""

    __tablename__ = "household_member"
    __table_args__ = (
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="span"),
        Index("ix_household_member_household_id", "household_id"),
        Index("ix_household_member_resident_id", "resident_id"),
        Index(
            "uq_household_member_head",
            "household_id",
            unique=True,
            postgresql_where=text("is_head AND valid_to IS NULL"),
        ),
    )

    household_id: Mapped[UUID] = mapped_column(ForeignKey("household.id"))
    resident_id: Mapped[UUID] = mapped_column(ForeignKey("resident.id"))
    relation: Mapped[str]
    is_head: Mapped[bool]
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
