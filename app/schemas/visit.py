"""Wire shapes of visits: what a worker records, the opinions heard, what is due next, the day's log.

Names of residents go out masked; those of visitors are on duty and plain.
"""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, model_validator

from app.models.enums import CareLevel, CoordType, HouseholdType, Status, Urgency
from app.models.enums.visit import OpinionOutcome, VisitLack, VisitMode, VisitResult, VisitType
from app.schemas.attachment import AttachmentNames
from app.schemas.json_texts import JsonObject
from app.schemas.patch import Patch, untouched
from app.schemas.ticket import ContactCreate
from app.schemas.types import Input, LeafCategory, LongText, Output, PastTime, Point, Ref, ShortText

A_DAY_S = 86_400


class OpinionTicket(Input):
    """What makes a ticket of an opinion; place, household and time are the visit's."""

    id: UUID | None = None
    title: ShortText
    category_code: LeafCategory = Field(examples=["0501"])
    urgency: Urgency = Urgency.NORMAL
    contact: ContactCreate | None = None
    confidential: bool = False
    attachments: AttachmentNames = Field(default_factory=list)


class OpinionCreate(Input):
    """Something that was heard: with `ticket` it is reported, else settled on the spot or noted."""

    content: LongText
    outcome: OpinionOutcome = OpinionOutcome.NOTED
    ticket: OpinionTicket | None = None

    @model_validator(mode="after")
    def _agree(self) -> "OpinionCreate":
        if (self.outcome is OpinionOutcome.TICKET) != (self.ticket is not None):
            raise ValueError(
                "转工单的意见须填写 ticket | a ticket is needed for that outcome, and only there"
            )
        return self


class VisitCreate(Input):
    """A visit to a household, perhaps to somebody there, to a place, or to who lives in no household.

    `id` (UUIDv7) may be made by the phone, then sending it twice makes one visit.
    """

    id: UUID | None = None
    plan_id: UUID | None = None
    household_id: UUID | None = None
    resident_id: UUID | None = Field(default=None, description="只走访户中一人，或其人不住在任何户中")
    place_id: UUID | None = None
    companion_ids: list[UUID] = Field(default_factory=list, max_length=10, description="同行人员")
    visit_type: VisitType = VisitType.ROUTINE
    mode: VisitMode = VisitMode.IN_PERSON
    purposes: list[ShortText] = Field(default_factory=list, max_length=10)
    result: VisitResult
    occurred_at: PastTime = Field(description="开始时间")
    duration_s: int | None = Field(default=None, ge=0, le=A_DAY_S, description="秒")
    location: Point | None = None
    content: LongText | None = None
    needs: list[ShortText] = Field(default_factory=list, max_length=20)
    answers: JsonObject | None = None
    opinions: list[OpinionCreate] = Field(default_factory=list, max_length=20)
    attachment_ids: list[UUID] = Field(default_factory=list, max_length=9)
    awaited_attachment_ids: list[UUID] = Field(
        default_factory=list, max_length=9, description="离线时先提交，文件稍后以这些编号上传"
    )

    @model_validator(mode="after")
    def _one(self) -> "VisitCreate":
        if self.place_id is not None and (self.household_id or self.resident_id):
            raise ValueError("走访场所时不填住户和居民 | a place, or a household with its people, not both")
        if not (self.household_id or self.place_id or self.resident_id):
            raise ValueError("住户、居民、场所须填写一个 | needs a household, a resident or a place")
        return self


class VisitPatch(Patch):
    """What the one who recorded a visit may put right."""

    visit_type: VisitType = untouched()
    result: VisitResult = untouched()
    purposes: Annotated[list[ShortText], Field(max_length=10)] = untouched()
    duration_s: int | None = Field(default=None, ge=0, le=A_DAY_S)
    content: LongText | None = None
    needs: Annotated[list[ShortText], Field(max_length=20)] = untouched()


class VisitDecide(Input):
    """Whether a visit counts, whatever the rule says."""

    approved: bool


class VisitBrief(Output):
    """A visit in a list; `lacks` is what the rule misses."""

    id: UUID
    household_id: UUID | None
    place: Ref | None
    address: str
    visitor: Ref
    area: Ref
    plan_id: UUID | None
    visit_type: VisitType
    mode: VisitMode
    result: VisitResult
    occurred_at: datetime
    duration_s: int | None
    is_effective: bool
    lacks: list[VisitLack]
    is_backfill: bool = Field(description="一天以后才补报")
    version: int


class OpinionRead(Output):
    """An opinion, and how far its ticket has come."""

    id: UUID
    seq: int
    content: str
    outcome: OpinionOutcome
    ticket_id: UUID | None
    ticket_no: str | None
    ticket_status: Status | None


class LocationRead(Output):
    """Where the visit took place, as sent and as WGS-84."""

    lng: float
    lat: float
    raw_lng: float
    raw_lat: float
    coord_type: CoordType
    accuracy_m: float | None


class VisitRead(VisitBrief):
    """A visit with everything that belongs to it."""

    resident_id: UUID | None
    resident_name: str | None
    visitors: list[Ref]
    purposes: list[str]
    content: str | None
    needs: list[str]
    answers: dict[str, Any] | None
    location: LocationRead | None
    distance_m: float | None = Field(description="距住址的米数：楼栋坐标未知时按网格")
    approved: bool | None
    approved_at: datetime | None
    received_at: datetime
    opinions: list[OpinionRead]
    attachment_ids: list[UUID]
    awaited_attachment_count: int = Field(description="手机尚未传完的附件数")


class DueRead(Output):
    """A household that is to be visited, the most urgent first; `id` is the household's."""

    id: UUID
    no: str
    address: str
    household_type: HouseholdType
    area: Ref
    head_name: str | None
    care_level: CareLevel | None = Field(description="空为普通住户")
    last_visit_on: date | None
    next_visit_due: date
    overdue_days: int = Field(ge=0)


class LogVisit(Output):
    """One visit of the day's log."""

    id: UUID
    address: str
    visit_type: VisitType
    mode: VisitMode
    result: VisitResult
    occurred_at: datetime
    duration_s: int | None
    is_effective: bool


class DailyLogRead(Output):
    """A day of work as it was done; nobody types it. The visits are the first 200."""

    on: date
    member: Ref
    visits: int
    effective_visits: int
    households: int
    places: int
    minutes: int
    opinions: int
    tickets_reported: int
    self_resolved: int
    steps: dict[str, int] = Field(description="办理动作 → 次数")
    visited: list[LogVisit]
