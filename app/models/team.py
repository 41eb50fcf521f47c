"""Tables of teams and their members over time, and of attendance: one point at check-in, one at check-out."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Double, ForeignKey, Index, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Keyed, Versioned, one_of
from app.models.enums import CoordType
from app.models.enums.staff import TeamKind


class Team(Versioned, Base):
    """A team of a grid or any other area: what for, and how many can belong to it."""

    __tablename__ = "team"
    __table_args__ = (one_of("kind", TeamKind), CheckConstraint("capacity > 0", name="capacity"))

    name: Mapped[str]
    kind: Mapped[str]
    area_id: Mapped[UUID] = mapped_column(ForeignKey("area.id"), index=True)
    capacity: Mapped[int | None] = mapped_column(SmallInteger)
    service_items: Mapped[list[str]] = mapped_column(ARRAY(Text()), server_default="{}")
    public_phone: Mapped[str | None]
    ended_at: Mapped[datetime | None]


class TeamMember(Keyed, Base):
    """Somebody's time in a team; at most one that has not ended."""

    __tablename__ = "team_member"
    __table_args__ = (
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="span"),
        Index("ix_team_member_team_id", "team_id"),
        Index("ix_team_member_member_id", "member_id"),
        Index(
            "uq_team_member_now",
            "team_id",
            "member_id",
            unique=True,
            postgresql_where=text("valid_to IS NULL"),
        ),
    )

    team_id: Mapped[UUID] = mapped_column(ForeignKey("team.id"))
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime | None]


class Attendance(Keyed, Base):
    """A time on duty; the points are the worker's own and are deleted with the row after 90 days.

    What the phone says of a time that it told late stands beside the server's.
    """

    __tablename__ = "attendance"
    __table_args__ = (
        one_of("in_coord_type", CoordType),
        one_of("out_coord_type", CoordType),
        CheckConstraint("ended_at IS NULL OR ended_at >= started_at", name="span"),
        Index("ix_attendance_member_id_started_at_id", "member_id", "started_at", "id"),
        Index("ix_attendance_started_at", "started_at"),
        Index("uq_attendance_open", "member_id", unique=True, postgresql_where=text("ended_at IS NULL")),
    )

    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    in_lng: Mapped[float | None] = mapped_column(Double)
    in_lat: Mapped[float | None] = mapped_column(Double)
    in_coord_type: Mapped[str | None]
    out_lng: Mapped[float | None] = mapped_column(Double)
    out_lat: Mapped[float | None] = mapped_column(Double)
    out_coord_type: Mapped[str | None]
    in_device_at: Mapped[datetime | None]
    out_device_at: Mapped[datetime | None]
    is_backfill: Mapped[bool] = mapped_column(default=False, server_default="false")
