"""Tables of time limits: the rules that say how long a clock of a ticket runs.

A rule's criteria that are null are met by every ticket. Two running rules never ask for the very same, so
that it is always plain which one wins. What a rule was before a change stands in the audit log.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Versioned, one_of
from app.models.enums import ClockKind, SlaUnit, Urgency


class SlaPolicy(Versioned, Base):
    """A clock of a category, urgency, area and level of organisation takes an amount of a unit."""

    __tablename__ = "sla_policy"
    __table_args__ = (
        one_of("clock", ClockKind),
        one_of("urgency", Urgency),
        one_of("unit", SlaUnit),
        CheckConstraint("org_level IN ('village', 'town', 'city')", name="org_level"),
        CheckConstraint("amount > 0", name="amount"),
        Index(
            "uq_sla_policy_running",
            "clock",
            "category_code",
            "urgency",
            "area_id",
            "org_level",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    clock: Mapped[str]
    category_code: Mapped[str | None] = mapped_column(ForeignKey("category.code"), index=True)
    urgency: Mapped[str | None]
    area_id: Mapped[UUID | None] = mapped_column(ForeignKey("area.id"), index=True)
    org_level: Mapped[str | None]
    unit: Mapped[str]
    amount: Mapped[int]
    note: Mapped[str | None]
    ended_at: Mapped[datetime | None]
