"""Tables of devices: what a sign-in on a phone tells of itself, and where its pushes go."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, one_of
from app.models.enums.message import PushProvider


class Device(Base):
    """The device of a session: its name by its owner, its app; a session without a version is a browser's."""

    __tablename__ = "device"

    session_id: Mapped[UUID] = mapped_column(
        ForeignKey("auth_session.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str | None]
    app_version: Mapped[str | None]


class PushRegistration(Base):
    """Where a session's pushes go; the token is sealed, its index lets one phone be registered once."""

    __tablename__ = "push_registration"
    __table_args__ = (one_of("provider", PushProvider),)

    session_id: Mapped[UUID] = mapped_column(
        ForeignKey("auth_session.id", ondelete="CASCADE"), primary_key=True
    )
    provider: Mapped[str]
    app_id: Mapped[str]
    token_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    token_index: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    registered_at: Mapped[datetime]
