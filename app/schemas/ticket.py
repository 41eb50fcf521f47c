"""Wire shapes of tickets: the report that comes in, briefs for lists, the detail, the timeline.

Times are RFC 3339 with offset, ids strings. A point goes out as it came in and as WGS-84. The person who
complained goes out masked.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from app.models.enums import CoordType, EventSource, Stage, Status, Urgency
from app.schemas.types import (
    Input,
    LeafCategory,
    LongText,
    MobilePhone,
    Name,
    Output,
    PastTime,
    Point,
    ShortText,
)


class ContactCreate(Input):
    """The person who complained, so that somebody can call back."""

    name: Name | None = None
    phone: MobilePhone | None = None


class TicketCreate(Input):
    """A report; `id` (UUIDv7) may be made by the phone, then sending it twice makes one ticket."""

    id: UUID | None = None
    title: ShortText
    content: LongText
    category_code: LeafCategory = Field(description="四位类别代码，如 0501", examples=["0501"])
    source: EventSource = EventSource.GRID_PATROL
    urgency: Urgency = Urgency.NORMAL
    area_id: UUID = Field(description="所在网格或村社区")
    address: ShortText
    location: Point | None = None
    household_id: UUID | None = None
    contact: ContactCreate | None = None
    occurred_at: PastTime | None = None


class TicketBrief(Output):
    """A ticket in a list."""

    id: UUID
    no: str
    title: str
    category_code: str
    category_label: str
    source: EventSource
    urgency: Urgency
    stage: Stage
    status: Status
    area_id: UUID
    area_name: str
    lead_org_id: UUID | None
    org_name: str | None
    handler_id: UUID | None
    reported_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    version: int


class NeedRead(Output):
    """A field that an action takes; `values` lists the codes where there is a list."""

    field: str
    kind: str
    required: bool
    values: list[str] | None = None


class AllowedAction(Output):
    """An action open to the caller now."""

    action: str
    label: str
    to: list[Status]
    needs: list[NeedRead]


class ClockRead(Output):
    """A time limit: when it started, is due, and stopped; `provisional`: a year is not published yet."""

    kind: str
    unit: str
    amount: int
    round: int
    started_at: datetime
    due_at: datetime
    provisional: bool
    paused_at: datetime | None
    stopped_at: datetime | None


class ContactRead(Output):
    """The person who complained, masked."""

    name: str | None
    phone: str | None


class LocationRead(Output):
    """The point as sent, and as WGS-84."""

    lng: float
    lat: float
    coord_type: CoordType
    wgs84_lng: float
    wgs84_lat: float


class DeclineRead(Output):
    """A request to decline that waits for the dispatcher."""

    reason: str
    basis: str
    proposed_org_id: UUID | None
    asked_at: datetime


class OutcomeRead(Output):
    """What the handler says came of it."""

    resolution_type: str
    measures: str
    public_reply: str
    at: datetime


class RevisitRead(Output):
    """One attempt to ask the person who complained."""

    round: int
    at: datetime
    method: str
    reached: bool
    solved: str | None
    satisfaction: str | None


class EvaluationRead(Output):
    """One evaluation of the outcome."""

    round: int
    at: datetime
    evaluated_by: str
    satisfaction: str
    solved: str


class TicketRead(TicketBrief):
    """A ticket with all that the caller may know and do."""

    content: str
    address: str
    location: LocationRead | None
    household_id: UUID | None
    reporter_id: UUID | None
    reporter_name: str | None
    handler_name: str | None
    contact: ContactRead | None
    occurred_at: datetime | None
    resolved_at: datetime | None
    revisit_state: str
    exempt_policy: str | None
    solved: str | None
    satisfaction: str | None
    pending_decline: DeclineRead | None
    decline_count: int
    rework_count: int
    outcome: OutcomeRead | None
    clocks: list[ClockRead]
    revisits: list[RevisitRead]
    evaluations: list[EvaluationRead]
    allowed_actions: list[AllowedAction]


class EventRead(Output):
    """One step of the timeline; `data` holds ids and codes (organisation, reasons, clocks)."""

    id: UUID
    seq: int
    action: str
    label: str
    from_status: Status | None
    to_status: Status
    at: datetime
    device_at: datetime | None
    actor_id: UUID | None
    actor_name: str | None
    actor_role: str
    opinion: str | None
    data: dict[str, Any]
