"""The table of places that are not homes: shops, factories, rental houses, and when each is checked."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, LargeBinary, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Versioned, one_of
from app.models.enums import PlaceKind, RiskLevel
from app.models.registry.columns import ByAddress, Placed, place_indexes


class Place(Placed, ByAddress, Versioned, Base):
    """A place of a grid; `uscc` is the firm's number (GB 32100), the contact's phone is sealed.

    The last check is a visit or one entered by hand; its day is kept, since visits may be taken back.
    """

    searched = "search_address(address) || search_grams(name)"

    __tablename__ = "place"
    __table_args__ = (
        one_of("kind", PlaceKind),
        one_of("risk_level", RiskLevel),
        CheckConstraint("check_cycle_days > 0", name="check_cycle_days"),
        *place_indexes("place", "sort_key", "id"),
        Index("ix_place_uscc", "uscc"),
        Index("ix_place_grams", "grams", postgresql_using="gin"),
    )

    name: Mapped[str]
    kind: Mapped[str]
    uscc: Mapped[str | None]
    room_id: Mapped[UUID | None] = mapped_column(ForeignKey("room.id"), index=True)
    contact_name: Mapped[str | None]
    contact_phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    contact_phone_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    contact_phone_last4: Mapped[str | None]
    employees: Mapped[int | None]
    risk_level: Mapped[str]
    check_cycle_days: Mapped[int] = mapped_column(SmallInteger)
    last_check_on: Mapped[date | None] = mapped_column(Date)
    hand_check_on: Mapped[date | None] = mapped_column(Date)
    next_check_due: Mapped[date] = mapped_column(Date)
    ended_on: Mapped[date | None] = mapped_column(Date)
