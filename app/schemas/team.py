"""Wire shapes of teams and of attendance; a worker's points go out to the worker alone."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.models.enums import CoordType
from app.models.enums.staff import TeamKind
from app.schemas.folding import Label, PublicPhone
from app.schemas.patch import Patch, untouched
from app.schemas.types import Input, Output, Point, Ref

MAX_CAPACITY = 1_000
ServiceItems = Annotated[list[Label], Field(max_length=30)]


class TeamCreate(Input):
    """A new team of an area."""

    name: Label
    kind: TeamKind
    area_id: UUID
    capacity: int | None = Field(default=None, ge=1, le=MAX_CAPACITY, description="人数上限")
    service_items: ServiceItems = Field(default_factory=list)
    public_phone: PublicPhone | None = None


class TeamPatch(Patch):
    """What may change of a team."""

    name: Label = untouched()
    kind: TeamKind = untouched()
    capacity: int | None = Field(default=None, ge=1, le=MAX_CAPACITY)
    service_items: ServiceItems = untouched()
    public_phone: PublicPhone | None = None


class TeamJoin(Input):
    """Who joins a team."""

    member_id: UUID


class TeamRead(Output):
    """A team in a list; `size` counts who belongs to it now."""

    id: UUID
    name: str
    kind: TeamKind
    area: Ref
    size: int
    capacity: int | None
    service_items: list[str]
    public_phone: str | None
    ended_at: datetime | None
    version: int


class TeamMemberRead(Output):
    """Somebody's time in a team; names and work phones are public."""

    member_id: UUID
    name: str
    work_phone: str | None
    valid_from: datetime
    valid_to: datetime | None


class TeamDetail(TeamRead):
    """A team with everybody who belongs or belonged to it, the present ones first."""

    members: list[TeamMemberRead]


class CheckIn(Input):
    """Where somebody goes on duty or off; the server's clock says when."""

    location: Point | None = None


class PlaceRead(Output):
    """A point as the device sent it."""

    lng: float
    lat: float
    coord_type: CoordType


class AttendanceRead(Output):
    """A time on duty of one's own."""

    id: UUID
    started_at: datetime
    ended_at: datetime | None
    minutes: int | None
    device_started_at: datetime | None = Field(description="离线签到时手机上的时间")
    device_ended_at: datetime | None = Field(description="离线签退时手机上的时间")
    is_backfill: bool = Field(description="补传：晚于手机时间 15 分钟以上才收到")
    started_where: PlaceRead | None
    ended_where: PlaceRead | None
