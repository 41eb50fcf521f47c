"""The table of screens: tokens that open figures on a wall, and nothing else."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Keyed


class Screen(Keyed, Base):
    """`wgs_<key>.<secret>` for the figures of an area or an organisation; only the secret's hash is kept."""

    __tablename__ = "screen"
    __table_args__ = (CheckConstraint("num_nonnulls(area_id, org_id) = 1", name="one_scope"),)

    name: Mapped[str]
    area_id: Mapped[UUID | None] = mapped_column(ForeignKey("area.id"), index=True)
    org_id: Mapped[UUID | None] = mapped_column(ForeignKey("org.id"), index=True)
    key: Mapped[str] = mapped_column(unique=True)
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by: Mapped[UUID]
