"""Wire shapes of what happens to people and households: arrivals, births, moves, deaths, splits, mergers.

Every event has a day, today unless said and never in the future, and a reason where more than one fits.
"""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from app.models.enums import Gender, HouseholdType, LinkReason, NoIdReason, PopulationType
from app.schemas.folding import BirthDay, Code, Day, Label, PersonName
from app.schemas.household import MAX_RESIDENTS, RELATION, NumberAsTyped, ResidentCreate
from app.schemas.types import Input

Relation = Annotated[str, Field(pattern=RELATION, examples=["02", "10", "20"])]
Arrived = Literal[
    LinkReason.REGISTERED, LinkReason.MOVED, LinkReason.MARRIED, LinkReason.ADOPTED, LinkReason.OTHER
]
Moved = Literal[
    LinkReason.MOVED,
    LinkReason.MARRIED,
    LinkReason.ADOPTED,
    LinkReason.WORK,
    LinkReason.STUDY,
    LinkReason.OTHER,
]
Departed = Literal[LinkReason.MOVED_OUT, LinkReason.MARRIED, LinkReason.OTHER]


class Kin(Input):
    """What a member of the household is to its head from now on."""

    resident_id: UUID
    relation: Relation


class NewHead(Input):
    """Who is the head of a household from now on, and what others are to them where that changes."""

    resident_id: UUID
    relations: list[Kin] = Field(default=[], max_length=MAX_RESIDENTS)


class Home(Input):
    """Where somebody lives: with a household, in a room, or at an address outside the registry."""

    household_id: UUID | None = None
    room_id: UUID | None = None
    address: Label | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(value is not None for value in (self.household_id, self.room_id, self.address)) != 1:
            raise ValueError("住户、房屋、外地地址三者须填且只填一项 | needs exactly one of the three")
        return self


class Arrival(ResidentCreate):
    """A person who was not in the registry, in a household; living elsewhere where a home is given."""

    household_id: UUID
    on: Day | None = None
    reason: Arrived = LinkReason.REGISTERED
    home: Home | None = None


class Birth(Input):
    """A child born into a household; without a number yet, unless it has one."""

    name: PersonName = Field(repr=False)
    gender: Gender = Gender.UNSTATED
    birth_on: BirthDay = Field(repr=False)
    relation: Relation
    population_type: PopulationType = PopulationType.HUKOU
    id_number: NumberAsTyped | None = Field(default=None, repr=False)
    no_id_reason: NoIdReason = NoIdReason.NEW_BORN


class Registration(Input):
    """The household that somebody belongs to from now on."""

    household_id: UUID
    relation: Relation


class Move(Input):
    """Another household, another home, or both; who lives where they are registered moves along."""

    on: Day | None = None
    reason: Moved = LinkReason.MOVED
    household: Registration | None = None
    home: Home | None = None
    head: NewHead | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.household is None and self.home is None:
            raise ValueError("请填写迁入的户或新的住处 | needs a household or a home")
        return self


class Departure(Input):
    """Somebody leaves the town for good (迁出)."""

    on: Day | None = None
    reason: Departed = LinkReason.MOVED_OUT
    head: NewHead | None = None


class Death(Input):
    """Somebody died; who was the head is followed by `head`, or the household is marked."""

    on: Day | None = None
    head: NewHead | None = None


class HeadChange(NewHead):
    """Another head for a household, on a day."""

    on: Day | None = None


class Split(Input):
    """Some members become a household of their own (分户); it stays where it was unless a place is given."""

    on: Day | None = None
    no: Code | None = None
    household_type: HouseholdType = HouseholdType.RESIDENT
    area_id: UUID | None = None
    room_id: UUID | None = None
    address: Label | None = None
    members: list[Kin] = Field(min_length=1, max_length=MAX_RESIDENTS)
    head: NewHead | None = None


class Merge(Input):
    """Another household becomes part of this one (并户); each of its members says what they are now."""

    household_id: UUID
    on: Day | None = None
    members: list[Kin] = Field(default=[], max_length=MAX_RESIDENTS)


class HouseholdMove(Input):
    """A household moves as a whole: to a room, or to a grid and an address."""

    on: Day | None = None
    area_id: UUID | None = None
    room_id: UUID | None = None
    address: Label | None = None

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if self.area_id is None and self.room_id is None:
            raise ValueError("请填写迁往的房屋或网格 | needs a room or a grid")
        return self
