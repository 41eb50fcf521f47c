"""Rows of the demo's buildings, rooms, households and residents, with the links between them, ready for COPY.

Plain values only, as in `rows`; what stands in them is decided by `households`.
"""

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

from app.models.enums import (
    CareLevel,
    Gender,
    HouseholdType,
    LinkReason,
    NoIdReason,
    PopulationType,
    ResidenceStatus,
    RoomUse,
)


class BuildingRecord(NamedTuple):
    """A building of a grid."""

    id: UUID
    area_id: UUID
    town_id: UUID
    village_id: UUID
    grid_id: UUID
    name: str
    no: str
    address: str
    kind: str
    floors: int
    units: int
    built_year: int
    created_at: datetime
    created_by: UUID
    updated_at: datetime
    updated_by: UUID


class RoomRecord(NamedTuple):
    """A room of a building."""

    id: UUID
    area_id: UUID
    town_id: UUID
    village_id: UUID
    grid_id: UUID
    building_id: UUID
    unit_no: str
    floor: str
    room_no: str
    address: str
    use: RoomUse
    created_at: datetime
    created_by: UUID
    updated_at: datetime
    updated_by: UUID


class HouseholdRecord(NamedTuple):
    """A household in its grid."""

    id: UUID
    no: str
    area_id: UUID
    town_id: UUID
    village_id: UUID
    grid_id: UUID
    room_id: UUID
    address: str
    household_type: HouseholdType
    residence_status: ResidenceStatus
    member_count: int
    care_level: CareLevel | None
    last_visit_on: date | None
    next_visit_due: date
    created_at: datetime
    created_by: UUID
    updated_at: datetime
    updated_by: UUID


class ResidentRecord(NamedTuple):
    """A resident; numbers sealed."""

    id: UUID
    area_id: UUID
    town_id: UUID
    village_id: UUID
    grid_id: UUID
    name: str
    spellings: list[str]
    gender: Gender
    birth_on: date
    population_type: PopulationType
    no_id_reason: NoIdReason | None
    id_sealed: bytes | None
    id_index: bytes | None
    id_last4: str | None
    phone_sealed: bytes | None
    phone_index: bytes | None
    phone_last4: str | None
    created_at: datetime
    created_by: UUID
    updated_at: datetime
    updated_by: UUID


class MembershipRecord(NamedTuple):
    """A resident's place in a household."""

    id: UUID
    household_id: UUID
    resident_id: UUID
    relation: str
    is_head: bool
    reason: LinkReason
    valid_from: date
    created_at: datetime
    created_by: UUID
    updated_at: datetime
    updated_by: UUID


class ResidenceRecord(NamedTuple):
    """A resident's home: with the household."""

    id: UUID
    resident_id: UUID
    household_id: UUID
    reason: LinkReason
    valid_from: date
    created_at: datetime
    created_by: UUID
    updated_at: datetime
    updated_by: UUID


class StayRecord(NamedTuple):
    """Where a household is."""

    id: UUID
    household_id: UUID
    area_id: UUID
    room_id: UUID
    address: str
    reason: LinkReason
    valid_from: date
    created_at: datetime
    created_by: UUID
    updated_at: datetime
    updated_by: UUID


TABLES: Mapping[type[tuple[object, ...]], str] = MappingProxyType(
    {
        BuildingRecord: "building",
        RoomRecord: "room",
        HouseholdRecord: "household",
        ResidentRecord: "resident",
        MembershipRecord: "household_member",
        ResidenceRecord: "residence",
        StayRecord: "household_stay",
    }
)
