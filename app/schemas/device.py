"""Wire shapes of devices: sessions with their names, and where pushes go."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from app.models.enums.message import PushProvider
from app.schemas.types import Input, Name, Output

# Printable ASCII: identifiers of the providers, never words.
PushToken = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{8,500}$")]
AppId = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,100}$")]


class DeviceSessionRead(Output):
    """One sign-in that is still open."""

    id: UUID
    name: str | None
    is_mobile: bool
    app_version: str | None
    user_agent: str | None
    is_current: bool = Field(description="就是本次登录")
    push_provider: PushProvider | None
    signed_in_at: datetime
    seen_at: datetime = Field(description="最近一次续期")
    expires_at: datetime


class DeviceSessionList(Output):
    """All open sessions of an account."""

    items: list[DeviceSessionRead]


class DeviceName(Input):
    """What its owner calls a device."""

    name: Name


class PushWrite(Input):
    """Where the pushes of this session go."""

    provider: PushProvider
    app_id: AppId
    token: PushToken
