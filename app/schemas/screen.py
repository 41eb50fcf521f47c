"""Wire shapes of screens and their tokens; a secret appears in one answer only."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import Field, model_validator

from app.schemas.folding import Label
from app.schemas.types import AnyTime, Input, Output, Ref


class ScreenCreate(Input):
    """A screen: what it is called, whose figures it shows, and until when (at most a year)."""

    name: Label = Field(description="大屏的名称或位置")
    area_id: UUID | None = None
    org_id: UUID | None = None
    expires_at: AnyTime

    @model_validator(mode="after")
    def _one_scope(self) -> Self:
        if (self.area_id is None) == (self.org_id is None):
            raise ValueError("area_id 和 org_id 须且只须填写一个 | exactly one of area_id and org_id")
        return self


class ScreenTokenRead(Output):
    """A screen without its secret; `key` is the part between `wgs_` and the dot."""

    id: UUID
    name: str
    area: Ref | None
    org: Ref | None
    key: str
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None = Field(description="最近一次使用，约十分钟记一次")
    created_at: datetime
    created_by: Ref


class ScreenTokenShown(ScreenTokenRead):
    """A new screen with its token, which cannot be had again."""

    token: str = Field(repr=False)
