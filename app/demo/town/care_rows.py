"""Rows of whom the demo looks after and visits, its teams, contact links and places, ready for COPY.

Plain values only, as in `rows`; what stands in them is decided by `organising` and `visiting`.
"""

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

from app.models.enums import CareLevel, CareTag, PlaceKind, RiskLevel
from app.models.enums.staff import ContactKind, ContactRank, TeamKind
from app.models.enums.visit import (
    OpinionOutcome,
    PlanScope,
    VisitMode,
    VisitProgramme,
    VisitResult,
    VisitType,
)


class TeamRecord(NamedTuple):
    """A team of an area."""

    id: UUID
    name: str
    kind: TeamKind
    area_id: UUID
    capacity: int
    service_items: list[str]
    created_at: datetime
    created_by: UUID
    updated_at: datetime
    updated_by: UUID


class TeamMemberRecord(NamedTuple):
    """Somebody's time in a team."""

    id: UUID
    team_id: UUID
    member_id: UUID
    valid_from: datetime


class QuotaRecord(NamedTuple):
    """How many households somebody may keep contact with."""

    id: UUID
    area_id: UUID
    kind: ContactKind
    rank: ContactRank
    most: int
    created_at: datetime
    created_by: UUID
    updated_at: datetime
    updated_by: UUID


class PlanRecord(NamedTuple):
    """A plan of visits."""

    id: UUID
    title: str
    programme: VisitProgramme
    scope: PlanScope
    area_id: UUID
    starts_on: date
    due_on: date
    created_at: datetime
    created_by: UUID
    updated_at: datetime
    updated_by: UUID


class AssigneeRecord(NamedTuple):
    """Who carries out a plan."""

    plan_id: UUID
    member_id: UUID


class PlaceRecord(NamedTuple):
    """A shop, a workshop or a rental house of a grid."""

    id: UUID
    area_id: UUID
    town_id: UUID
    village_id: UUID
    grid_id: UUID
    name: str
    kind: PlaceKind
    address: str
    employees: int
    risk_level: RiskLevel
    check_cycle_days: int
    last_check_on: date | None
    hand_check_on: date | None
    next_check_due: date
    created_at: datetime
    created_by: UUID
    updated_at: datetime
    updated_by: UUID


class LinkRecord(NamedTuple):
    """Who keeps contact with a household."""

    id: UUID
    member_id: UUID
    household_id: UUID
    kind: ContactKind
    rank: ContactRank
    valid_from: datetime
    created_at: datetime
    created_by: UUID
    updated_at: datetime
    updated_by: UUID


class CareRecord(NamedTuple):
    """Somebody who is looked after."""

    id: UUID
    area_id: UUID
    town_id: UUID
    village_id: UUID
    grid_id: UUID
    resident_id: UUID
    category: CareTag
    care_level: CareLevel
    responsible_id: UUID
    opened_on: date
    last_visit_on: date | None
    next_visit_due: date
    created_at: datetime
    created_by: UUID
    updated_at: datetime
    updated_by: UUID


class ReviewRecord(NamedTuple):
    """The decision that began it."""

    id: UUID
    care_object_id: UUID
    reviewed_on: date
    level_after: CareLevel
    created_at: datetime
    created_by: UUID
    updated_at: datetime
    updated_by: UUID


class PlannedRecord(NamedTuple):
    """A household of a plan."""

    plan_id: UUID
    household_id: UUID


class VisitRecord(NamedTuple):
    """A visit to a household."""

    id: UUID
    area_id: UUID
    town_id: UUID
    village_id: UUID
    grid_id: UUID
    plan_id: UUID | None
    visitor_id: UUID
    household_id: UUID
    visit_type: VisitType
    mode: VisitMode
    result: VisitResult
    occurred_at: datetime
    received_at: datetime
    duration_s: int
    content: str | None
    lng: float
    lat: float
    raw_lng: float
    raw_lat: float
    coord_type: str
    distance_m: float
    lacks: list[str]
    is_effective: bool
    created_at: datetime
    created_by: UUID
    updated_at: datetime
    updated_by: UUID


class VisitorRecord(NamedTuple):
    """Who went."""

    visit_id: UUID
    member_id: UUID
    occurred_at: datetime


class OpinionRecord(NamedTuple):
    """What was heard."""

    id: UUID
    visit_id: UUID
    seq: int
    content: str
    outcome: OpinionOutcome


TABLES: Mapping[type[tuple[object, ...]], str] = MappingProxyType(
    {
        TeamRecord: "team",
        TeamMemberRecord: "team_member",
        QuotaRecord: "contact_quota",
        PlanRecord: "visit_plan",
        AssigneeRecord: "visit_plan_assignee",
        PlaceRecord: "place",
        LinkRecord: "contact_link",
        CareRecord: "care_object",
        ReviewRecord: "care_review",
        PlannedRecord: "visit_plan_household",
        VisitRecord: "visit",
        VisitorRecord: "visit_visitor",
        OpinionRecord: "visit_opinion",
    }
)
