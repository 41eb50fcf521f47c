"""The table of reports: figures as they were when a period was over, and as they were published.

The figures are JSON and not JSONB, because their order is the report's.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, Date, ForeignKey, Index, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Keyed, one_of
from app.models.enums.report import ReportKind


class Report(Keyed, Base):
    """A report of one area or one organisation, frozen: the application may add one and never change it."""

    __tablename__ = "report"
    __table_args__ = (
        one_of("kind", ReportKind),
        CheckConstraint("num_nonnulls(area_id, org_id) = 1", name="one_scope"),
        Index(
            "uq_report_scope",
            "area_id",
            "org_id",
            "kind",
            "first_on",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )

    kind: Mapped[str]
    area_id: Mapped[UUID | None] = mapped_column(ForeignKey("area.id"))
    org_id: Mapped[UUID | None] = mapped_column(ForeignKey("org.id"), index=True)
    first_on: Mapped[date] = mapped_column(Date)
    last_on: Mapped[date] = mapped_column(Date)
    title: Mapped[str]
    definition_version: Mapped[int] = mapped_column(SmallInteger)
    as_of: Mapped[datetime]
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None]
