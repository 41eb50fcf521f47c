"""Tables of the staff wing: organisations, members, and the posts that members hold over time."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Versioned, one_of
from app.models.enums import Employment, Gender, OrgKind, Role


class Org(Versioned, Base):
    """An organisation: in an area (the block) and perhaps of a line (条线)."""

    __tablename__ = "org"
    __table_args__ = (one_of("kind", OrgKind),)

    name: Mapped[str]
    short_name: Mapped[str]
    kind: Mapped[str]
    line: Mapped[str | None]
    area_id: Mapped[UUID] = mapped_column(ForeignKey("area.id"), index=True)
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("org.id"), index=True)
    work_calendar_id: Mapped[UUID | None] = mapped_column(ForeignKey("work_calendar.id"), index=True)
    public_phone: Mapped[str | None]
    ended_at: Mapped[datetime | None]


class Member(Versioned, Base):
    """Somebody who works in the grids or for an organisation; may have no account."""

    __tablename__ = "member"
    __table_args__ = (
        one_of("employment", Employment),
        one_of("gender", Gender),
        Index("ix_member_area_id_id", "area_id", "id"),
        Index("ix_member_phone_index", "phone_index"),
    )

    name: Mapped[str]
    gender: Mapped[str]
    employment: Mapped[str]
    occupation: Mapped[str | None]
    area_id: Mapped[UUID | None] = mapped_column(ForeignKey("area.id"))
    org_id: Mapped[UUID | None] = mapped_column(ForeignKey("org.id"), index=True)
    work_phone: Mapped[str | None]
    phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_last4: Mapped[str | None]
    ended_at: Mapped[datetime | None]


class Post(Versioned, Base):
    """A member's role in an area or an organisation, from a moment to another or still."""

    __tablename__ = "post"
    __table_args__ = (
        one_of("role", Role),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="span"),
        Index("ix_post_member_id", "member_id"),
    )

    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    role: Mapped[str]
    area_id: Mapped[UUID | None] = mapped_column(ForeignKey("area.id"), index=True)
    org_id: Mapped[UUID | None] = mapped_column(ForeignKey("org.id"), index=True)
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime | None]
