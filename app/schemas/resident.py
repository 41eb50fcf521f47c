"""Wire shapes of residents by themselves: lists, one, changes, and the links of a life; masked.

As with households, a birth date never stands beside a masked identity number: there is an age instead.
"""

from datetime import date
from uuid import UUID

from pydantic import Field

from app.models.enums import Gender, IdType, LinkReason, NoIdReason, PopulationType
from app.schemas.folding import BirthDay, Label, PersonName, PersonPhone
from app.schemas.history import ChangeRead
from app.schemas.household import NumberAsTyped, Warned
from app.schemas.patch import Patch, untouched
from app.schemas.types import Output, Ref


class ResidentPatch(Patch):
    """What may change of a person; an emptied number needs `no_id_reason`."""

    name: PersonName = untouched()
    gender: Gender = untouched()
    birth_on: BirthDay | None = Field(default=None, repr=False)
    population_type: PopulationType = untouched()
    id_type: IdType = untouched()
    id_number: NumberAsTyped | None = Field(default=None, repr=False)
    no_id_reason: NoIdReason | None = None
    phone: PersonPhone | None = Field(default=None, repr=False)
    hukou_place: Label | None = None
    occupation: Label | None = None
    workplace: Label | None = None


class ResidentRead(Output):
    """A resident as a row of a list; `household` is where they are registered, by its number."""

    id: UUID
    name: str
    gender: Gender
    age: int | None
    population_type: PopulationType
    id_number: str | None
    no_id_reason: NoIdReason | None
    phone: str | None
    area: Ref | None
    household: Ref | None
    relation: str | None
    is_head: bool
    died_on: date | None
    left_on: date | None
    version: int


class HomeRead(Output):
    """Where somebody lives; `address` only of a home outside the registry, down to the district."""

    household: Ref | None
    room: Ref | None
    address: str | None
    since: date


class ResidentDetail(ResidentRead):
    """A resident with what is known beside the list's columns; origin and employer are masked."""

    id_type: IdType
    hukou_place: str | None
    occupation: str | None
    workplace: str | None
    home: HomeRead | None
    lives_where_registered: bool


class ResidentWritten(ResidentDetail):
    """A resident after a write, and what of it deserves a second look."""

    warnings: list[Warned]


class Span(Output):
    """From a day to another, or still; why it began and why it ended."""

    valid_from: date
    valid_to: date | None
    reason: LinkReason
    end_reason: LinkReason | None


class MembershipRead(Span):
    """A stretch of time in a household; null where that lies outside the caller's scope."""

    household: Ref | None
    relation: str
    is_head: bool


class ResidenceRead(Span):
    """A stretch of time in a home, null outside the caller's scope; elsewhere down to the district."""

    household: Ref | None
    room: Ref | None
    address: str | None


class ResidentHistory(Output):
    """Where a resident belonged and lived, the latest first, and who wrote what."""

    memberships: list[MembershipRead]
    residences: list[ResidenceRead]
    changes: list[ChangeRead]


class StayRead(Span):
    """A stretch of time in a place."""

    area: Ref
    room: Ref | None
    address: str


class KinRead(Span):
    """Somebody's stretch of time in the household; the name is masked."""

    resident: Ref
    relation: str
    is_head: bool


class HouseholdHistory(Output):
    """Where a household was and who belonged to it, the latest first, and who wrote what."""

    stays: list[StayRead]
    members: list[KinRead]
    changes: list[ChangeRead]
