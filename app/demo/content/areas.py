"""The real areas that the demo stands on: 九江镇 in 南海区, and 东莞市, down to villages and communities.

Names and codes are public statistical facts out of `data/areas.csv` (from china-division 2.7.0, MIT).
九江镇 comes without its four logistics parks, which are no places to live; 东莞市 has 36 towns, districts
and zones and 609 villages or communities and no county level. Boundaries are not here: `grids` cuts
synthetic ones.
"""

from collections.abc import Iterable
from csv import DictReader
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from app.models.enums import AreaKind, AreaLevel

__all__ = [
    "CITY",
    "TOWN",
    "VILLAGE",
    "AreaRow",
    "areas",
    "city_areas",
    "place_of",
    "town_areas",
    "village_areas",
]

TOWN = "440605121000"
VILLAGE = "440605121012"
CITY = "441900000000"

_ZONE_SEQUENCE = "4"
_COMMITTEES = ("村民委员会", "居民委员会", "居委会", "委会")
_SUFFIXES = {
    AreaLevel.PROVINCE: ("省",),
    AreaLevel.CITY: ("市",),
    AreaLevel.COUNTY: ("区", "县"),
    AreaLevel.TOWN: ("街道", "镇"),
    AreaLevel.VILLAGE: _COMMITTEES,
}
_FIXED_KINDS = {
    AreaLevel.PROVINCE: AreaKind.PROVINCE,
    AreaLevel.CITY: AreaKind.CITY,
    AreaLevel.COUNTY: AreaKind.COUNTY,
}


class AreaRow(NamedTuple):
    """An area: 12-digit statistical code, name as published, and what people call it."""

    code: str
    name: str
    short_name: str
    level: AreaLevel
    kind: AreaKind
    parent_code: str | None


@cache
def areas() -> dict[str, AreaRow]:
    """Every area of the file by code, parents before children."""
    with files(__package__).joinpath("data", "areas.csv").open(encoding="utf-8") as lines:
        read = [_area(row) for row in DictReader(lines)]
    return {row.code: row for row in sorted(read, key=lambda row: (_depth(row), row.code))}


def town_areas() -> list[AreaRow]:
    """九江镇 with its 27 villages and communities, after its province, city and district."""
    return _with_ancestors(row for row in areas().values() if TOWN in (row.code, row.parent_code))


def city_areas() -> list[AreaRow]:
    """东莞市 with 36 towns and 609 villages and communities, after its province."""
    return _with_ancestors(row for row in areas().values() if row.code.startswith(CITY[:4]))


def village_areas() -> list[AreaRow]:
    """敦根社区 alone, after the four areas above it."""
    return _with_ancestors([areas()[VILLAGE]])


def place_of(code: str) -> str:
    """The way an address begins: 佛山市南海区九江镇敦根社区, without the province."""
    row = areas()[code]
    if row.parent_code is None:
        return ""
    name = row.short_name if row.level is AreaLevel.VILLAGE else row.name
    return place_of(row.parent_code) + name


def _with_ancestors(chosen: Iterable[AreaRow]) -> list[AreaRow]:
    """The chosen rows and everything above them, parents first."""
    wanted: dict[str, AreaRow] = {}
    for row in chosen:
        above: AreaRow | None = row
        while above is not None and above.code not in wanted:
            wanted[above.code] = above
            above = areas()[above.parent_code] if above.parent_code else None
    return [row for code, row in areas().items() if code in wanted]


def _area(row: dict[str, str]) -> AreaRow:
    level = AreaLevel(row["level"])
    kind = _kind(level, row["code"], row["name"])
    return AreaRow(
        row["code"],
        row["name"],
        _short_name(level, row["name"]),
        level,
        kind,
        row["parent_code"] or None,
    )


def _kind(level: AreaLevel, code: str, name: str) -> AreaKind:
    """What the area is by name; a town code of the 400s is a functional zone (东莞港, 松山湖)."""
    if level in _FIXED_KINDS:
        return _FIXED_KINDS[level]
    if level is AreaLevel.TOWN:
        if code[6] == _ZONE_SEQUENCE:
            return AreaKind.ZONE
        return AreaKind.STREET if name.endswith("街道") else AreaKind.TOWN
    if name.endswith(("村委会", "村民委员会")):
        return AreaKind.VILLAGE
    return AreaKind.COMMUNITY


def _short_name(level: AreaLevel, name: str) -> str:
    """广东, 佛山, 南海, 九江; a village keeps 社区 or 村 and loses its committee."""
    for suffix in _SUFFIXES[level]:
        if name.endswith(suffix):
            return name.removesuffix(suffix)
    return name.replace("虚拟社区", "社区")


def _depth(row: AreaRow) -> int:
    return list(AreaLevel).index(row.level)
