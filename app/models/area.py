"""The area tree, from province down to micro-grid; levels may be missing.

`path` holds the ids of all ancestors and of the area itself, top first: subtree is `path @> {id}`. Codes
are text for people to read, never keys and never scope tests.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Double, ForeignKey, Index, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Keyed, Versioned, one_of
from app.models.enums import AreaEventKind, AreaKind, AreaLevel


class Area(Versioned, Base):
    """A place of the tree; grids carry a boundary and the figures that regulations want public."""

    __tablename__ = "area"
    __table_args__ = (
        one_of("level", AreaLevel),
        one_of("kind", AreaKind),
        Index("ix_area_path", "path", postgresql_using="gin"),
        Index("ix_area_parent_id_code", "parent_id", "code"),
    )

    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    short_name: Mapped[str]
    level: Mapped[str]
    kind: Mapped[str]
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("area.id"))
    path: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()))
    center_lng: Mapped[float | None] = mapped_column(Double)
    center_lat: Mapped[float | None] = mapped_column(Double)
    boundary: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    is_synthetic: Mapped[bool] = mapped_column(default=False, server_default="false")
    public_phone: Mapped[str | None]
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)


class AreaEvent(Keyed, Base):
    """What happened to an area, so that the past stays findable.

    `other_id` is the former parent of one that moved, the new grid that a split one gave a part to, or
    the area that took a merged one in.
    """

    __tablename__ = "area_event"
    __table_args__ = (one_of("kind", AreaEventKind), Index("ix_area_event_area_id", "area_id", "happened_on"))

    area_id: Mapped[UUID] = mapped_column(ForeignKey("area.id"))
    kind: Mapped[str]
    other_id: Mapped[UUID] = mapped_column(ForeignKey("area.id"), index=True)
    happened_on: Mapped[date] = mapped_column(Date)
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None]
