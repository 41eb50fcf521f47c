"""Wire shapes of the people who work in the grids; names and work phones are public, own phones masked."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from app.models.enums import Employment, Gender, Role
from app.schemas.folding import Label, Mobile, PersonName, PublicPhone
from app.schemas.history import ChangeRead
from app.schemas.patch import Patch, untouched
from app.schemas.types import AnyTime, Input, Output, Ref


class MemberCreate(Input):
    """A new member of an area, an organisation, or both; without an area, that of the organisation."""

    name: PersonName
    gender: Gender = Gender.UNSTATED
    employment: Employment
    occupation: Label | None = None
    area_id: UUID | None = None
    org_id: UUID | None = None
    work_phone: PublicPhone | None = None
    phone: Mobile | None = Field(default=None, repr=False)


class MemberPatch(Patch):
    """What may change of a member."""

    name: PersonName = untouched()
    gender: Gender = untouched()
    employment: Employment = untouched()
    occupation: Label | None = None
    area_id: UUID = untouched()
    org_id: UUID | None = None
    work_phone: PublicPhone | None = None
    phone: Mobile | None = Field(default=None, repr=False)


class MemberEnd(Input):
    """When a member leaves: now unless said, and not in the past."""

    ended_at: AnyTime | None = None


class MemberRead(Output):
    """A member; `phone` is masked, `work_phone` is the public one."""

    id: UUID
    name: str
    gender: Gender
    employment: Employment
    occupation: str | None
    area: Ref | None
    org: Ref | None
    work_phone: str | None
    phone: str | None
    ended_at: datetime | None
    version: int


class MemberPost(Output):
    """A post of a member, from a moment to another or still."""

    id: UUID
    role: Role
    area: Ref | None
    org: Ref | None
    valid_from: datetime
    valid_to: datetime | None


class MemberDetail(MemberRead):
    """A member with the posts that have not ended."""

    posts: list[MemberPost]


class MemberHistory(Output):
    """All posts that the member ever held or will hold, the latest first, and who wrote what."""

    posts: list[MemberPost]
    changes: list[ChangeRead]
