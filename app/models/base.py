"""What all tables share: naming of constraints, key and version columns, code columns.

`UUIDv7` keys, timestamps with time zone, texts without a length (limits belong to the schemas), relations
only as foreign keys. Codes are text with a check, so that adding one is one quick migration.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, MetaData, Text, Uuid, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.core.ids import uuid7

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The declarative base of every table."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it as a plain dict
        str: Text(),
        datetime: DateTime(timezone=True),
        UUID: Uuid(),
    }


class Keyed:
    """A UUIDv7 primary key, made here unless the caller brings one."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)


class Versioned(Keyed):
    """A mutable row: its version counts the writes; who and when of the first and the last."""

    version: Mapped[int] = mapped_column(default=1, server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[UUID | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_by: Mapped[UUID | None]


def one_of(column: str, codes: type[StrEnum]) -> CheckConstraint:
    """A check that a code column holds one of the enum's values."""
    values = ", ".join(f"'{code.value}'" for code in codes)
    return CheckConstraint(f"{column} IN ({values})", name=column)
