"""Wire shapes of API clients and their tokens; a secret appears in one answer only."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.models.enums import AccountStatus
from app.models.enums.third_party import ClientField
from app.schemas.folding import Label
from app.schemas.patch import Patch, untouched
from app.schemas.types import AnyTime, Input, Output, Ref, ShortText

MAX_SCOPES = 20
ClientFields = Annotated[
    list[ClientField],
    Field(
        max_length=len(ClientField), description="可能涉及个人的字段中，允许提供给该接入方的；默认都不提供"
    ),
]


class ClientCreate(Input):
    """A third party: who, what for, whom to ask."""

    name: Label
    purpose: ShortText
    contact: ShortText
    fields: ClientFields = Field(default_factory=list)
    org_id: UUID | None = Field(
        default=None,
        description="该单位自己的系统才填：只看派给该单位的工单，并代表单位签收、反馈、办结；以后不能改",
    )


class ClientPatch(Patch):
    """What may change of a client; `disabled` stops all its tokens at once."""

    name: Label = untouched()
    purpose: ShortText = untouched()
    contact: ShortText = untouched()
    status: AccountStatus = untouched()
    fields: ClientFields = untouched()


class ClientRead(Output):
    """A third party."""

    id: UUID
    name: str
    purpose: str
    contact: str
    status: AccountStatus
    org_id: UUID | None
    fields: list[ClientField]
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
    created_at: datetime


class ApiTokenShown(ApiTokenRead):
    """A new token in full; it cannot be had again."""

    token: str = Field(repr=False)


class ApiTokenList(Output):
    """All tokens of one client, newest first."""

    items: list[ApiTokenRead]
