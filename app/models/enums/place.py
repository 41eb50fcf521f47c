"""What places are: levels and kinds of areas, and the datum of a point."""

from enum import StrEnum


class AreaLevel(StrEnum):
    """Levels of the area tree, top first; a deployment may leave levels out (Dongguan has no county)."""

    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"
    TOWN = "town"
    VILLAGE = "village"
    GRID = "grid"
    MICRO_GRID = "micro_grid"


class AreaKind(StrEnum):
    """What an area is called in law or in custom."""

    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"
    TOWN = "town"
    STREET = "street"
    TOWNSHIP = "township"
    ZONE = "zone"
    COMMUNITY = "community"
    VILLAGE = "village"
    BASE_GRID = "base_grid"
    EXCLUSIVE_GRID = "exclusive_grid"
    MICRO_GRID = "micro_grid"
    PARTY_GRID = "party_grid"


class CoordType(StrEnum):
    """Datum of a point as the phone sent it; never guessed."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"
    BD09 = "bd09"
    CGCS2000 = "cgcs2000"


class AreaEventKind(StrEnum):
    """What happened to an area: moved from a parent, gave part of itself to another, went into another."""

    MOVED = "moved"
    SPLIT = "split"
    MERGED = "merged"
