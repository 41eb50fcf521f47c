"""What may stand where in the area tree, as data: levels below levels, kinds of each level.

Levels may be missing (Dongguan has no county), but never change places; a grid belongs to a village or
community and a micro-grid to a grid, as the regulations want it. Knows no database.
"""

from collections.abc import Mapping
from types import MappingProxyType

from app.core.errors import invalid_field
from app.models.enums import AreaKind, AreaLevel

KINDS: Mapping[AreaLevel, frozenset[AreaKind]] = MappingProxyType(
    {
        AreaLevel.PROVINCE: frozenset({AreaKind.PROVINCE}),
        AreaLevel.CITY: frozenset({AreaKind.CITY}),
        AreaLevel.COUNTY: frozenset({AreaKind.COUNTY, AreaKind.ZONE}),
        AreaLevel.TOWN: frozenset({AreaKind.TOWN, AreaKind.STREET, AreaKind.TOWNSHIP, AreaKind.ZONE}),
        AreaLevel.VILLAGE: frozenset({AreaKind.VILLAGE, AreaKind.COMMUNITY}),
        AreaLevel.GRID: frozenset({AreaKind.BASE_GRID, AreaKind.EXCLUSIVE_GRID, AreaKind.PARTY_GRID}),
        AreaLevel.MICRO_GRID: frozenset({AreaKind.MICRO_GRID}),
    }
)
_ORDER = tuple(AreaLevel)
_MAY_BE_ROOT = frozenset({AreaLevel.PROVINCE, AreaLevel.CITY, AreaLevel.COUNTY, AreaLevel.TOWN})
_EXACT_PARENT = {AreaLevel.GRID: AreaLevel.VILLAGE, AreaLevel.MICRO_GRID: AreaLevel.GRID}


def require_kind(level: AreaLevel, kind: AreaKind) -> None:
    """Refuse a kind that this level does not have."""
    if kind not in KINDS[level]:
        allowed = "、".join(sorted(KINDS[level]))
        raise invalid_field("body.kind", f"该层级的类型只能是：{allowed}", f"must be one of: {allowed}")


def require_parent(level: AreaLevel, parent: AreaLevel | None) -> None:
    """Refuse a parent that this level may not have; None is a root."""
    exact = _EXACT_PARENT.get(level)
    if parent is None:
        fits = level in _MAY_BE_ROOT
    elif exact is not None:
        fits = parent is exact
    else:
        fits = _ORDER.index(parent) < _ORDER.index(level)
    if not fits:
        raise invalid_field(
            "body.parent_id",
            "上级区域的层级不对：网格须属于村（社区），微网格须属于网格，其余须在更高层级之下",
            "The parent has the wrong level: grids belong to villages, micro-grids to grids",
        )
