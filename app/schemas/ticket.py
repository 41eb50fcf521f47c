"""Wire shapes of tickets: the report that comes in, briefs for lists, the detail, the timeline.

Times are RFC 3339 with offset, ids strings. A point goes out as it came in and as WGS-84. The person who
complained goes out masked.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from app.models.enums import CoordType, EventSource, Stage, Status, Urgency
from app.schemas.attachment import AttachmentNames, AwaitedAttachmentRead, TicketAttachmentRead
from app.schemas.duplicate import DuplicateRead
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
    draft: bool = Field(default=False, description="只暂存，不上报")
    confidential: bool = Field(default=False, description="对承办单位隐去上报人")
    attachments: AttachmentNames = Field(default_factory=list, description="已上传的照片等")


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
    pending: str | None = Field(description="等待审批的申请")
    supervise_level: str
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
    level: int = Field(description="0 正常，1 黄色预警，2 及以上超期")
    paused_at: datetime | None
    stopped_at: datetime | None
    given: bool = Field(default=False, description="期限由来源方规定（如热线），不随本系统规则变动")


class ContactRead(Output):
    """The person who complained, masked."""

    name: str | None
    phone: str | None


class LocationRead(Output):
    """The point as sent, and as WGS-84; a datum that fits better than the claimed one is told."""

    lng: float
    lat: float
    coord_type: CoordType
    wgs84_lng: float
    wgs84_lat: float
    coord_type_fits: CoordType | None = Field(
        description="存疑：按所报坐标系，该点远在所报网格之外，按这一坐标系则在网格内；未作改动，请核对"
    )


class HelperRead(Output):
    """An organisation that helps the lead (会办)."""

    org_id: UUID
    name: str
    dispatched_at: datetime
    done_at: datetime | None


class SupervisionRead(Output):
    """The supervision or card that presses now."""

    level: str
    at: datetime
    replied_at: datetime | None


class RequestRead(Output):
    """A request that waits for somebody's approval."""

    kind: str
    reason: str | None
    basis: str | None
    amount: int | None
    resume_on: date | None
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
    solved: str | None


class TicketRead(TicketBrief):
    """A ticket with all that the caller may know and do."""

    content: str
    address: str
    location: LocationRead | None
    household_id: UUID | None
    visit_id: UUID | None = Field(description="反映意见的那次走访")
    source_ref: str | None = Field(description="来源方（如热线）自己的工单编号")
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
    pending_request: RequestRead | None
    helpers: list[HelperRead]
    joint: bool
    confidential: bool
    rectify_mode: str | None
    handling_level: int
    supervision: SupervisionRead | None
    resume_on: date | None
    merged_into_id: UUID | None
    excluded_from_assessment: bool
    archived_at: datetime | None
    extension_count: int
    reopen_count: int
    appeal_count: int
    decline_count: int
    rework_count: int
    outcome: OutcomeRead | None
    clocks: list[ClockRead]
    revisits: list[RevisitRead]
    evaluations: list[EvaluationRead]
    attachments: list[TicketAttachmentRead]
    awaited_attachments: list[AwaitedAttachmentRead] = Field(description="手机尚未传完的附件")
    allowed_actions: list[AllowedAction]


class TicketStepRead(TicketRead):
    """A ticket after a step; `likely_duplicates` after a report and a dispatch, the likeliest first."""

    likely_duplicates: list[DuplicateRead]


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
