"""Rows of the demo's tickets and all that hangs on them: a tuple a table, its fields the columns.

Plain values only; what stands in them is decided by `case`. `TABLES` names the table of each, parents before
children.
"""

from collections.abc import Mapping
from datetime import date, datetime
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
    SuperviseLevel,
    SuspendReason,
    Urgency,
)
from app.models.enums.attachment import AttachmentKind, AttachmentPurpose


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
    rectify_mode: str | None
    pending: str | None
    supervise_level: SuperviseLevel
    handling_level: int
    merged_into_id: UUID | None
    merged_from: Status | None
    resume_on: date | None
    archived_at: datetime | None
    next_at: datetime | None
    extension_count: int
    decline_count: int
    rework_count: int
    dispatch_count: int
    version: int
    created_at: datetime
    created_by: UUID
    updated_at: datetime
    updated_by: UUID | None


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
    actor_id: UUID | None
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
    halved: bool
    started_at: datetime
    due_at: datetime
    provisional: bool
    next_at: datetime | None
    level: int
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
    """A request for somebody's approval, and what was decided."""

    id: UUID
    ticket_id: UUID
    kind: str
    asked_by: UUID
    asked_at: datetime
    reason: ReturnReason | SuspendReason
    basis: str
    proposed_org_id: UUID | None = None
    amount: int | None = None
    resume_on: date | None = None
    state: RequestState = RequestState.PENDING
    decided_by: UUID | None = None
    decided_at: datetime | None = None


class SupervisionRecord(NamedTuple):
    """A card: when it was given, answered and lifted; `by_id` None for the system."""

    id: UUID
    ticket_id: UUID
    level: SuperviseLevel
    org_id: UUID | None
    by_id: UUID | None
    at: datetime
    replied_at: datetime | None = None
    lifted_at: datetime | None = None


class SuspensionRecord(NamedTuple):
    """A line of the ledger of suspended tickets."""

    id: UUID
    ticket_id: UUID
    reason: SuspendReason
    started_at: datetime
    resume_on: date
    review_at: datetime
    ended_at: datetime | None = None


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


class AttachmentRecord(NamedTuple):
    """A photo that a member took."""

    id: UUID
    member_id: UUID
    sha256: bytes
    object_key: str
    mime: str
    kind: AttachmentKind
    size: int
    created_at: datetime


class LinkRecord(NamedTuple):
    """What a photo shows in a step."""

    event_id: UUID
    attachment_id: UUID
    ticket_id: UUID
    purpose: AttachmentPurpose


TABLES: Mapping[type[tuple[object, ...]], str] = MappingProxyType(
    {
        TicketRecord: "ticket",
        ContactRecord: "ticket_contact",
        EventRecord: "ticket_event",
        NoteRecord: "ticket_note",
        ClockRecord: "ticket_clock",
        AssignmentRecord: "ticket_assignment",
        RequestRecord: "ticket_request",
        SupervisionRecord: "ticket_supervision",
        SuspensionRecord: "ticket_suspension",
        OutcomeRecord: "ticket_outcome",
        RevisitRecord: "revisit",
        EvaluationRecord: "evaluation",
        AttachmentRecord: "attachment",
        LinkRecord: "ticket_attachment",
    }
)
