"""Wire shapes of the pull: what a phone keeps, and what it is told to forget.

Names that the phone has in its code lists and areas do not travel with each record.
"""

from datetime import date, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import Field

from app.models.enums import (
    AreaKind,
    AreaLevel,
    CareLevel,
    CareTag,
    HouseholdType,
    ResidenceStatus,
    Role,
    Stage,
    Status,
    Urgency,
)
from app.models.enums.message import Task
from app.models.enums.visit import VisitLack, VisitMode, VisitResult, VisitType
from app.schemas.message import NotificationRead
from app.schemas.transfer import TransferRead
from app.schemas.types import Output, Ref

Item = TypeVar("Item")


class TicketItem(Output):
    """A ticket; `actions` are the codes open to the caller now, `tasks` what they have to do with it."""

    id: UUID
    no: str
    title: str
    content: str
    address: str
    category_code: str
    urgency: Urgency
    stage: Stage
    status: Status
    area_id: UUID
    household_id: UUID | None
    lead_org_id: UUID | None
    org_name: str | None
    handler_id: UUID | None
    reported_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    pending: str | None
    supervise_level: str
    version: int
    mine: bool = Field(description="本人上报")
    tasks: list[Task] = Field(description="本人的待办；overdue 自 due_at 起算")
    actions: list[str] = Field(description="现在可以做的动作；填写项见 codes.action")


class VisitItem(Output):
    """A visit, without what was heard on it."""

    id: UUID
    household_id: UUID | None
    place_id: UUID | None
    plan_id: UUID | None
    area_id: UUID
    visitor_id: UUID
    visit_type: VisitType
    mode: VisitMode
    result: VisitResult
    occurred_at: datetime
    duration_s: int | None
    purposes: list[str]
    content: str | None
    needs: list[str]
    is_effective: bool
    lacks: list[VisitLack]
    is_backfill: bool
    version: int


class HouseholdItem(Output):
    """A household with its masked head and when to go there."""

    id: UUID
    no: str
    address: str
    area_id: UUID
    household_type: HouseholdType
    residence_status: ResidenceStatus
    member_count: int
    needs_head: bool
    head_name: str | None
    care_level: CareLevel | None
    last_visit_on: date | None
    next_visit_due: date
    tasks: list[Task] = Field(description="visits_due 自 next_visit_due 当天起算")
    version: int


class CareItem(Output):
    """Somebody whom the caller is responsible for; `category` is null for those who may not know it."""

    id: UUID
    resident: Ref | None
    household: Ref | None
    category: CareTag | None
    care_level: CareLevel
    area_id: UUID
    last_visit_on: date | None
    next_visit_due: date = Field(description="care_due 自当天起算")
    version: int


class AreaItem(Output):
    """An area of the caller's, or one above it."""

    id: UUID
    code: str
    name: str
    short_name: str
    level: AreaLevel
    kind: AreaKind
    parent_id: UUID | None
    valid_to: date | None
    version: int


class CategoryItem(Output):
    """A category; one that is switched off stays, for the tickets that have it."""

    code: str
    parent_code: str | None
    label_zh: str
    label_en: str
    enabled: bool
    self_handled: bool


class PostItem(Output):
    """A post of the caller's that counts now."""

    role: Role
    role_name: str
    area_id: UUID | None
    org_id: UUID | None


class CodeList(Output):
    """A code list of this release; `version` changes with its contents."""

    version: str
    values: list[dict[str, Any]]


class Changes(Output, Generic[Item]):
    """Records of one part to store, and ids to forget."""

    items: list[Item] = Field(default_factory=list)
    gone: list[UUID] = Field(default_factory=list)


class PullRead(Output):
    """A page of what changed; what a reply does not name stays as it is on the phone."""

    cursor: str
    more: bool = Field(description="马上再取下一页")
    first: bool = Field(description="首次同步的一页：全部取完后，清除未提到的旧数据")
    tickets: Changes[TicketItem] | None = None
    visits: Changes[VisitItem] | None = None
    households: Changes[HouseholdItem] | None = None
    areas: Changes[AreaItem] | None = None
    care: Changes[CareItem] | None = None
    transfers: Changes[TransferRead] | None = None
    notifications: Changes[NotificationRead] | None = None
    categories: list[CategoryItem] | None = None
    posts: list[PostItem] | None = None
    codes: dict[str, CodeList] | None = Field(default=None, description="本版本的代码表，仅有变化的")
