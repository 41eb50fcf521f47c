"""How big a demo may be: a village, a town, a city, and how many of everything each of them has.

Numbers only; which real areas stand behind a scale is in `places`, what is made of them in the loader.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Scale(StrEnum):
    """What the demo shows."""

    VILLAGE = "village"
    TOWN = "town"
    CITY = "city"


@dataclass(frozen=True, slots=True)
class Size:
    """Households, tickets of a year, grids, and people who work for them (of these, full-time)."""

    households: int
    tickets: int
    grids: int
    members: int
    full_time: int


SIZES: Mapping[Scale, Size] = MappingProxyType(
    {
        Scale.VILLAGE: Size(households=1_350, tickets=400, grids=8, members=170, full_time=10),
        Scale.TOWN: Size(households=36_000, tickets=30_000, grids=200, members=1_500, full_time=250),
        Scale.CITY: Size(households=800_000, tickets=1_000_000, grids=4_440, members=33_300, full_time=5_550),
    }
)
