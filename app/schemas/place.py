"""Wire shapes of places that are not homes; contacts leave masked."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from app.core.texts import compact
from app.models.enums import PlaceKind, RiskLevel
from app.schemas.folding import Day, Label, PersonName, PersonPhone, folded
from app.schemas.patch import Patch, untouched
from app.schemas.types import Input, Output, Ref, ShortText

Uscc = Annotated[ShortText, folded(compact), StringConstraints(max_length=40)]
Employees = Annotated[int, Field(ge=0, le=1_000_000)]
Cycle = Annotated[int, Field(ge=1, le=3660)]


class PlaceCreate(Input):
    """A new place: in a room, or in a grid with an address; the first check is due after one cycle."""

    name: Label
    kind: PlaceKind
    area_id: UUID | None = None
    room_id: UUID | None = None
    address: Label | None = None
    uscc: Uscc | None = None
    contact_name: PersonName | None = Field(default=None, repr=False)
    contact_phone: PersonPhone | None = Field(default=None, repr=False)
    employees: Employees | None = None
    risk_level: RiskLevel = RiskLevel.LOW
    check_cycle_days: Cycle = 90


class PlacePatch(Patch):
    """What may change of a place."""

    name: Label = untouched()
    kind: PlaceKind = untouched()
    address: Label = untouched()
    uscc: Uscc | None = None
    contact_name: PersonName | None = Field(default=None, repr=False)
    contact_phone: PersonPhone | None = Field(default=None, repr=False)
    employees: Employees | None = None
    risk_level: RiskLevel = untouched()
    check_cycle_days: Cycle = untouched()


class PlaceCheck(Input):
    """A place was checked, on a day, and how dangerous it was found."""

    on: Day | None = None
    risk_level: RiskLevel | None = None


class PlaceRead(Output):
    """A place; the contact's name and phone are masked."""

    id: UUID
    name: str
    kind: PlaceKind
    address: str
    uscc: str | None
    contact_name: str | None
    contact_phone: str | None
    employees: int | None
    risk_level: RiskLevel
    check_cycle_days: int
    last_check_on: date | None
    next_check_due: date
    area: Ref
    room: Ref | None
    ended_on: date | None
    version: int
