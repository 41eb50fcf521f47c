"""Rows of the demo's places, staff and residents: a tuple a table, its fields the columns, ready for COPY.

Plain values only; what stands in them is decided by the modules that make them. Columns that are left out
take their defaults. `TABLES` names the table of each, parents before children.
"""

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

from app.models.enums import (
    AccountStatus,
    AreaKind,
    AreaLevel,
    CareLevel,
    Employment,
    Gender,
    HouseholdType,
    LinkReason,
    NoIdReason,
    OrgKind,
    PopulationType,
    ResidenceStatus,
    Role,
    RoomUse,
)


class AreaRecord(NamedTuple):
    """A place; `boundary` is GeoJSON as text."""

    id: UUID
    code: str
    name: str
    short_name: str
    level: AreaLevel
    kind: AreaKind
    parent_id: UUID | None
    path: list[UUID]
    center_lng: float | None
    center_lat: float | None
    boundary: str | None
    is_synthetic: bool
    valid_from: date
    created_at: datetime
    created_by: UUID
    updated_at: datetime
    updated_by: UUID


class OrgRecord(NamedTuple):
    """An organisation."""

    id: UUID
    name: str
    short_name: str
    kind: OrgKind
    line: str | None
    area_id: UUID
    created_at: datetime
    created_by: UUID
    updated_at: datetime
    updated_by: UUID


class RuleRecord(NamedTuple):
    """A rule of routing: what a town sends to one of its organisations."""

    id: UUID
    category_code: str
    area_id: UUID
    org_id: UUID
    created_at: datetime
    created_by: UUID
    updated_at: datetime
    updated_by: UUID


class MemberRecord(NamedTuple):
    """Somebody who works for the grids."""

    id: UUID
    name: str
    gender: Gender
    employment: Employment
    occupation: str | None
    area_id: UUID | None
    org_id: UUID | None
    work_phone: str
    phone_sealed: bytes
    phone_index: bytes
    phone_last4: str
    created_at: datetime
    created_by: UUID
    updated_at: datetime
    updated_by: UUID


class PostRecord(NamedTuple):
    """What a member is, where, and since when."""

    id: UUID
    member_id: UUID
    role: Role
    area_id: UUID | None
    org_id: UUID | None
    valid_from: datetime
    created_at: datetime
    created_by: UUID
    updated_at: datetime
    updated_by: UUID


class AccountRecord(NamedTuple):
    """A way to sign in."""

    id: UUID
    member_id: UUID
    username: str
    phone_index: bytes
    password_hash: str
    password_changed_at: datetime
    must_change_password: bool
    status: AccountStatus
    created_at: datetime
    created_by: UUID
    updated_at: datetime
    updated_by: UUID


class ClientRecord(NamedTuple):
    """A third party."""

    id: UUID
    name: str
    purpose: str
    contact: str
    status: AccountStatus
    created_at: datetime
    created_by: UUID
    updated_at: datetime
    updated_by: UUID


class TokenRecord(NamedTuple):
    """A third party's token."""

    id: UUID
    client_id: UUID
    key: str
    secret_hash: bytes
    scopes: list[str]
    area_id: UUID
    expires_at: datetime
    created_at: datetime
    created_by: UUID


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
        AreaRecord: "area",
        OrgRecord: "org",
        RuleRecord: "routing_rule",
        MemberRecord: "member",
        PostRecord: "post",
        AccountRecord: "account",
        ClientRecord: "api_client",
        TokenRecord: "api_token",
        BuildingRecord: "building",
        RoomRecord: "room",
        HouseholdRecord: "household",
        ResidentRecord: "resident",
        MembershipRecord: "household_member",
        ResidenceRecord: "residence",
        StayRecord: "household_stay",
    }
)
