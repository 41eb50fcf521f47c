"""Tables of the people: households and residents; who belongs where and when is in `links`.

Identity and phone numbers are sealed, found by a blind index, and shown by their last four.
"""

from datetime import date
from uuid import UUID

from sqlalchemy import Computed, Date, ForeignKey, Index, LargeBinary, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, validates

from app.core.pinyin import spellings
from app.models.base import Base, Versioned, one_of
from app.models.enums import (
    CareLevel,
    Gender,
    HouseholdType,
    IdType,
    NoIdReason,
    PopulationType,
    ResidenceStatus,
)
from app.models.registry.columns import ByAddress, Placed, place_indexes


class Household(Placed, ByAddress, Versioned, Base):
    """A household in exactly one grid, perhaps in a room; `needs_head` until somebody is named.

    `care_level` is the strictest of whom it looks after, none for an ordinary household; it and the dates of
    visits are worked out by `services/registry/cycle.py` alone.
    """

    __tablename__ = "household"
    __table_args__ = (
        one_of("household_type", HouseholdType),
        one_of("residence_status", ResidenceStatus),
        one_of("care_level", CareLevel),
        *place_indexes("household", "sort_key", "id"),
        Index("ix_household_grams", "grams", postgresql_using="gin"),
        *place_indexes("household", "next_visit_due", "id", postgresql_where=text("ended_on IS NULL")),
        Index(
            "ix_household_coverage",
            "town_id",
            "last_visit_on",
            postgresql_where=text("ended_on IS NULL AND household_type <> 'vacant'"),
        ),
    )

    no: Mapped[str] = mapped_column(unique=True)
    room_id: Mapped[UUID | None] = mapped_column(ForeignKey("room.id"), index=True)
    household_type: Mapped[str]
    residence_status: Mapped[str]
    member_count: Mapped[int] = mapped_column(SmallInteger)
    needs_head: Mapped[bool] = mapped_column(default=False, server_default="false")
    care_level: Mapped[str | None]
    last_visit_on: Mapped[date | None] = mapped_column(Date)
    next_visit_due: Mapped[date] = mapped_column(Date, server_default=text("CURRENT_DATE + 365"))
    ended_on: Mapped[date | None] = mapped_column(Date)


class Resident(Versioned, Base):
    """A person; numbers are sealed and may be missing, for a reason (new-borns, refusals).

    The place is a copy: where the person lives, or else where the household is registered. A name goes with
    its spellings: an object sees to it itself, statements take both from `registry.names`.
    """

    __tablename__ = "resident"
    __table_args__ = (
        one_of("gender", Gender),
        one_of("population_type", PopulationType),
        one_of("id_type", IdType),
        one_of("no_id_reason", NoIdReason),
        *place_indexes("resident", "id"),
        Index("uq_resident_id_index", "id_index", unique=True),
        Index("ix_resident_phone_index", "phone_index"),
        Index("ix_resident_phone_last4", "phone_last4"),
        Index("ix_resident_id_last4", "id_last4"),
        Index("ix_resident_grams", "grams", postgresql_using="gin"),
        Index("ix_resident_spellings", "spellings", postgresql_using="gin"),
    )

    area_id: Mapped[UUID | None] = mapped_column(ForeignKey("area.id"))
    town_id: Mapped[UUID | None]
    village_id: Mapped[UUID | None]
    grid_id: Mapped[UUID | None]
    name: Mapped[str]
    grams: Mapped[list[str]] = mapped_column(
        ARRAY(Text()), Computed("search_grams(name)", persisted=True), deferred=True
    )
    spellings: Mapped[list[str]] = mapped_column(ARRAY(Text()), server_default="{}", deferred=True)
    gender: Mapped[str]
    birth_on: Mapped[date | None] = mapped_column(Date)
    population_type: Mapped[str]
    id_type: Mapped[str] = mapped_column(default="111", server_default="111")
    no_id_reason: Mapped[str | None]
    id_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    id_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    id_last4: Mapped[str | None]
    phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_last4: Mapped[str | None]
    hukou_place: Mapped[str | None]
    occupation: Mapped[str | None]
    workplace: Mapped[str | None]
    died_on: Mapped[date | None] = mapped_column(Date)
    left_on: Mapped[date | None] = mapped_column(Date)

    @validates("name")
    def _spell(self, _key: str, name: str) -> str:
        self.spellings = spellings(name)
        return name
