"""Wire shapes of the area tree and of locating a point; degrees on their way out are WGS-84."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from app.models.enums import AreaKind, AreaLevel
from app.schemas.folding import Code, Day, Label, PublicPhone
from app.schemas.patch import Patch, untouched
from app.schemas.types import Input, Output, Point

MAX_PARTS = 20
MAX_RINGS = 20
MAX_POSITIONS = 5000

Degrees = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Ring = Annotated[list[tuple[Degrees, Degrees]], Field(min_length=4, max_length=MAX_POSITIONS)]
Rings = Annotated[list[Ring], Field(min_length=1, max_length=MAX_RINGS)]


class Polygon(Input):
    """GeoJSON: an outer ring and perhaps holes, as [lng, lat] in WGS-84 (RFC 7946)."""

    type: Literal["Polygon"]
    coordinates: Rings


class MultiPolygon(Input):
    """GeoJSON: several polygons that are one area."""

    type: Literal["MultiPolygon"]
    coordinates: Annotated[list[Rings], Field(min_length=1, max_length=MAX_PARTS)]


Boundary = Annotated[Polygon | MultiPolygon, Field(discriminator="type")]


class AreaCreate(Input):
    """A new area below `parent_id`; without a centre, the middle of the boundary is taken."""

    code: Code
    name: Label
    short_name: Label | None = None
    level: AreaLevel
    kind: AreaKind
    parent_id: UUID | None = None
    center: Point | None = None
    boundary: Boundary | None = None
    is_synthetic: bool = False
    public_phone: PublicPhone | None = None
    valid_from: Day | None = None


class AreaPatch(Patch):
    """What may change of an area; a new `parent_id` moves it with all below it. It ends by another call."""

    name: Label = untouched()
    short_name: Label = untouched()
    kind: AreaKind = untouched()
    parent_id: UUID = untouched()
    center: Point | None = None
    boundary: Boundary | None = None
    is_synthetic: bool = untouched()
    public_phone: PublicPhone | None = None


class AreaRef(Output):
    """An area by name, as a step of an address."""

    id: UUID
    code: str
    name: str
    level: AreaLevel


class AreaRead(Output):
    """An area without its boundary; in force on days with valid_from <= day < valid_to."""

    id: UUID
    code: str
    name: str
    short_name: str
    level: AreaLevel
    kind: AreaKind
    parent_id: UUID | None
    center_lng: float | None
    center_lat: float | None
    coord_type: Literal["wgs84"] = "wgs84"
    is_synthetic: bool
    public_phone: str | None
    valid_from: date
    valid_to: date | None
    version: int


class AreaDetail(AreaRead):
    """An area with its boundary (GeoJSON) and what lies above it, top first."""

    boundary: dict[str, Any] | None
    ancestors: list[AreaRef] = Field(default_factory=list)


class PointRead(Output):
    """A point in WGS-84 degrees."""

    lng: float
    lat: float
    coord_type: Literal["wgs84"] = "wgs84"


class LocateRead(Output):
    """Where a point lies: the smallest grid or micro-grid round it that the caller sees, or null."""

    point: PointRead
    grid: AreaRead | None
    ancestors: list[AreaRef]
