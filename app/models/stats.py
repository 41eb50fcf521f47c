"""Tables of the stats wing: what was folded of each record, the rollups, and how far the fold has come.

A column for each measure, empty where it is 0. Only the fold and the rebuild write here; the rest of the
wing reads. There are no foreign keys: a rebuild may meet what is gone, and nothing refers to a figure.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base
from app.models.enums.measure import Measure

_LONG = frozenset({Measure.WORK_MINUTES, Measure.WALL_MINUTES})


def _measures() -> list[Column[int]]:
    return [Column(name.value, BigInteger() if name in _LONG else Integer()) for name in Measure]


class StatState(Base):
    """The one row that says which generation is read, and up to where the outbox and the clock are in it."""

    __tablename__ = "stat_state"

    name: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(SmallInteger)
    generation: Mapped[int]
    txid: Mapped[int] = mapped_column(BigInteger)
    last_id: Mapped[int] = mapped_column(BigInteger)
    matured_at: Mapped[datetime]
    folded_at: Mapped[datetime]
    checked_on: Mapped[date | None] = mapped_column(Date)
    checked_ok: Mapped[bool | None]


class StatBuild(Base):
    """A generation that a rebuild makes: records of an entity up to `built_to`, then cells to an instant."""

    __tablename__ = "stat_build"

    generation: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(SmallInteger)
    txid: Mapped[int] = mapped_column(BigInteger)
    matured_at: Mapped[datetime]
    entity: Mapped[str]
    built_to: Mapped[UUID]
    cells_to: Mapped[datetime | None]
    done: Mapped[int] = mapped_column(BigInteger, server_default="0")


STAT_RECORD = Table(
    "stat_record",
    Base.metadata,
    Column("generation", Integer(), primary_key=True, autoincrement=False),
    Column("id", Uuid(), primary_key=True),
    Column("areas", ARRAY(Uuid()), nullable=False),
    Column("category", Text()),
    Column("source", Text()),
)
STAT_FACT = Table(
    "stat_fact",
    Base.metadata,
    Column("id", BigInteger(), Identity(), primary_key=True),
    Column("generation", Integer(), nullable=False),
    Column("record_id", Uuid(), nullable=False),
    Column("village_id", Uuid()),
    Column("grid_id", Uuid()),
    Column("hour", DateTime(timezone=True), nullable=False),
    Column("counts_from", DateTime(timezone=True)),
    Column("org_id", Uuid()),
    Column("member_id", Uuid()),
    *_measures(),
    Index("ix_stat_fact_record_id", "record_id"),
    Index("ix_stat_fact_hour", "hour"),
    Index("ix_stat_fact_village_id_hour", "village_id", "hour"),
    Index("ix_stat_fact_grid_id_hour", "grid_id", "hour"),
    Index("ix_stat_fact_org_id_hour", "org_id", "hour"),
    *(
        Index(f"ix_stat_fact_now_{'_'.join(columns)}", *columns, postgresql_where=text("hour = '-infinity'"))
        for columns in (("record_id",), ("village_id", "record_id"), ("org_id", "record_id"))
    ),
    Index("ix_stat_fact_counts_from", "counts_from", postgresql_where=text("counts_from IS NOT NULL")),
)
STAT_CELL = Table(
    "stat_cell",
    Base.metadata,
    Column("generation", Integer(), primary_key=True, autoincrement=False),
    Column("area_id", Uuid(), primary_key=True),
    Column("org_id", Uuid(), primary_key=True),
    Column("divided", Text(), primary_key=True),
    Column("grain", Text(), primary_key=True),
    Column("start", DateTime(timezone=True), primary_key=True),
    Column("key", Text(), primary_key=True),
    *_measures(),
    postgresql_with={"fillfactor": "80"},
)
