"""Wire shapes of households and the people in them; what goes out is masked, addresses are kept.

A birth date never goes out beside a masked identity number, because the two together give the whole number:
there is an age instead.
"""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from app.core.texts import compact
from app.models.enums import (
    CareLevel,
    Gender,
    HouseholdType,
    IdType,
    NoIdReason,
    PopulationType,
    ResidenceStatus,
)
from app.schemas.folding import BirthDay, Code, Day, Label, PersonName, PersonPhone, folded
from app.schemas.patch import Patch, untouched
from app.schemas.types import Input, Output, Ref, ShortText

MAX_RESIDENTS = 100
RELATION = r"^(0[1-9]|[1-9][0-9])$"

NumberAsTyped = Annotated[ShortText, folded(compact), StringConstraints(max_length=40)]


class ResidentCreate(Input):
    """Somebody of a new household; `relation` to the head by GB/T 4761, the head being 01 to 09.

    Birth date and gender are read from the identity number where they are not given.
    """

    name: PersonName = Field(repr=False)
    relation: str = Field(pattern=RELATION, examples=["02", "12", "20"])
    gender: Gender | None = None
    birth_on: BirthDay | None = Field(default=None, repr=False)
    population_type: PopulationType = PopulationType.HUKOU
    id_type: IdType = IdType.RESIDENT_ID
    id_number: NumberAsTyped | None = Field(default=None, repr=False)
    no_id_reason: NoIdReason | None = None
    phone: PersonPhone | None = Field(default=None, repr=False)
    hukou_place: Label | None = None
    occupation: Label | None = None
    workplace: Label | None = None


class HouseholdCreate(Input):
    """A new household of a grid or micro-grid with its people: one head, or nobody where it is vacant.

    In a room, the grid and the address are the room's; `since` is the day when they came, today unless said.
    """

    area_id: UUID | None = None
    room_id: UUID | None = None
    address: Label | None = None
    since: Day | None = None
    household_type: HouseholdType
    residence_status: ResidenceStatus = ResidenceStatus.SAME
    no: Code | None = None
    residents: list[ResidentCreate] = Field(default=[], max_length=MAX_RESIDENTS, repr=False)


class HouseholdPatch(Patch):
    """What may change of a household; a corrected address is not a move."""

    no: Code = untouched()
    address: Label = untouched()
    household_type: HouseholdType = untouched()
    residence_status: ResidenceStatus = untouched()


class HouseholdRead(Output):
    """A household as a row of a list; `needs_head` until somebody is named head."""

    id: UUID
    no: str
    address: str
    household_type: HouseholdType
    residence_status: ResidenceStatus
    member_count: int
    needs_head: bool
    area: Ref
    head_name: str | None
    version: int


class HouseholdPerson(Output):
    """Somebody who belongs to the household now; name and numbers are masked, age in full years."""

    resident_id: UUID
    name: str
    relation: str
    is_head: bool
    gender: Gender
    age: int | None
    population_type: PopulationType
    id_number: str | None
    phone: str | None
    lives_here: bool
    since: date


class HouseholdDetail(HouseholdRead):
    """A household with its people, the head first; `lodgers` live here and are registered elsewhere."""

    room: Ref | None
    town_id: UUID | None
    village_id: UUID | None
    grid_id: UUID | None
    care_level: CareLevel | None = Field(description="其中最严的关爱等级，空为普通住户")
    last_visit_on: date | None
    next_visit_due: date
    ended_on: date | None
    people: list[HouseholdPerson]
    lodgers: list[HouseholdPerson]


class Warned(Output):
    """Something stored as it was sent that looks odd: which field, and why."""

    field: str
    code: str
    message: str


class HouseholdCreated(HouseholdDetail):
    """The new household, and what of it deserves a second look."""

    warnings: list[Warned]
