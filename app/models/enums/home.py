"""Homes and places: kinds of buildings, uses of rooms, kinds of places, and why somebody comes or goes."""

from enum import StrEnum


class BuildingKind(StrEnum):
    """What a building is for."""

    RESIDENTIAL = "residential"
    MIXED = "mixed"
    FACTORY = "factory"
    SELF_BUILT = "self_built"
    PUBLIC = "public"


class RoomUse(StrEnum):
    """How a room is used now."""

    OWNER = "owner"
    RENTED = "rented"
    VACANT = "vacant"
    COMMERCIAL = "commercial"
    DORMITORY = "dormitory"
    MIXED = "mixed"


class FireLevel(StrEnum):
    """How safe a rented room was found: A is safe, C is not."""

    A = "A"
    B = "B"
    C = "C"


class LinkReason(StrEnum):
    """Why somebody came to a household, a home or a place, or left it."""

    REGISTERED = "registered"
    BORN = "born"
    MARRIED = "married"
    ADOPTED = "adopted"
    MOVED = "moved"
    MOVED_OUT = "moved_out"
    WORK = "work"
    STUDY = "study"
    SPLIT = "split"
    MERGED = "merged"
    NEW_HEAD = "new_head"
    DIED = "died"
    ENDED = "ended"
    GRID_CHANGE = "grid_change"
    OTHER = "other"


class IdType(StrEnum):
    """What a number stands on (GA/T 517, the usual ones)."""

    RESIDENT_ID = "111"
    HOUSEHOLD_BOOK = "113"
    OFFICER = "114"
    PASSPORT = "414"
    TAIWAN = "511"
    HONG_KONG_MACAO = "516"
    OTHER = "990"


class NoIdReason(StrEnum):
    """Why somebody has no number in the registry."""

    NEW_BORN = "new_born"
    UNREGISTERED = "unregistered"
    REFUSED = "refused"
    LOST = "lost"
    NOT_COLLECTED = "not_collected"


class PlaceKind(StrEnum):
    """What a place is that is checked from time to time."""

    SHOP = "shop"
    SMALL_PLACE = "small_place"
    ENTERPRISE = "enterprise"
    FACTORY = "factory"
    SCHOOL = "school"
    HOSPITAL = "hospital"
    MARKET = "market"
    RENTAL_HOUSE = "rental_house"
    WAREHOUSE = "warehouse"
    HAZARDOUS = "hazardous"
    OTHER = "other"


class RiskLevel(StrEnum):
    """How dangerous a place was found."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
