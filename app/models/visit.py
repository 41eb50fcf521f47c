"""Tables of the visits wing: plans with their households and people, visits, and the opinions heard there.

A visit goes to a household, to a place, or to somebody who lives in no household. It carries copies of its
town, village and grid as they were, which scope and lists look at. What people said stands in these rows
alone; the outbox and the audit log hold ids and codes.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, Double, ForeignKey, Index, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Keyed, Versioned, one_of
from app.models.enums import CoordType
from app.models.enums.visit import (
    OpinionOutcome,
    PlanScope,
    VisitMode,
    VisitProgramme,
    VisitResult,
    VisitType,
)
from app.models.registry.columns import Placed, place_indexes


class VisitPlan(Versioned, Base):
    """A campaign of visits in an area, from a day to another, perhaps with a questionnaire (JSON Schema)."""

    __tablename__ = "visit_plan"
    __table_args__ = (
        one_of("programme", VisitProgramme),
        one_of("scope", PlanScope),
        CheckConstraint("due_on >= starts_on", name="span"),
        CheckConstraint("quota > 0", name="quota"),
    )

    title: Mapped[str]
    programme: Mapped[str]
    scope: Mapped[str]
    area_id: Mapped[UUID] = mapped_column(ForeignKey("area.id"), index=True)
    care_levels: Mapped[list[str]] = mapped_column(ARRAY(Text()), server_default="{}")
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text()), server_default="{}")
    starts_on: Mapped[date] = mapped_column(Date)
    due_on: Mapped[date] = mapped_column(Date)
    quota: Mapped[int | None]
    questionnaire: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    ended_at: Mapped[datetime | None]


class VisitPlanAssignee(Base):
    """Somebody who is to carry out a plan."""

    __tablename__ = "visit_plan_assignee"

    plan_id: Mapped[UUID] = mapped_column(ForeignKey("visit_plan.id"), primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"), primary_key=True, index=True)


class VisitPlanHousehold(Base):
    """A household that a plan meant when it was made; the denominator of its progress."""

    __tablename__ = "visit_plan_household"

    plan_id: Mapped[UUID] = mapped_column(ForeignKey("visit_plan.id"), primary_key=True)
    household_id: Mapped[UUID] = mapped_column(ForeignKey("household.id"), primary_key=True, index=True)


class Visit(Placed, Versioned, Base):
    """One visit to a household, a place or a person, and whether it counts as an effective one."""

    __tablename__ = "visit"
    __table_args__ = (
        one_of("visit_type", VisitType),
        one_of("mode", VisitMode),
        one_of("result", VisitResult),
        one_of("coord_type", CoordType),
        CheckConstraint("duration_s >= 0", name="duration_s"),
        CheckConstraint("household_id IS NULL OR place_id IS NULL", name="one_destination"),
        CheckConstraint("(place_id IS NULL) = (num_nonnulls(household_id, resident_id) > 0)", name="home"),
        Index("ix_visit_occurred_at_id", "occurred_at", "id"),
        *place_indexes("visit", "occurred_at", "id"),
        Index("ix_visit_visitor_id_occurred_at_id", "visitor_id", "occurred_at", "id"),
        Index("ix_visit_household_id_occurred_at_id", "household_id", "occurred_at", "id"),
        Index("ix_visit_place_id_occurred_at_id", "place_id", "occurred_at", "id"),
        Index("ix_visit_plan_id_household_id", "plan_id", "household_id"),
    )

    plan_id: Mapped[UUID | None] = mapped_column(ForeignKey("visit_plan.id"))
    visitor_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    household_id: Mapped[UUID | None] = mapped_column(ForeignKey("household.id"))
    resident_id: Mapped[UUID | None] = mapped_column(ForeignKey("resident.id"), index=True)
    place_id: Mapped[UUID | None] = mapped_column(ForeignKey("place.id"))

    visit_type: Mapped[str]
    mode: Mapped[str]
    purposes: Mapped[list[str]] = mapped_column(ARRAY(Text()), server_default="{}")
    result: Mapped[str]
    occurred_at: Mapped[datetime]
    received_at: Mapped[datetime]
    duration_s: Mapped[int | None]
    content: Mapped[str | None]
    needs: Mapped[list[str]] = mapped_column(ARRAY(Text()), server_default="{}")
    answers: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))

    lng: Mapped[float | None] = mapped_column(Double)
    lat: Mapped[float | None] = mapped_column(Double)
    raw_lng: Mapped[float | None] = mapped_column(Double)
    raw_lat: Mapped[float | None] = mapped_column(Double)
    coord_type: Mapped[str | None]
    accuracy_m: Mapped[float | None] = mapped_column(Double)
    distance_m: Mapped[float | None] = mapped_column(Double)

    lacks: Mapped[list[str]] = mapped_column(ARRAY(Text()), server_default="{}")
    approved: Mapped[bool | None]
    approved_by: Mapped[UUID | None] = mapped_column(ForeignKey("member.id"), index=True)
    approved_at: Mapped[datetime | None]
    is_effective: Mapped[bool]
    is_backfill: Mapped[bool] = mapped_column(server_default=text("false"))


class VisitVisitor(Base):
    """Everybody who went along, the one who recorded the visit included."""

    __tablename__ = "visit_visitor"
    __table_args__ = (Index("ix_visit_visitor_member_id_occurred_at", "member_id", "occurred_at"),)

    visit_id: Mapped[UUID] = mapped_column(ForeignKey("visit.id"), primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"), primary_key=True)
    occurred_at: Mapped[datetime]


class VisitOpinion(Keyed, Base):
    """Something that was heard on a visit; a ticket made of it stays linked."""

    __tablename__ = "visit_opinion"
    __table_args__ = (
        one_of("outcome", OpinionOutcome),
        CheckConstraint("(outcome = 'ticket') = (ticket_id IS NOT NULL)", name="ticket"),
        Index("uq_visit_opinion_visit_id_seq", "visit_id", "seq", unique=True),
        Index("uq_visit_opinion_ticket_id", "ticket_id", unique=True),
    )

    visit_id: Mapped[UUID] = mapped_column(ForeignKey("visit.id"))
    seq: Mapped[int] = mapped_column(SmallInteger)
    content: Mapped[str]
    outcome: Mapped[str]
    ticket_id: Mapped[UUID | None] = mapped_column(ForeignKey("ticket.id"))


class VisitAttachment(Base):
    """A file of a visit; in a row of its own, which erasure can reach."""

    __tablename__ = "visit_attachment"

    visit_id: Mapped[UUID] = mapped_column(ForeignKey("visit.id"), primary_key=True)
    attachment_id: Mapped[UUID] = mapped_column(ForeignKey("attachment.id"), primary_key=True, index=True)
