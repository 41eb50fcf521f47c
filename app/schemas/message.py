"""Wire shapes of messages, the to-do's badges, and the rules of escalation."""

from datetime import datetime, time
from typing import Annotated
from uuid import UUID

from pydantic import Field, PlainSerializer, StringConstraints

from app.models.enums.message import Channel, DeliveryState, MessageCategory, Task
from app.schemas.patch import Patch, untouched
from app.schemas.types import Input, Output

Minutes = Annotated[int, Field(ge=1, le=4320)]
HourMinute = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
OnTheWall = Annotated[time, PlainSerializer(lambda at: f"{at:%H:%M}", return_type=str)]
MailText = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        pattern=r"^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,5}$",
    ),
]


class NotificationRead(Output):
    """A message; the words are for showing, `kind` and `entity` for the app to go by."""

    id: UUID
    category: MessageCategory
    category_label: str
    kind: str
    title: str
    text: str
    entity: str = Field(description="关联对象：ticket、transfer、visit_plan 或 webhook")
    entity_id: UUID
    created_at: datetime
    read_at: datetime | None


class ReadAll(Input):
    """Which messages have been seen: all up to one, of one category or of all."""

    up_to: UUID | None = Field(default=None, description="列表中最新一条的编号；不填为全部")
    category: MessageCategory | None = None


class ReadCount(Output):
    """How many messages became read."""

    count: int


class Badge(Output):
    """A number on a badge; `more` where it is at least that much, so that `99+` is said honestly."""

    count: int
    more: bool
    list: str = Field(description="查看明细的地址")


class TodoRead(Output):
    """What the caller has to do and has not read; tasks of other roles are absent."""

    tasks: dict[Task, Badge]
    unread: dict[MessageCategory, Badge]
    unread_total: Badge


class EscalationRulePatch(Patch):
    """The fields of a rule that may change; times as `21:00` by the clock on the wall, null for none."""

    after_minutes: Minutes = untouched()
    quiet_from: HourMinute | None = None
    quiet_until: HourMinute | None = None
    enabled: bool = untouched()


class EscalationRuleRead(Output):
    """A rule: after so many minutes unread, a category goes out through a channel."""

    id: UUID
    category: MessageCategory
    channel: Channel
    after_minutes: int
    quiet_from: OnTheWall | None
    quiet_until: OnTheWall | None
    enabled: bool
    version: int


class EscalationRules(Output):
    """All rules: there is one for each category and channel."""

    items: list[EscalationRuleRead]
    channels: dict[Channel, bool] = Field(description="各渠道是否已配置")


class DeliveryRead(Output):
    """Messages on their way through a channel, for an administrator: no words and no address."""

    id: UUID
    member_id: UUID
    channel: Channel
    messages: int
    state: DeliveryState
    attempts: int
    failure: str | None
    created_at: datetime
    not_before: datetime
    ended_at: datetime | None


class MailAddressWrite(Input):
    """Where one's own mail goes."""

    address: MailText


class MailAddressRead(Output):
    """One's own mail address, masked; null where there is none."""

    address: str | None
