"""Wire shapes of personal data's own books: asking for plain values, the log of who looked, data requests."""

from datetime import date, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from pydantic import Field

from app.models.enums import CareLevel, CareTag, Gender
from app.models.enums.privacy import (
    ContactField,
    DataRequestAction,
    DataRequestKind,
    DataRequestState,
    HouseholdField,
    IdentityCheck,
    PersonalRecord,
    PlaceField,
    ResidentField,
    RoomField,
    UnmaskReason,
)
from app.schemas.folding import BirthDay, PersonName, PersonPhone
from app.schemas.household import NumberAsTyped
from app.schemas.patch import Patch, untouched
from app.schemas.types import Input, Output, ShortText

Wanted = TypeVar("Wanted", ResidentField, HouseholdField, RoomField, PlaceField, ContactField)


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


class UnmaskPlace(Unmask[PlaceField]):
    """Plain values of a place's contact."""


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


class Correction(Patch):
    """What is wrong with a resident's data, as it should be; null where there is none."""

    name: PersonName = untouched()
    gender: Gender = untouched()
    birth_on: BirthDay | None = Field(default=None, repr=False)
    id_number: NumberAsTyped | None = Field(default=None, repr=False, pattern=r"^[0-9]{14,17}[0-9Xx]$")
    phone: PersonPhone | None = Field(default=None, repr=False)


class DataRequestCreate(Input):
    """What a resident asks; `changes` belong to a correction alone."""

    resident_id: UUID
    kind: DataRequestKind
    identity_check: IdentityCheck
    note: ShortText = Field(repr=False)
    changes: Correction | None = Field(default=None, repr=False)


class DataRequestStep(Input):
    """A step of a request; a rejection needs words."""

    action: DataRequestAction
    note: ShortText | None = Field(default=None, repr=False)


class DataRequestRead(Output):
    """A request as it stands, without anything personal."""

    id: UUID
    resident_id: UUID
    kind: DataRequestKind
    state: DataRequestState
    identity_check: IdentityCheck
    created_at: datetime
    created_by: UUID | None
    decided_by: UUID | None
    decided_at: datetime | None
    done_by: UUID | None
    done_at: datetime | None
    version: int


class CopiedPerson(Output):
    """A resident's own row in plain."""

    name: str
    gender: Gender
    birth_on: date | None
    id_number: str | None
    phone: str | None
    hukou_place: str | None
    occupation: str | None
    workplace: str | None


class CopiedHome(Output):
    """Where the resident lives or lived; `address` only of a home outside the registry."""

    household_id: UUID | None
    room_id: UUID | None
    address: str | None
    since: date
    until: date | None


class CopiedTag(Output):
    """A tag that the resident has or had."""

    code: CareTag
    source: str | None
    since: date
    until: date | None


class CopiedCare(Output):
    """That somebody looks or looked after the resident: why, how, and what was said of it."""

    category: CareTag
    care_level: CareLevel
    measures: str | None
    since: date
    until: date | None
    notes: list[str]


class CopiedHousehold(Output):
    """A household that the resident belongs or belonged to."""

    household_id: UUID
    no: str
    address: str
    relation: str
    since: date
    until: date | None


class CopiedTicket(Output):
    """A ticket of which the resident is the contact."""

    ticket_id: UUID
    no: str
    title: str
    content: str
    reported_at: datetime
    replies: list[str]


class CopiedVisit(Output):
    """A visit to the resident, with what was written down and heard."""

    visit_id: UUID
    occurred_at: datetime
    by: str
    content: str | None
    needs: list[str]
    answers: dict[str, Any] | None
    opinions: list[str]


class CopiedAccess(Output):
    """Somebody's look at the resident's plain values."""

    at: datetime
    by: str | None
    fields: list[str]
    reason: UnmaskReason
    refused: bool


class DataCopy(Output):
    """All that is kept of a resident, for themselves."""

    person: CopiedPerson = Field(repr=False)
    households: list[CopiedHousehold] = Field(repr=False)
    homes: list[CopiedHome] = Field(repr=False)
    tags: list[CopiedTag] = Field(repr=False)
    care: list[CopiedCare] = Field(repr=False)
    visits: list[CopiedVisit] = Field(repr=False)
    tickets: list[CopiedTicket] = Field(repr=False)
    looks: list[CopiedAccess]
