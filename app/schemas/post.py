"""Wire shapes of posts: who holds which role where, and from when to when."""

from datetime import datetime
from uuid import UUID

from app.models.enums import Role
from app.schemas.types import AnyTime, Input, Output, Ref


class PostCreate(Input):
    """A role for a member; the role decides whether an area, an organisation or neither is named."""

    member_id: UUID
    role: Role
    area_id: UUID | None = None
    org_id: UUID | None = None
    valid_from: AnyTime | None = None
    valid_to: AnyTime | None = None


class PostEnd(Input):
    """When a post stops counting; now unless said."""

    valid_to: AnyTime | None = None


class PostRead(Output):
    """A post with the names that people read; without `valid_to` it has no end."""

    id: UUID
    member: Ref
    role: Role
    role_label: str
    role_label_en: str
    area: Ref | None
    org: Ref | None
    valid_from: datetime
    valid_to: datetime | None
    version: int
