"""Wire shapes of personal data's own books: asking for plain values, and the log of who looked."""

from datetime import datetime
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from pydantic import Field

from app.models.enums.privacy import (
    ContactField,
    HouseholdField,
    PersonalRecord,
    ResidentField,
    RoomField,
    UnmaskReason,
)
from app.schemas.types import Input, Output, ShortText

Wanted = TypeVar("Wanted", ResidentField, HouseholdField, RoomField, ContactField)


class Unmask(Input, Generic[Wanted]):
    """Which fields, and why: a code, and words that an auditor will understand."""

    fields: Annotated[list[Wanted], Field(min_length=1, max_length=10)]
    reason: UnmaskReason
    note: ShortText = Field(repr=False)


class UnmaskResident(Unmask[ResidentField]):
    """Plain values of a resident."""


class UnmaskHousehold(Unmask[HouseholdField]):
    """Plain values of a household's head."""


class UnmaskRoom(Unmask[RoomField]):
    """Plain values of a room's owner."""


class UnmaskContact(Unmask[ContactField]):
    """Plain values of a ticket's contact."""


class Unmasked(Output):
    """The plain values by field; null where none is known."""

    values: dict[str, str | None] = Field(repr=False)


class PiiAccessRead(Output):
    """One call for plain values; `refusal` is null where it was granted."""

    id: UUID
    at: datetime
    actor_id: UUID
    actor_name: str | None
    session_id: UUID | None
    entity: PersonalRecord
    entity_id: UUID
    resident_id: UUID | None
    fields: list[str]
    reason: UnmaskReason
    note: str | None
    refusal: str | None
    ip: str | None
    device: str | None
    request_id: str | None
