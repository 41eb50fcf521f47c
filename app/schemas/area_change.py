"""Wire shapes of what happens to areas: they split, go into one another, move to another parent."""

from datetime import date
from uuid import UUID

from pydantic import Field

from app.models.enums import AreaEventKind, AreaKind
from app.schemas.area import AreaRef, Boundary
from app.schemas.folding import Code, Label
from app.schemas.history import ChangeRead
from app.schemas.types import Input, Output

MAX_PARTS, MAX_IDS = 20, 5000


class AreaMove(Input):
    """The parent from today on; everything in the area comes along."""

    parent_id: UUID


class AreaMerge(Input):
    """The area of the same level that takes this one in from today on."""

    into_id: UUID


class GridPart(Input):
    """A new grid out of a part of one: what lies in it."""

    code: Code
    name: Label
    kind: AreaKind = AreaKind.BASE_GRID
    boundary: Boundary | None = None
    micro_grid_ids: list[UUID] = Field(default=[], max_length=MAX_IDS)
    building_ids: list[UUID] = Field(default=[], max_length=MAX_IDS)
    household_ids: list[UUID] = Field(default=[], max_length=MAX_IDS)
    place_ids: list[UUID] = Field(default=[], max_length=MAX_IDS)


class GridSplit(Input):
    """The new grids; what none of them names stays where it was."""

    parts: list[GridPart] = Field(min_length=1, max_length=MAX_PARTS)


class AreaEventRead(Output):
    """What happened to an area: `other` is the former parent, the new grid, or the one it went into."""

    kind: AreaEventKind
    other: AreaRef
    happened_on: date


class AreaHistory(Output):
    """What happened to an area, the latest first, and who wrote what."""

    events: list[AreaEventRead]
    changes: list[ChangeRead]
