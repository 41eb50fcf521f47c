"""Tables of what people live in: buildings (楼栋) and rooms (房屋); a rural house may be a room alone."""

from datetime import date
from uuid import UUID

from sqlalchemy import Date, Double, ForeignKey, Index, LargeBinary, Numeric, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Versioned, one_of
from app.models.enums import BuildingKind, FireLevel, RoomUse
from app.models.registry.columns import ByAddress, Placed, place_indexes


class Building(Placed, ByAddress, Versioned, Base):
    """A building of a grid; its point is in WGS-84 degrees, its head a member of the team (楼栋长)."""

    searched = "search_address(address) || search_grams(name)"

    __tablename__ = "building"
    __table_args__ = (
        one_of("kind", BuildingKind),
        *place_indexes("building", "sort_key", "id"),
        Index("ix_building_grams", "grams", postgresql_using="gin"),
    )

    name: Mapped[str]
    no: Mapped[str | None]
    kind: Mapped[str]
    floors: Mapped[int | None] = mapped_column(SmallInteger)
    units: Mapped[int | None] = mapped_column(SmallInteger)
    built_year: Mapped[int | None] = mapped_column(SmallInteger)
    lng: Mapped[float | None] = mapped_column(Double)
    lat: Mapped[float | None] = mapped_column(Double)
    head_member_id: Mapped[UUID | None] = mapped_column(ForeignKey("member.id"), index=True)
    is_rental: Mapped[bool] = mapped_column(default=False, server_default="false")
    ended_on: Mapped[date | None] = mapped_column(Date)


class Room(Placed, ByAddress, Versioned, Base):
    """A room, flat or rural house; numbers are text (附2号, 1F后座), the owner's phone is sealed."""

    searched = "search_address(address) || search_door(unit_no, room_no)"

    __tablename__ = "room"
    __table_args__ = (
        one_of("use", RoomUse),
        one_of("fire_level", FireLevel),
        *place_indexes("room", "sort_key", "id"),
        Index("ix_room_grams", "grams", postgresql_using="gin"),
    )

    building_id: Mapped[UUID | None] = mapped_column(ForeignKey("building.id"), index=True)
    unit_no: Mapped[str | None]
    floor: Mapped[str | None]
    room_no: Mapped[str]
    use: Mapped[str]
    area_m2: Mapped[float | None] = mapped_column(Numeric(8, 2, asdecimal=False))
    owner_name: Mapped[str | None]
    owner_phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    owner_phone_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    owner_phone_last4: Mapped[str | None]
    rental_registered: Mapped[bool] = mapped_column(default=False, server_default="false")
    fire_level: Mapped[str | None]
    ended_on: Mapped[date | None] = mapped_column(Date)
