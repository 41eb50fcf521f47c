"""Wire shapes of buildings and rooms; owners leave masked, points in WGS-84 degrees."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.models.enums import BuildingKind, FireLevel, RoomUse
from app.schemas.folding import Day, Label, PersonName, PersonPhone
from app.schemas.patch import Patch, untouched
from app.schemas.types import Input, Output, Point, Ref, StaffRef

Floors = Annotated[int, Field(ge=1, le=200)]
Units = Annotated[int, Field(ge=1, le=100)]
Year = Annotated[int, Field(ge=1800, le=2100)]
Metres = Annotated[float, Field(ge=0.01, le=999_999.99, allow_inf_nan=False)]


class BuildingCreate(Input):
    """A new building of a grid or micro-grid."""

    area_id: UUID
    name: Label
    no: Label | None = None
    address: Label
    kind: BuildingKind = BuildingKind.RESIDENTIAL
    floors: Floors | None = None
    units: Units | None = None
    built_year: Year | None = None
    location: Point | None = None
    head_member_id: UUID | None = None
    is_rental: bool = False


class BuildingPatch(Patch):
    """What may change of a building; a new `area_id` takes the rooms and households in it along."""

    area_id: UUID = untouched()
    name: Label = untouched()
    no: Label | None = None
    address: Label = untouched()
    kind: BuildingKind = untouched()
    floors: Floors | None = None
    units: Units | None = None
    built_year: Year | None = None
    location: Point | None = None
    head_member_id: UUID | None = None
    is_rental: bool = untouched()


class BuildingRead(Output):
    """A building; the head (楼栋长) is a member of the team and comes with the full name."""

    id: UUID
    name: str
    no: str | None
    address: str
    kind: BuildingKind
    floors: int | None
    units: int | None
    built_year: int | None
    lng: float | None
    lat: float | None
    is_rental: bool
    area: Ref
    head: StaffRef | None
    ended_on: date | None
    version: int


class RoomCreate(Input):
    """A new room of a building, or, without one, a house of a grid with an address of its own."""

    building_id: UUID | None = None
    area_id: UUID | None = None
    unit_no: Label | None = None
    floor: Label | None = None
    room_no: Label
    address: Label | None = None
    use: RoomUse = RoomUse.OWNER
    area_m2: Metres | None = None
    owner_name: PersonName | None = Field(default=None, repr=False)
    owner_phone: PersonPhone | None = Field(default=None, repr=False)
    rental_registered: bool = False
    fire_level: FireLevel | None = None


class RoomPatch(Patch):
    """What may change of a room."""

    unit_no: Label | None = None
    floor: Label | None = None
    room_no: Label = untouched()
    address: Label = untouched()
    use: RoomUse = untouched()
    area_m2: Metres | None = None
    owner_name: PersonName | None = Field(default=None, repr=False)
    owner_phone: PersonPhone | None = Field(default=None, repr=False)
    rental_registered: bool = untouched()
    fire_level: FireLevel | None = None


class RoomRead(Output):
    """A room; the owner's name and phone are masked."""

    id: UUID
    building: Ref | None
    unit_no: str | None
    floor: str | None
    room_no: str
    address: str
    use: RoomUse
    area_m2: float | None
    owner_name: str | None
    owner_phone: str | None
    rental_registered: bool
    fire_level: FireLevel | None
    area: Ref
    ended_on: date | None
    version: int


class Ending(Input):
    """The day from which a record no longer counts: today unless said, and not later."""

    ended_on: Day | None = None
