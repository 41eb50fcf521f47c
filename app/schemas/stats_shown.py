"""Wire shapes of what a screen shows besides figures: the map of grids, the last steps, the tickets counted.

None of them holds a person; titles of tickets go to those alone who may see the ticket.
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from app.models.enums import Stage
from app.schemas.stats_figures import AnswerRead, PeriodRead
from app.schemas.types import Output, Ref


class MapFigures(Output):
    """What a grid is coloured by."""

    id: UUID
    name: str
    code: str
    open: int
    overdue: int
    reported: int
    closed: int
    visits: int


class MapFeature(Output):
    """A grid as a GeoJSON feature; without a geometry where none is known."""

    type: Literal["Feature"] = "Feature"
    id: UUID
    geometry: dict[str, Any] | None
    properties: MapFigures


class Shape(Output):
    """The outline of a grid as a GeoJSON feature, simplified to some metres."""

    type: Literal["Feature"] = "Feature"
    id: UUID
    geometry: dict[str, Any] | None
    properties: Ref


class ShapesRead(Output):
    """Grids as a GeoJSON FeatureCollection in WGS 84, without figures."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[Shape]


class MapRead(AnswerRead):
    """Grids as a GeoJSON FeatureCollection in WGS 84."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    period: PeriodRead
    features: list[MapFeature]


class LiveItem(Output):
    """A step of a ticket, told without persons or free text."""

    id: UUID
    at: datetime
    ticket_id: UUID
    no: str
    action: str
    action_name: str
    stage: Stage
    status: str
    category: str | None = Field(description="看不到工单的人为空")
    area: Ref
    org: Ref | None
    overdue: bool


class LiveRead(AnswerRead):
    """The last steps, newest first."""

    items: list[LiveItem]


class CountedTicket(Output):
    """A ticket that a figure counted, and how often; without its title for who may not see the ticket."""

    id: UUID
    no: str
    title: str | None
    category: str | None
    stage: Stage
    status: str
    status_name: str
    area: Ref
    org: Ref | None
    reported_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    counted_at: datetime | None = Field(description="计入的那一小时；现状类指标为空")
    times: int = Field(description="在这一小时内计了几次")


class CountedRead(AnswerRead):
    """The tickets behind a figure, the latest first; all `times` together are the figure."""

    items: list[CountedTicket]
    next_cursor: str | None = None
