"""Rows of the demo's tickets and all that hangs on them: a tuple a table, its fields the columns.

Plain values only; what stands in them is decided by `case`. `TABLES` names the table of each, parents before
children.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

from app.models.enums import (
    Action,
    ClockKind,
    EventSource,
    RequestState,
    ResolutionType,
    ReturnReason,
    RevisitMethod,
    RevisitState,
    Satisfaction,
    SlaUnit,
    Solved,
    Stage,
    Status,
    Urgency,
)


class TicketRecord(NamedTuple):
    """A ticket as it stands at the end."""

    id: UUID
    no: str
    title: str
    content: str
    category_code: str
    source: EventSource
    urgency: Urgency
    stage: Stage
    status: Status
    area_id: UUID
    town_id: UUID | None
    village_id: UUID | None
    grid_id: UUID | None
    address: str
    lng: float | None
    lat: float | None
    raw_lng: float | None
    raw_lat: float | None
    coord_type: str | None
    reporter_id: UUID | None
    client_id: UUID | None
    lead_org_id: UUID | None
    handler_id: UUID | None
    occurred_at: datetime | None
    reported_at: datetime
    due_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    revisit_state: RevisitState
    exempt_policy: str | None
    satisfaction: Satisfaction | None
    solved: Solved | None
    resolution_type: ResolutionType | None
    pending_decline: bool
    decline_count: int
    rework_count: int
    dispatch_count: int
    version: int
    created_at: datetime
    created_by: UUID
    updated_at: datetime
    updated_by: UUID


class ContactRecord(NamedTuple):
    """The person who complained."""

    ticket_id: UUID
    name: str
    phone_sealed: bytes
    phone_index: bytes
    phone_last4: str
    resident_id: UUID


class EventRecord(NamedTuple):
    """One step of the timeline; `data` is JSON as text."""

    id: UUID
    ticket_id: UUID
    seq: int
    action: Action
    from_status: Status | None
    to_status: Status
    at: datetime
    device_at: datetime | None
    actor_id: UUID
    actor_role: str
    data: str


class NoteRecord(NamedTuple):
    """The words that go with a step."""

    event_id: UUID
    opinion: str


class ClockRecord(NamedTuple):
    """A limit that runs or ran."""

    id: UUID
    ticket_id: UUID
    kind: ClockKind
    round: int
    unit: SlaUnit
    amount: int
    started_at: datetime
    due_at: datetime
    provisional: bool
    paused_at: datetime | None
    stopped_at: datetime | None
    org_id: UUID | None


class AssignmentRecord(NamedTuple):
    """One organisation's round of work."""

    id: UUID
    ticket_id: UUID
    round: int
    org_id: UUID
    handler_id: UUID | None
    dispatched_at: datetime
    signed_at: datetime | None
    ended_at: datetime | None
    end_reason: str | None


class RequestRecord(NamedTuple):
    """A request to decline, and what was decided."""

    id: UUID
    ticket_id: UUID
    kind: str
    reason: ReturnReason
    basis: str
    proposed_org_id: UUID | None
    asked_by: UUID
    asked_at: datetime
    state: RequestState
    decided_by: UUID | None
    decided_at: datetime | None


class OutcomeRecord(NamedTuple):
    """What the handler wrote of the result."""

    ticket_id: UUID
    round: int
    resolution_type: ResolutionType
    measures: str
    public_reply: str
    at: datetime


class RevisitRecord(NamedTuple):
    """One attempt to ask the person who complained."""

    id: UUID
    ticket_id: UUID
    round: int
    agent_id: UUID
    at: datetime
    method: RevisitMethod
    reached: bool
    solved: Solved | None
    satisfaction: Satisfaction | None


class EvaluationRecord(NamedTuple):
    """What somebody thinks of the outcome."""

    id: UUID
    ticket_id: UUID
    round: int
    by_member_id: UUID | None
    evaluated_by: str
    satisfaction: Satisfaction
    solved: Solved
    at: datetime


TABLES: Mapping[type[tuple[object, ...]], str] = MappingProxyType(
    {
        TicketRecord: "ticket",
        ContactRecord: "ticket_contact",
        EventRecord: "ticket_event",
        NoteRecord: "ticket_note",
        ClockRecord: "ticket_clock",
        AssignmentRecord: "ticket_assignment",
        RequestRecord: "ticket_request",
        OutcomeRecord: "ticket_outcome",
        RevisitRecord: "revisit",
        EvaluationRecord: "evaluation",
    }
)
