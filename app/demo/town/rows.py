"""Rows of the demo's areas, organisations, staff and third party: a tuple a table, ready for COPY.

Its fields are the columns. Plain values only; what stands in them is decided by the modules that make them.
Columns that are left out take their defaults. `TABLES` names the table of each, parents before children.
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
    Employment,
    Gender,
    OrgKind,
    Role,
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
    owner: str
    fields: list[str]
    expires_at: datetime
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
    }
)
