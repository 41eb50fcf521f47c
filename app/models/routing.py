"""Tables of routing: the rules that send a ticket to its organisation, and the versions of categories.

A rule's criteria that are null are met by every ticket. Two running rules never ask for the very same, so
that it is always plain which one wins. What a category was before a change stays readable in its versions.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Versioned, one_of
from app.models.enums import EventSource, Urgency


class RoutingRule(Versioned, Base):
    """Tickets of a category, area, source and urgency go to an organisation, or a person of it."""

    __tablename__ = "routing_rule"
    __table_args__ = (
        one_of("source", EventSource),
        one_of("urgency", Urgency),
        Index(
            "uq_routing_rule_running",
            "category_code",
            "area_id",
            "source",
            "urgency",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    category_code: Mapped[str | None] = mapped_column(ForeignKey("category.code"), index=True)
    area_id: Mapped[UUID | None] = mapped_column(ForeignKey("area.id"), index=True)
    source: Mapped[str | None]
    urgency: Mapped[str | None]
    org_id: Mapped[UUID] = mapped_column(ForeignKey("org.id"), index=True)
    member_id: Mapped[UUID | None] = mapped_column(ForeignKey("member.id"), index=True)
    note: Mapped[str | None]
    ended_at: Mapped[datetime | None]


class CategoryRevision(Base):
    """A category as it was from a version on; one that nobody changed has none and is at version 1.

    `changed_at` and `changed_by` are null for what the deployment began with.
    """

    __tablename__ = "category_revision"

    category_code: Mapped[str] = mapped_column(ForeignKey("category.code"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    label_zh: Mapped[str]
    label_en: Mapped[str]
    enabled: Mapped[bool]
    auto_dispatch: Mapped[bool]
    self_handled: Mapped[bool] = mapped_column(server_default="false")
    revisit_percent: Mapped[int] = mapped_column(SmallInteger, server_default="20")
    changed_at: Mapped[datetime | None]
    changed_by: Mapped[UUID | None]
