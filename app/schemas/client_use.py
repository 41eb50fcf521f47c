"""Wire shapes of how a client's tokens are used: figures by day and operation, single calls, its own page."""

from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from app.models.enums.third_party import ClientField
from app.schemas.types import Output, Ref
from app.schemas.webhook import WebhookDeliveryRead


class DayUse(Output):
    """One day's calls; errors are answers from 400 on, but for those beyond the limit."""

    day: date
    calls: int
    errors: int
    limited: int = Field(description="因超过限额被拒绝的次数（429）")


class OperationUse(Output):
    """One operation's calls."""

    operation: str = Field(description="接口的 operationId，如 tickets_list")
    calls: int
    errors: int
    limited: int
    last_at: datetime


class ClientUse(Output):
    """A client's calls of the last days, today included, and of which operations they were, busiest first."""

    days: list[DayUse]
    operations: list[OperationUse]


class AllowanceRead(Output):
    """What is left of an allowance, as in the RateLimit headers."""

    name: str
    limit: int
    window_s: int
    remaining: int
    reset_s: int = Field(description="多少秒后完全恢复")


class OwnToken(Output):
    """The token that asks; `key` is the part between `wg_` and the dot."""

    id: UUID
    key: str
    area: Ref
    scopes: list[str]
    expires_at: datetime
    last_used_at: datetime | None
    former_secret_until: datetime | None


class ClientSelf(ClientUse):
    """A client as it finds itself: who it is, what its token may, how it is used, what was last delivered."""

    id: UUID
    name: str
    owner: str
    purpose: str
    areas: list[Ref] = Field(description="其令牌须在这些区域之内；空为不另加限制")
    datasets: list[str]
    fields: list[ClientField]
    networks: list[str]
    expires_at: datetime
    token: OwnToken
    allowances: list[AllowanceRead]
    deliveries: list[WebhookDeliveryRead] = Field(description="最近的推送，新的在前")


class ApiCallRead(Output):
    """A call that wrote or saw what may tell of somebody."""

    id: UUID
    client_id: UUID
    token_id: UUID
    at: datetime
    operation: str
    record_id: UUID | None
    status: int
    request_id: str | None
