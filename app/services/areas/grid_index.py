"""The boundaries of all grids as each process keeps them: which contain a point, which are neighbours.

An R-tree of shapely polygons. A cheap mark of the grids in the database (how many, the sum of their
versions, the latest change) tells whether the copy is still good; when it differs, the copy is built anew
from one statement that also reads the mark. Scope and validity are asked of the database each time, never
of the index.
"""

from collections.abc import Sequence
from uuid import UUID

import shapely
from sqlalchemy import Row, ScalarSelect, Text, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.coordinates import Point, distance_m
from app.models.area import Area
from app.models.enums import AreaLevel

# Boundaries drawn apart leave slits; grids this close are neighbours. Some 30 m, in degrees.
GAP_DEG = 0.0003
_LEVELS = (AreaLevel.MICRO_GRID, AreaLevel.GRID)
_BOUNDED = (Area.level.in_(_LEVELS), Area.boundary.is_not(None))
_NO_GRIDS = "0"


class GridIndex:
    """The tree and, for each of its polygons, the grid's id and level; preferred grids first."""

    def __init__(self, mark: str, ranked: Sequence[tuple[AreaLevel, UUID, shapely.Geometry]]) -> None:
        self.mark = mark
        self._levels = [level for level, _, _ in ranked]
        self._ids = [grid_id for _, grid_id, _ in ranked]
        self._places = {grid_id: place for place, grid_id in enumerate(self._ids)}
        self._tree = shapely.STRtree([polygon for _, _, polygon in ranked])
        self._neighbours: dict[UUID, tuple[UUID, ...]] = {}

    def around(self, lng: float, lat: float) -> Sequence[UUID]:
        """The grids and micro-grids that contain a point in WGS-84 degrees, the smallest first."""
        hits = self._tree.query(shapely.Point(lng, lat), predicate="intersects")
        return [self._ids[hit] for hit in sorted(hits.tolist())]

    def metres_from(self, grid_id: UUID, point: Point) -> float | None:
        """How far a point in WGS-84 degrees lies outside a grid; 0 within, None without a boundary."""
        place = self._places.get(grid_id)
        if place is None:
            return None
        way = shapely.shortest_line(self._tree.geometries[place], shapely.Point(point))
        start, end = shapely.get_coordinates(way)
        return distance_m(Point(*start), Point(*end))

    def neighbours(self, grid_id: UUID) -> Sequence[UUID]:
        """The grids (no micro-grids) next to a grid, at a corner too; none for one without a boundary."""
        if grid_id not in self._neighbours:
            self._neighbours[grid_id] = tuple(self._beside(grid_id))
        return self._neighbours[grid_id]

    def _beside(self, grid_id: UUID) -> Sequence[UUID]:
        place = self._places.get(grid_id)
        if place is None:
            return ()
        own = self._tree.geometries[place]
        hits = sorted(self._tree.query(own, predicate="dwithin", distance=GAP_DEG).tolist())
        return [self._ids[hit] for hit in hits if hit != place and self._levels[hit] is AreaLevel.GRID]


class _Kept:
    """The index of this process; replaced as a whole, so that two calls may build it at once."""

    index: GridIndex | None = None


def mark() -> ScalarSelect[str]:
    """The mark of the grids as they are now, to be read on its own or along with something else."""
    found = func.concat_ws("/", func.count(), func.sum(Area.version), func.max(Area.updated_at))
    return select(found).where(*_BOUNDED).correlate(None).scalar_subquery()


async def current(session: AsyncSession) -> GridIndex:
    """The index as the database has the grids now; one statement, two after a change of a grid."""
    if _Kept.index is None:
        return await _rebuilt(session)
    return await at(session, mark=await session.scalar(select(mark())))


async def at(session: AsyncSession, *, mark: str | None) -> GridIndex:
    """The index under a mark that was just read; one statement after a change of a grid, else none."""
    if _Kept.index is None or _Kept.index.mark != mark:
        return await _rebuilt(session)
    return _Kept.index


async def kept(session: AsyncSession) -> GridIndex:
    """The index that this process has, which may be out of date; a statement only if it has none."""
    return _Kept.index or await _rebuilt(session)


async def _rebuilt(session: AsyncSession) -> GridIndex:
    geojson = cast(Area.boundary, Text).label("geojson")
    statement = select(Area.id, Area.level, Area.code, geojson, mark().label("mark")).where(*_BOUNDED)
    rows = (await session.execute(statement)).all()
    _Kept.index = _build(rows[0].mark if rows else _NO_GRIDS, rows)
    return _Kept.index


def _build(mark: str, rows: Sequence[Row[UUID, str, str, str, str]]) -> GridIndex:
    """An unreadable boundary is left out: it must not keep the others from being found."""
    polygons = shapely.from_geojson([row.geojson for row in rows], on_invalid="ignore")
    ranked = sorted(
        (_LEVELS.index(AreaLevel(row.level)), polygon.area, row.code, row.id, polygon)
        for row, polygon in zip(rows, polygons, strict=True)
        if polygon is not None
    )
    return GridIndex(mark, [(_LEVELS[level], grid_id, polygon) for level, _, _, grid_id, polygon in ranked])
