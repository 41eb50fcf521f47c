"""What people live in: kinds of buildings, uses of rooms, fire levels of rented ones."""

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
