"""Wire shapes of webhooks: subscriptions, their log, and the messages that go out.

A message follows Standard Webhooks 1.0: `type`, `timestamp`, `data`. What may tell of somebody stands in it
only where the client was given the field; other fields are codes.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from app.models.enums import EventSource, Stage, Status, Urgency
from app.models.enums.third_party import WebhookDeliveryState, WebhookPayload, WebhookState
from app.schemas.patch import Patch, untouched
from app.schemas.types import AnyTime, CategoryCode, Input, Output, PastTime, Ref, ShortText

MOST_TYPES = 100
Url = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2048, pattern=r"^[\x21-\x7e]+$")]
EventName = Annotated[str, StringConstraints(pattern=r"^[a-z_]+\.[a-z_]+$", max_length=60)]
EventNames = Annotated[list[EventName], Field(max_length=MOST_TYPES, description="不填为全部")]


class WebhookCreate(Input):
    """An address to tell of tickets, and of which; within what the client may see."""

    client_id: UUID | None = Field(default=None, description="管理员须填；接入方自己创建时不填")
    url: Url = Field(examples=["https://hooks.example.com/wangge"])
    description: ShortText
    area_id: UUID | None = Field(default=None, description="管理员须填；接入方不填即令牌的区域")
    category_code: CategoryCode | None = Field(default=None, description="两位大类或四位小类，不填为全部")
    event_types: EventNames = Field(default_factory=list)
    payload: WebhookPayload = WebhookPayload.THIN


class WebhookPatch(Patch):
    """What may change; `active` also switches on again what was disabled, and sends what waits."""

    url: Url = untouched()
    description: ShortText = untouched()
    category_code: CategoryCode | None = untouched()
    event_types: EventNames = untouched()
    payload: WebhookPayload = untouched()
    active: bool = untouched()


class WebhookRead(Output):
    """A subscription, without its secret."""

    id: UUID
    client: Ref
    url: str
    description: str
    area: Ref
    category_code: str | None
    event_types: list[str]
    payload: WebhookPayload
    state: WebhookState
    failing_since: datetime | None = Field(description="此后一直没有成功投递")
    delivered_at: datetime | None = Field(description="最近一次成功投递")
    disabled_at: datetime | None
    disabled_reason: str | None = Field(description="gone 对方答复 410，unreachable 三天都没有成功")
    former_secret_until: datetime | None = Field(description="旧密钥同时签名到这一刻")
    created_at: datetime
    updated_at: datetime
    version: int


class WebhookShown(WebhookRead):
    """A subscription with its new secret, which cannot be had again."""

    secret: str = Field(repr=False)


class SecretRotate(Input):
    """For how long the former secret signs, too; 0 where it is known to somebody else."""

    overlap_hours: int = Field(default=24, ge=0, le=168)


class ReplayCreate(Input):
    """From when on the steps are sent again, in order; until when, now unless said otherwise."""

    since: PastTime
    until: AnyTime | None = None


class EventTypeRead(Output):
    """A type of event: the step of the workflow, and the states that follow it (none: any)."""

    type: str
    label: str
    to: list[Status]


class EventTypes(Output):
    """All types of events, in the order of the workflow."""

    items: list[EventTypeRead]


class WebhookDeliveryRead(Output):
    """One message to one address and its last attempt; `excerpt` is what a refusal began with."""

    id: UUID
    webhook_id: UUID
    message_id: str = Field(description="请求头 webhook-id，重发时不变")
    event_type: str
    ticket_id: UUID | None
    seq: int
    state: WebhookDeliveryState
    attempts: int
    next_at: datetime | None
    status: int | None = Field(description="对方答复的 HTTP 状态码")
    duration_ms: int | None
    failure: str | None = Field(description="没有答复的原因：timeout、unreachable、tls、address_refused 等")
    excerpt: str | None
    created_at: datetime
    ended_at: datetime | None


class Told(Output):
    """A message; built at once, because the document describes it as a body that somebody takes."""

    model_config = ConfigDict(defer_build=False)


class PingData(Told):
    """What a test says."""

    webhook_id: UUID


class PingMessage(Told):
    """The message of a test."""

    type: str
    timestamp: datetime
    data: PingData


class MessageLocation(Told):
    """Where it is, as WGS-84."""

    lng: float
    lat: float


class MessageTicket(Told):
    """A ticket as it stands when the message is sent; from `title` on, only what the client was given."""

    no: str
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
    reported_at: datetime
    due_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    resolution_type: str | None
    solved: str | None
    satisfaction: str | None
    supervise_level: str
    merged_into_id: UUID | None
    title: str | None = None
    content: str | None = None
    address: str | None = None
    location: MessageLocation | None = None
    measures: str | None = None
    public_reply: str | None = None


class MessageStep(Told):
    """A step of a ticket; of one that has left the area, no more than that it has."""

    ticket_id: UUID
    seq: int = Field(description="该工单的第几步，可据以排序和去重；暂存不投递，因此未必从 1 起")
    left_area: bool = Field(description="工单已不在订阅的区域内，不再另行通知")
    label: str | None = None
    from_status: Status | None = None
    to_status: Status | None = None
    status_word: str | None = Field(
        default=None, description="接收方对 to_status 的叫法，没有对照时为本系统的叫法"
    )
    external_ref: str | None = Field(default=None, description="接收方自己的工单编号，由它推送的工单才有")
    actor_role: str | None = Field(default=None, description="保密工单不提供")
    opinion: str | None = None
    ticket: MessageTicket | None = Field(default=None, description="仅 full")


class TicketMessage(Told):
    """The message of a step."""

    type: str
    timestamp: datetime = Field(description="这一步发生的时间")
    data: MessageStep
