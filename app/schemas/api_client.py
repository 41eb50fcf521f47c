"""Wire shapes of API clients and their tokens; a secret appears in one answer only."""

from datetime import datetime
from ipaddress import ip_network
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from app.models.access import PER_DAY, PER_MINUTE
from app.models.enums import AccountStatus
from app.models.enums.third_party import ClientField
from app.schemas.folding import Label
from app.schemas.patch import Patch, untouched
from app.schemas.types import AnyTime, Input, Output, Ref, ShortText

MAX_SCOPES, MAX_AREAS, MAX_NETWORKS = 20, 50, 50
MOST_A_MINUTE, MOST_A_DAY = 60_000, 50_000_000


def _network(text: str) -> str:
    """The network in its usual form (`ValueError` where it is none, or has bits beyond its mask)."""
    try:
        return str(ip_network(text.strip()))
    except ValueError as wrong:
        raise ValueError("须为网段，如 10.20.0.0/16 | must be a network, as 10.20.0.0/16") from wrong


Network = Annotated[str, StringConstraints(max_length=49), AfterValidator(_network)]
ClientFields = Annotated[
    list[ClientField],
    Field(
        max_length=len(ClientField), description="可能涉及个人的字段中，允许提供给该接入方的；默认都不提供"
    ),
]
ClientScopes = Annotated[
    list[ShortText], Field(max_length=MAX_SCOPES, description="其令牌最多可有的权限；空为不另加限制")
]
ClientAreas = Annotated[
    list[UUID], Field(max_length=MAX_AREAS, description="其令牌须在这些区域之内；空为不另加限制")
]
Networks = Annotated[
    list[Network],
    Field(
        max_length=MAX_NETWORKS,
        description="只接受从这些网段发起的请求；空为不限",
        examples=[["10.20.0.0/16"]],
    ),
]
PerMinute = Annotated[int, Field(ge=1, le=MOST_A_MINUTE, description="全部令牌合计每分钟次数")]
PerDay = Annotated[int, Field(ge=1, le=MOST_A_DAY, description="全部令牌合计每 24 小时次数")]


class ClientCreate(Input):
    """A third party: who, whose, what for, whom to ask; the bounds of its tokens, and until when (a year)."""

    name: Label
    owner: ShortText | None = Field(default=None, description="所属单位；不填则同名称")
    purpose: ShortText
    contact: ShortText
    area_ids: ClientAreas = Field(default_factory=list)
    scopes: ClientScopes = Field(default_factory=list)
    fields: ClientFields = Field(default_factory=list)
    org_id: UUID | None = Field(
        default=None,
        description="该单位自己的系统才填：只看派给该单位的工单，并代表单位签收、反馈、办结；以后不能改",
    )
    networks: Networks = Field(default_factory=list)
    per_minute: PerMinute = PER_MINUTE
    per_day: PerDay = PER_DAY
    expires_at: AnyTime | None = Field(default=None, description="不填为一年后")


class ClientPatch(Patch):
    """What may change of a client; `disabled` stops all its tokens at once, narrower bounds bind them."""

    name: Label = untouched()
    owner: ShortText = untouched()
    purpose: ShortText = untouched()
    contact: ShortText = untouched()
    status: AccountStatus = untouched()
    area_ids: ClientAreas = untouched()
    scopes: ClientScopes = untouched()
    fields: ClientFields = untouched()
    networks: Networks = untouched()
    per_minute: PerMinute = untouched()
    per_day: PerDay = untouched()
    expires_at: AnyTime = untouched()


class ClientRead(Output):
    """A third party; its datasets are those that its scopes open."""

    id: UUID
    name: str
    owner: str
    purpose: str
    contact: str
    status: AccountStatus
    org_id: UUID | None
    areas: list[Ref]
    scopes: list[str]
    datasets: list[str]
    fields: list[ClientField]
    networks: list[str]
    per_minute: int
    per_day: int
    expires_at: datetime
    created_at: datetime
    updated_at: datetime
    version: int


class TokenCreate(Input):
    """What a new token may do, where, and until when (at most a year)."""

    scopes: Annotated[list[ShortText], Field(min_length=1, max_length=MAX_SCOPES)]
    area_id: UUID
    expires_at: AnyTime


class ApiTokenRead(Output):
    """A token without its secret; `key` is the part between `wg_` and the dot."""

    id: UUID
    key: str
    scopes: list[str]
    area: Ref
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None = Field(description="最近一次使用，约每分钟记一次")
    former_secret_until: datetime | None = Field(description="旧密钥到此为止仍有效")
    created_at: datetime


class ApiTokenShown(ApiTokenRead):
    """A new token in full; it cannot be had again."""

    token: str = Field(repr=False)


class ApiTokenFound(ApiTokenRead):
    """A token, and whose it is."""

    client: Ref


class SecretReplace(Input):
    """For how long the former secret works, too; 0 where it is known to somebody else."""

    overlap_hours: int = Field(default=24, ge=0, le=168)


class ApiTokenList(Output):
    """All tokens of one client, newest first."""

    items: list[ApiTokenRead]
