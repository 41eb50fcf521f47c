"""Tables of contact links: who keeps contact with which household when, and how many one may have."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Versioned, one_of
from app.models.enums import HouseholdType
from app.models.enums.staff import ContactKind, ContactRank


class ContactLink(Versioned, Base):
    """A member's contact with a household over time; at most one of a kind that has not ended."""

    __tablename__ = "contact_link"
    __table_args__ = (
        one_of("kind", ContactKind),
        one_of("rank", ContactRank),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="span"),
        Index("ix_contact_link_household_id", "household_id"),
        Index("ix_contact_link_member_id", "member_id"),
        Index(
            "uq_contact_link_now",
            "member_id",
            "household_id",
            "kind",
            unique=True,
            postgresql_where=text("valid_to IS NULL"),
        ),
    )

    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    household_id: Mapped[UUID] = mapped_column(ForeignKey("household.id"))
    kind: Mapped[str]
    rank: Mapped[str]
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime | None]


class ContactQuota(Versioned, Base):
    """How many households somebody of a rank may keep contact with in an area; of one type, or of all."""

    __tablename__ = "contact_quota"
    __table_args__ = (
        one_of("kind", ContactKind),
        one_of("rank", ContactRank),
        one_of("household_type", HouseholdType),
        CheckConstraint("most > 0", name="most"),
        Index(
            "uq_contact_quota_rule",
            "area_id",
            "kind",
            "rank",
            "household_type",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )

    area_id: Mapped[UUID] = mapped_column(ForeignKey("area.id"))
    kind: Mapped[str]
    rank: Mapped[str]
    household_type: Mapped[str | None]
    most: Mapped[int] = mapped_column(SmallInteger)
