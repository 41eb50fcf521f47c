"""Wire shapes of sign-in (RFC 6749, 7009, 7517), of one's own password and of who one is.

The token endpoint's forms ignore parameters that they do not know, as the standard asks.
"""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.models.enums import Role
from app.schemas.post import PostRead
from app.schemas.types import Input, LongText, Output, Password, ShortText

Secret = Annotated[Password | None, Field(repr=False)]


class TokenForm(BaseModel):
    """What a client sends for tokens; each grant needs some of it."""

    model_config = ConfigDict(extra="ignore")

    grant_type: ShortText = Field(
        default="password", description="password、refresh_token 或 client_credentials"
    )
    username: ShortText | None = Field(default=None, description="账号名或手机号")
    password: Secret = None
    refresh_token: Secret = None
    attempt: UUID | None = Field(
        default=None,
        repr=False,
        description="刷新时可带：手机为这一次刷新生成的 UUID；收不到回复就用同一个重试，不会被当作盗用",
    )
    client_id: ShortText | None = None
    client_secret: Secret = None
    scope: Annotated[str | None, Field(max_length=500)] = Field(
        default=None, description="client_credentials 可只要其中几项权限，以空格分隔；不填为令牌的全部"
    )


class RevokeForm(BaseModel):
    """The token to take back: refresh, access or API token."""

    model_config = ConfigDict(extra="ignore")

    token: LongText = Field(repr=False)
    token_type_hint: Annotated[str, StringConstraints(max_length=200)] | None = None


class TokenRead(Output):
    """RFC 6749, 5.1; `must_change_password` says that nothing else works before that."""

    access_token: str = Field(repr=False)
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a word of the standard
    expires_in: int = Field(description="秒")
    refresh_token: str | None = Field(default=None, repr=False)
    scope: str | None = None
    must_change_password: bool | None = None


class PasswordChange(Input):
    """The present password and the one to come."""

    current_password: Password = Field(repr=False)
    new_password: Password = Field(repr=False, description="至少 8 位，大写、小写、数字、符号中至少三种")


class RoleRead(Output):
    """A role with its labels."""

    role: Role
    label: str
    label_en: str


class MeRead(Output):
    """The caller; `id` is the member's, or the client's for a third party."""

    id: UUID
    kind: Literal["person", "client"]
    name: str
    username: str | None
    must_change_password: bool
    roles: list[RoleRead]
    posts: list[PostRead]
    token_scopes: list[str]


class KeySet(BaseModel):
    """A JWK set: the public keys that a token in circulation may name."""

    keys: list[dict[str, Any]]
