"""Wire shapes of contact links, their quotas and their coverage."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.models.enums import HouseholdType
from app.models.enums.staff import ContactKind, ContactRank
from app.schemas.patch import Patch, untouched
from app.schemas.stats import Ratio
from app.schemas.types import Input, Output, Ref

MAX_QUOTA = 1_000


class ContactLinkCreate(Input):
    """A member who keeps contact with a household from now on."""

    member_id: UUID
    household_id: UUID
    kind: ContactKind = ContactKind.PARTY
    rank: ContactRank


class ContactLinkPatch(Patch):
    """What may change of a link: as what the member keeps it."""

    rank: ContactRank = untouched()


class ContactLinkRead(Output):
    """A link, present or past."""

    id: UUID
    member: Ref
    household_id: UUID
    address: str
    household_type: HouseholdType
    kind: ContactKind
    rank: ContactRank
    valid_from: datetime
    valid_to: datetime | None
    version: int


class ContactQuotaCreate(Input):
    """How many households somebody of a rank may have; without a type, of all types together."""

    area_id: UUID
    kind: ContactKind = ContactKind.PARTY
    rank: ContactRank
    household_type: HouseholdType | None = None
    most: int = Field(ge=1, le=MAX_QUOTA)


class ContactQuotaPatch(Patch):
    """What may change of a quota."""

    most: Annotated[int, Field(ge=1, le=MAX_QUOTA)] = untouched()


class ContactQuotaRead(Output):
    """A quota; the one of the smallest area counts."""

    id: UUID
    area: Ref
    kind: ContactKind
    rank: ContactRank
    household_type: HouseholdType | None
    most: int
    version: int


class TypeCoverage(Output):
    """How many households of a type somebody keeps contact with."""

    household_type: HouseholdType
    covered: Ratio = Field(description="已有联系人的户数 ÷ 在册户数（空置户不计）")


class CoverageRead(Output):
    """Coverage of the caller's scope, in all and by type of household."""

    covered: Ratio
    links: int
    members: int
    by_type: list[TypeCoverage]
