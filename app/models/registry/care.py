"""Tables of who is looked after: tags of people over time, care objects with their visit cycle, reviews."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Versioned, one_of
from app.models.enums import CareLevel, CareTag
from app.models.registry.columns import Placed, place_indexes
from app.models.registry.links import SPAN

OPEN = text("ended_on IS NULL")


class ResidentTag(Versioned, Base):
    """A tag of a person from a day to another or still."""

    __tablename__ = "resident_tag"
    __table_args__ = (
        one_of("code", CareTag),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="span"),
        ExcludeConstraint(
            (text("resident_id"), "="),
            (text("code"), "="),
            (SPAN, "&&"),
            name="ex_resident_tag_resident_id_code",
            using="gist",
        ),
        Index("ix_resident_tag_resident_id", "resident_id"),
        Index("ix_resident_tag_code", "code", "resident_id", postgresql_where=text("valid_to IS NULL")),
    )

    resident_id: Mapped[UUID] = mapped_column(ForeignKey("resident.id"))
    code: Mapped[str]
    source: Mapped[str | None]
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)


class CareObject(Placed, Versioned, Base):
    """A person or a household that is visited in a cycle; the place is a copy of where they live."""

    __tablename__ = "care_object"
    __table_args__ = (
        one_of("category", CareTag),
        one_of("care_level", CareLevel),
        CheckConstraint("num_nonnulls(resident_id, household_id) = 1", name="one_subject"),
        *place_indexes("care_object", "next_visit_due", "id", postgresql_where=OPEN),
        Index("ix_care_object_area_id", "area_id"),
        Index("ix_care_object_resident_id", "resident_id"),
        Index("ix_care_object_household_id", "household_id"),
        Index("uq_care_object_resident", "resident_id", unique=True, postgresql_where=OPEN),
        Index("uq_care_object_household", "household_id", unique=True, postgresql_where=OPEN),
    )

    resident_id: Mapped[UUID | None] = mapped_column(ForeignKey("resident.id"))
    household_id: Mapped[UUID | None] = mapped_column(ForeignKey("household.id"))
    category: Mapped[str]
    care_level: Mapped[str]
    responsible_id: Mapped[UUID | None] = mapped_column(ForeignKey("member.id"), index=True)
    measures: Mapped[str | None]
    opened_on: Mapped[date] = mapped_column(Date)
    last_visit_on: Mapped[date | None] = mapped_column(Date)
    next_visit_due: Mapped[date] = mapped_column(Date)
    ended_on: Mapped[date | None] = mapped_column(Date)


class CareReview(Versioned, Base):
    """A decision on the level of a care object; the first one is its opening."""

    __tablename__ = "care_review"

    care_object_id: Mapped[UUID] = mapped_column(ForeignKey("care_object.id"), index=True)
    reviewed_on: Mapped[date] = mapped_column(Date)
    level_before: Mapped[str | None]
    level_after: Mapped[str]
    note: Mapped[str | None]
