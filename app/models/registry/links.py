"""Tables of who belonged where and when: a household's places, a resident's households and homes.

A link counts on days with valid_from <= day < valid_to, without an end it still does. The database refuses
two links of one person (or household) that overlap; the services leave no gap between them.
"""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Versioned, one_of
from app.models.enums import LinkReason

SPAN = text("daterange(valid_from, valid_to, '[)')")
OPEN = text("valid_to IS NULL")


class Link:
    """From a day to another, why it began and why it ended."""

    reason: Mapped[str]
    end_reason: Mapped[str | None]
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)


def apart(table: str, owner: str) -> tuple[CheckConstraint | ExcludeConstraint, ...]:
    """The checks of a link: its span, its reasons, and no overlap with another of the same owner."""
    return (
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="span"),
        one_of("reason", LinkReason),
        one_of("end_reason", LinkReason),
        ExcludeConstraint((text(owner), "="), (SPAN, "&&"), name=f"ex_{table}_{owner}", using="gist"),
    )


class HouseholdMember(Link, Versioned, Base):
    """A resident's place in a household over time; relation codes of GB/T 4761."""

    __tablename__ = "household_member"
    __table_args__ = (
        *apart("household_member", "resident_id"),
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


class Residence(Link, Versioned, Base):
    """Where a resident really lives over time: with a household, in a room, or at an address elsewhere."""

    __tablename__ = "residence"
    __table_args__ = (
        *apart("residence", "resident_id"),
        CheckConstraint("num_nonnulls(household_id, room_id, address) = 1", name="one_home"),
        Index("ix_residence_household_id", "household_id"),
        Index("ix_residence_resident_id", "resident_id"),
        Index("ix_residence_room_id", "room_id"),
    )

    resident_id: Mapped[UUID] = mapped_column(ForeignKey("resident.id"))
    household_id: Mapped[UUID | None] = mapped_column(ForeignKey("household.id"))
    room_id: Mapped[UUID | None] = mapped_column(ForeignKey("room.id"))
    address: Mapped[str | None]


class HouseholdStay(Link, Versioned, Base):
    """Where a household was over time: its grid, perhaps its room, its address then."""

    __tablename__ = "household_stay"
    __table_args__ = (
        *apart("household_stay", "household_id"),
        Index("ix_household_stay_household_id", "household_id"),
        Index("ix_household_stay_area_id", "area_id"),
        Index("ix_household_stay_room_id", "room_id"),
    )

    household_id: Mapped[UUID] = mapped_column(ForeignKey("household.id"))
    area_id: Mapped[UUID] = mapped_column(ForeignKey("area.id"))
    room_id: Mapped[UUID | None] = mapped_column(ForeignKey("room.id"))
    address: Mapped[str]
