"""Synthetic grids: cells of a rectangle laid round a stated centre.

No public boundary exists for grids, so all of these are invented. A town (or, for the city, the whole
city) is one rectangle; it is cut into towns, villages and grids, each level filling the one above
without gap or overlap, numbered from north to south and from west to east. Coordinates are WGS-84
degrees. Nothing here resembles the true course of any border.
"""

from collections.abc import Sequence
from functools import cache
from random import Random
from typing import NamedTuple
from zlib import crc32

from app.demo.content.areas import CITY, TOWN, AreaRow, areas
from app.demo.content.tables import slots

__all__ = ["GridRow", "Tile", "grid_counts", "grids_of", "point_in", "tile_of"]

_DECIMALS = 6


class Tile(NamedTuple):
    """A rectangle in WGS-84 degrees."""

    west: float
    south: float
    east: float
    north: float

    @property
    def centre(self) -> tuple[float, float]:
        """Longitude and latitude of the middle."""
        middle = (self.west + self.east) / 2, (self.south + self.north) / 2
        return round(middle[0], _DECIMALS), round(middle[1], _DECIMALS)

    @property
    def ring(self) -> list[list[float]]:
        """The closed outer ring of a GeoJSON polygon, anticlockwise, as [lng, lat]."""
        west, south, east, north = self
        return [[west, south], [east, south], [east, north], [west, north], [west, south]]


class GridRow(NamedTuple):
    """A synthetic grid; its code is the village's twelve digits and a sequence of three."""

    code: str
    name: str
    village_code: str
    sequence: int
    tile: Tile


# 九江镇 (some 95 km²) round 113.00 E 22.85 N; 东莞市 (some 2,460 km²) round 113.75 E 23.02 N.
_EXTENTS = {
    TOWN: Tile(112.9525, 22.8062, 113.0475, 22.8938),
    CITY: Tile(113.508, 22.797, 113.992, 23.243),
}


def tile_of(code: str) -> Tile:
    """The rectangle of a town, a village, or Dongguan; KeyError for anything above them."""
    return _tiles()[code]


def grid_counts(villages: Sequence[AreaRow], total: int) -> list[int]:
    """How many of `total` grids each village gets: at least one, uneven, the same every time."""
    spare = total - len(villages)
    shares = slots(((row.code, _size(row.code)) for row in villages), max(spare, 0))
    extra: dict[str, int] = {}
    for code in shares:
        extra[code] = extra.get(code, 0) + 1
    return [1 + extra.get(row.code, 0) for row in villages]


def grids_of(village: AreaRow, count: int) -> list[GridRow]:
    """第1网格 to 第`count`网格 of a village, which together fill its rectangle."""
    return [
        GridRow(f"{village.code}{number:03d}", f"第{number}网格", village.code, number, tile)
        for number, tile in enumerate(_cut(tile_of(village.code), count), start=1)
    ]


def point_in(rng: Random, tile: Tile) -> tuple[float, float]:
    """A longitude and latitude well inside the rectangle (WGS-84, six decimals)."""
    across, up = 0.05 + 0.9 * rng.random(), 0.05 + 0.9 * rng.random()
    return (
        round(tile.west + (tile.east - tile.west) * across, _DECIMALS),
        round(tile.south + (tile.north - tile.south) * up, _DECIMALS),
    )


@cache
def _tiles() -> dict[str, Tile]:
    """The extents, and below each of them every area that lies in it."""
    tiles = dict(_EXTENTS)
    children: dict[str, list[str]] = {}
    for row in areas().values():
        if row.parent_code is not None:
            children.setdefault(row.parent_code, []).append(row.code)
    waiting = list(_EXTENTS)
    while waiting:
        code = waiting.pop()
        below = children.get(code, [])
        tiles.update(zip(below, _cut(tiles[code], len(below)), strict=True))
        waiting += below
    return tiles


def _cut(tile: Tile, count: int) -> list[Tile]:
    """`count` rectangles of equal area that fill the tile, from north to south, west to east."""
    bands = max(1, round(count**0.5))
    sizes = [(count * (i + 1)) // bands - (count * i) // bands for i in range(bands)] if count else []
    cells: list[Tile] = []
    for size in sizes:
        north = _between(tile.north, tile.south, len(cells), count)
        south = _between(tile.north, tile.south, len(cells) + size, count)
        edges = [_between(tile.west, tile.east, i, size) for i in range(size + 1)]
        cells += [Tile(edges[i], south, edges[i + 1], north) for i in range(size)]
    return cells


def _between(start: float, end: float, step: int, steps: int) -> float:
    """The point `step` of `steps` on the way; the ends exactly, so that neighbours share edges."""
    if step == steps:
        return end
    return round(start + (end - start) * step / steps, _DECIMALS)


def _size(code: str) -> float:
    """A stable weight between 0.6 and 1.6."""
    return 0.6 + crc32(code.encode()) % 1000 / 1000
