"""Tables of the registry wing: households, residents, and who belongs to which household when.

Identity and phone numbers are sealed, found by a blind index, and shown by their last four. The chain of
buildings and rooms comes later; a household has its grid and an address text.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, LargeBinary, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Versioned, one_of
from app.models.enums import Gender, HouseholdType, PopulationType, ResidenceStatus
from app.models.enums.visit import CareLevel

LIVING = text("ended_on IS NULL")
# Somebody who has never been visited is due now.
TODAY = text("((now() AT TIME ZONE 'Asia/Shanghai')::date)")


class Household(Versioned, Base):
    """A household in exactly one grid; town and village are copied from the grid's path."""

    __tablename__ = "household"
    __table_args__ = (
        one_of("household_type", HouseholdType),
        one_of("residence_status", ResidenceStatus),
        one_of("care_level", CareLevel),
        Index("ix_household_area_due", "area_id", "next_visit_due", "id", postgresql_where=LIVING),
        Index("ix_household_grid_due", "grid_id", "next_visit_due", "id", postgresql_where=LIVING),
        Index("ix_household_village_due", "village_id", "next_visit_due", "id", postgresql_where=LIVING),
        Index("ix_household_town_due", "town_id", "next_visit_due", "id", postgresql_where=LIVING),
        Index("ix_household_area_id_id", "area_id", "id"),
        Index("ix_household_grid_id_id", "grid_id", "id"),
        Index("ix_household_village_id_id", "village_id", "id"),
        Index("ix_household_town_id_id", "town_id", "id"),
    )

    no: Mapped[str] = mapped_column(unique=True)
    area_id: Mapped[UUID] = mapped_column(ForeignKey("area.id"))
    town_id: Mapped[UUID | None]
    village_id: Mapped[UUID | None]
    grid_id: Mapped[UUID | None]
    address: Mapped[str]
    household_type: Mapped[str]
    residence_status: Mapped[str]
    member_count: Mapped[int] = mapped_column(SmallInteger)
    care_level: Mapped[str] = mapped_column(default=CareLevel.ORDINARY, server_default="ordinary")
    last_visit_at: Mapped[datetime | None]
    next_visit_due: Mapped[date] = mapped_column(Date, server_default=TODAY)
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
