"""Wire shapes of what third parties send in: tickets by their own reference, supplements, withdrawals.

A client speaks in its own codes: its category codes and its words for our statuses are mapped by a table
that administrators keep (`IntakeProfileWrite`). Of a bulk each item is read by itself (`api/intake`).
"""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field, SkipValidation, StringConstraints

from app.models.enums import EventSource, Stage, Status, Urgency
from app.models.enums.third_party import IntakeOutcome, WithdrawalOutcome
from app.schemas.attachment import AttachmentNames
from app.schemas.types import (
    AnyTime,
    Input,
    LeafCategory,
    LongText,
    Name,
    Output,
    PastTime,
    Phone,
    Point,
    Ref,
    ShortText,
    clean,
)

MAX_ITEMS, MAX_CATEGORIES = 1_000, 2_000
REF = r"^[A-Za-z0-9][A-Za-z0-9._:~-]{0,63}$"
OwnRef = Annotated[str, StringConstraints(pattern=REF)]
OwnCode = Annotated[ShortText, StringConstraints(max_length=100)]
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000), AfterValidator(clean)
]
AreaCode = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{1,32}$")]


class CallerCreate(Input):
    """The person who complained; kept sealed, so that somebody can call back."""

    name: Name | None = None
    phone: Phone | None = None


class IntakeCreate(Input):
    """A ticket of a third party; the same `external_ref` again is the same ticket."""

    external_ref: OwnRef = Field(
        description="来源方自己的工单编号，同一接入方内唯一", examples=["DH20261122-0001"]
    )
    title: ShortText
    content: LongText
    category_code: OwnCode | None = Field(
        default=None, description="来源方自己的类别代码，按对照表转换；没有对照表时即本系统的四位代码"
    )
    urgency: Urgency = Urgency.NORMAL
    area_code: AreaCode | None = Field(default=None, description="区域或网格代码，不填则由坐标确定")
    location: Point | None = None
    address: ShortText
    contact: CallerCreate | None = None
    occurred_at: PastTime | None = None
    reply_due_at: AnyTime | None = Field(
        default=None, description="来源方要求的答复期限，即整件工单的期限；不随本系统规则变动"
    )
    confidential: bool = Field(default=False, description="对承办单位隐去上报人")
    attachments: AttachmentNames = Field(default_factory=list, description="已上传的照片等")


class IntakeBatch(Input):
    """Many tickets at once; each is taken or refused by itself."""

    items: list[SkipValidation[IntakeCreate]] = Field(min_length=1, max_length=MAX_ITEMS)


class SupplementCreate(Input):
    """More about a ticket; the same `supplement_ref` again changes nothing."""

    supplement_ref: OwnRef = Field(description="来源方对这次补充的编号，在该工单内唯一", examples=["1"])
    content: LongText
    attachments: AttachmentNames = Field(default_factory=list)


class WithdrawalCreate(Input):
    """Why the person who complained takes it back."""

    reason: Reason


class IntakeBrief(Output):
    """A ticket in the list of what a client sent."""

    external_ref: str
    id: UUID
    no: str
    status: Status
    status_word: str = Field(description="来源方对这一状态的叫法，没有对照时为本系统的叫法")
    stage: Stage
    category_code: str
    sent_category_code: str | None = Field(description="来源方报来的类别代码")
    urgency: Urgency
    reported_at: datetime
    due_at: datetime | None
    reply_due_at: datetime | None
    closed_at: datetime | None
    version: int


class IntakeRead(IntakeBrief):
    """A ticket as its sender follows it; `public_reply` only for a client that is given this field."""

    category_label: str
    area: Ref
    resolved_at: datetime | None
    resolution_type: str | None
    solved: str | None
    satisfaction: str | None
    public_reply: str | None
    merged_into_id: UUID | None = Field(description="并入的工单；以后的办理看那一件")


class WithdrawalRead(Output):
    """What came of a withdrawal, and the ticket."""

    outcome: WithdrawalOutcome = Field(
        description="withdrawn 已撤回；asked 已受理，等调度员同意；noted 已派单或有其他工单并入，已转告办理方"
    )
    ticket: IntakeRead


class IntakeResult(Output):
    """What became of one item of a bulk."""

    external_ref: str | None
    outcome: IntakeOutcome
    id: UUID | None = None
    no: str | None = None
    status: Status | None = None
    status_word: str | None = None
    problem: dict[str, Any] | None = Field(
        default=None, description="没有收下的原因，同单件上报的错误；errors[].field 指明第几项的哪个字段"
    )


class IntakeBatchRead(Output):
    """One result for each item, in their order."""

    received_at: datetime
    results: list[IntakeResult]


class CategoryPair(Input):
    """One of the client's category codes, and what it is here."""

    code: OwnCode
    category_code: LeafCategory


class IntakeProfileWrite(Input):
    """How a client's tickets come in; it replaces what was there."""

    source: EventSource = Field(default=EventSource.THIRD_PARTY, description="该接入方上报的来源")
    default_category_code: LeafCategory | None = Field(
        default=None, description="对照表中没有的代码归入的类别；不填则拒绝这样的工单"
    )
    categories: list[CategoryPair] = Field(default_factory=list, max_length=MAX_CATEGORIES)
    statuses: dict[Status, ShortText] = Field(
        default_factory=dict, description="本系统的状态在来源方叫什么", examples=[{"reported": "待受理"}]
    )


class CategoryPairRead(Output):
    """One of the client's category codes, and what it is here."""

    code: str
    category_code: str


class IntakeProfileRead(Output):
    """How a client's tickets come in."""

    source: EventSource
    default_category_code: str | None
    categories: list[CategoryPairRead]
    statuses: dict[Status, str]
    updated_at: datetime | None = Field(description="从未设置时为空")
    version: int = Field(description="从未设置时为 0")
