"""Columns that the tables of the registry share: the place in the area tree, and the natural order."""

from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Computed, ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, declared_attr, mapped_column


class Placed:
    """In a grid or micro-grid (`area_id`); town, village and grid are copies out of the tree's path."""

    area_id: Mapped[UUID] = mapped_column(ForeignKey("area.id"))
    town_id: Mapped[UUID | None]
    village_id: Mapped[UUID | None]
    grid_id: Mapped[UUID | None]


class ByAddress:
    """With an address, and the key by which people order addresses: 2号 before 10号."""

    searched: ClassVar[str] = "search_address(address)"

    address: Mapped[str]

    @declared_attr
    @classmethod
    def sort_key(cls) -> Mapped[str]:
        """Kept by the database, so that no writer can forget it."""
        return mapped_column(Computed("natural_key(address)", persisted=True))

    @declared_attr
    @classmethod
    def grams(cls) -> Mapped[list[str]]:
        """The characters and pairs of the address, and its doors (3-502), by which search finds it."""
        return mapped_column(ARRAY(Text()), Computed(cls.searched, persisted=True), deferred=True)


def place_indexes(table: str, *order: str, **options: Any) -> tuple[Index, ...]:
    """One index for each level that scope looks at, in the list's order."""
    levels = ("area_id", "grid_id", "village_id", "town_id")
    return tuple(
        Index(f"ix_{table}_{'_'.join((level, *order))}", level, *order, **options) for level in levels
    )
