"""The map: the grids of a scope with what they are coloured by, and their outlines, which change seldom.

Of a town and below it is the grids that are shown, above a town the towns. Outlines are simplified to some
metres and rounded, so that a town is some tens of kilobytes; who has them once asks for the numbers alone.
"""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import shapely
from sqlalchemy import ColumnElement, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.area import Area
from app.models.enums import AreaLevel
from app.models.enums.measure import Measure
from app.schemas.stats_shown import MapFeature, MapFigures, MapRead, Shape, ShapesRead
from app.schemas.types import Ref
from app.services.areas import tree
from app.services.platform.actor import Actor
from app.services.stats import board, sums
from app.services.stats.asked import Asked, period
from app.services.stats.kpis import VERSION
from app.services.stats.whose import EVERYTHING, Place, Whose

_METRES = 5e-5
_DECIMALS = 5
_FINE = frozenset({AreaLevel.TOWN, AreaLevel.VILLAGE, AreaLevel.GRID, AreaLevel.MICRO_GRID})
_SHOWN = (
    *board.OPEN.values(),
    Measure.OVERDUE,
    Measure.REPORTED,
    Measure.CLOSED,
    Measure.VISITS,
)


async def figures(session: AsyncSession, *, actor: Actor, asked: Asked, geometry: bool) -> MapRead:
    """The grids with their figures, and with their outlines if wanted."""
    span, whose = asked.span(), await asked.whose(session, actor)
    found = await _within(session, whose, geometry=geometry)
    places = tuple(Place(row.id, row.name, AreaLevel(row.level)) for row in found)
    slices = [sums.NOW, *sums.slices(0, span)]
    query = sums.Query(Whose(places, whose.orgs), slices, _SHOWN, each_area=True)
    counted = await sums.read(session, query)
    parts: dict[UUID | None, dict[Measure, int]] = {}
    for row in counted.rows:
        parts.setdefault(row.area_id, {}).update(row.sums)
    outlines = await _outlines(found) if geometry else {}
    return MapRead(
        as_of=counted.as_of,
        definition_version=VERSION,
        period=period(span),
        features=[
            MapFeature(
                id=row.id, geometry=outlines.get(row.id), properties=_figures(row, parts.get(row.id, {}))
            )
            for row in found
        ],
    )


async def shapes(session: AsyncSession, *, actor: Actor, asked: Asked) -> ShapesRead:
    """The outlines of the grids that the map shows to this caller."""
    found = await _within(session, await asked.whose(session, actor), geometry=True)
    outlines = await _outlines(found)
    return ShapesRead(
        features=[
            Shape(id=row.id, geometry=outlines.get(row.id), properties=Ref(id=row.id, name=row.name))
            for row in found
        ]
    )


async def mark(session: AsyncSession) -> str:
    """A short text that differs whenever an area did."""
    writes, rows = (await session.execute(select(func.sum(Area.version), func.count(Area.id)))).one()
    return f"{writes}.{rows}"


async def _within(session: AsyncSession, whose: Whose, *, geometry: bool) -> Sequence[Any]:
    """The areas to show, by code."""
    columns = [Area.id, Area.name, Area.code, Area.level]
    if geometry:
        columns.append(Area.boundary)
    statement = select(*columns).where(or_(*(_shown(place) for place in whose.places)), tree.in_force())
    return (await session.execute(statement.order_by(Area.code))).all() if whose.places else ()


def _shown(place: Place) -> ColumnElement[bool]:
    if place.level is AreaLevel.MICRO_GRID:
        return Area.id == place.id
    level = AreaLevel.GRID if place.level in _FINE else AreaLevel.TOWN
    inside = true() if place.id == EVERYTHING else Area.path.contains([place.id])
    return inside & (Area.level == level)


async def _outlines(rows: Sequence[Any]) -> dict[UUID, dict[str, Any]]:
    drawn = {row.id: row.boundary for row in rows if row.boundary}
    # Geometry is work for the processor alone: others are answered meanwhile.
    return await asyncio.to_thread(_simplified, drawn)


def _simplified(drawn: dict[UUID, dict[str, Any]]) -> dict[UUID, dict[str, Any]]:
    found = {}
    for area_id, geojson in drawn.items():
        outline = shapely.geometry.shape(geojson).simplify(_METRES, preserve_topology=True)
        found[area_id] = _rounded(shapely.geometry.mapping(outline))
    return found


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, _DECIMALS)
    if isinstance(value, dict):
        return {name: _rounded(inner) for name, inner in value.items()}
    return [_rounded(inner) for inner in value] if isinstance(value, tuple | list) else value


def _figures(row: Any, part: dict[Measure, int]) -> MapFigures:
    return MapFigures(
        id=row.id,
        name=row.name,
        code=row.code,
        open=sum(part.get(name, 0) for name in board.OPEN.values()),
        overdue=part.get(Measure.OVERDUE, 0),
        reported=part.get(Measure.REPORTED, 0),
        closed=part.get(Measure.CLOSED, 0),
        visits=part.get(Measure.VISITS, 0),
    )
