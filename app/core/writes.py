"""One statement for many writes: data-modifying CTEs of one SELECT, so that a step is one round trip.

PostgreSQL runs all of them against one snapshot and checks foreign keys at the end. Two writes to the
same row may not share a batch, nor a write that frees a unique value and one that takes it: those go
into two batches, in order.

A write is a table, names and values. Its shape is the table and the names, and steps of one kind have the
same shapes: SQLAlchemy builds and compiles each batch of shapes once, and then only values are sent. To
build the statement anew for each step would cost more than all the rest of the step.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, ColumnElement, any_, bindparam, literal_column, select, text
from sqlalchemy import insert as insert_into
from sqlalchemy import update as update_of
from sqlalchemy.ext.asyncio import AsyncSession

KEPT = 500
_EMPTY, _AMONG, _EQUAL = "empty", "among", "equal"


@dataclass(frozen=True, slots=True)
class Formula:
    """SQL for a column in place of a value, and the values of its `:names`."""

    sql: str
    values: Mapping[str, Any] = field(default_factory=dict)


class Shape(NamedTuple):
    """A write without its values: columns with their formula or None, conditions with their kind."""

    table: Any
    columns: tuple[tuple[str, str | None], ...]
    conditions: tuple[tuple[str, str], ...] | None


@dataclass(frozen=True, slots=True)
class Write:
    """A new row; or with `where`, what to set in the rows that meet all of it."""

    table: Any
    row: Mapping[str, Any]
    where: Mapping[str, Any] | None = None

    @property
    def shape(self) -> Shape:
        """What writes of the same statement have in common."""
        columns = tuple(
            (name, value.sql if isinstance(value, Formula) else None) for name, value in self.row.items()
        )
        where = None if self.where is None else tuple((name, _kind(of)) for name, of in self.where.items())
        return Shape(self.table, columns, where)

    def values(self, name: str) -> dict[str, Any]:
        """The values by the names that the write has in its statement, where it is called `name`."""
        found: dict[str, Any] = {}
        for column, value in self.row.items():
            if isinstance(value, Formula):
                found |= value.values
            else:
                found[f"{name}_{column}"] = value
        for column, value in (self.where or {}).items():
            if value is not None:
                found[f"{name}_of_{column}"] = value
        return found


def insert(table: Any, /, **row: Any) -> Write:
    """A new row of a table; a value may be a `Formula`."""
    return Write(table, row)


def update(table: Any, where: Mapping[str, Any], /, **row: Any) -> Write:
    """Set columns where all conditions hold: a value, None for NULL, a list for any of its values."""
    return Write(table, row, where)


async def together(session: AsyncSession, writes: Sequence[Write]) -> None:
    """Run the writes as one statement; nothing happens for an empty batch."""
    if not writes:
        return
    values: dict[str, Any] = {}
    for number, write in enumerate(writes):
        values |= write.values(f"w{number}")
    await session.execute(_statement(tuple(write.shape for write in writes)), values)


def _kind(value: Any) -> str:
    if value is None:
        return _EMPTY
    return _AMONG if isinstance(value, list) else _EQUAL


@lru_cache(maxsize=KEPT)
def _statement(shapes: tuple[Shape, ...]) -> Any:
    statement: Any = select(literal_column("1"))
    for number, shape in enumerate(shapes):
        statement = statement.add_cte(_part(shape, f"w{number}").cte(f"w{number}"))
    return statement


def _part(shape: Shape, name: str) -> Any:
    columns = shape.table.c
    row = {
        column: text(formula) if formula else bindparam(f"{name}_{column}", type_=columns[column].type)
        for column, formula in shape.columns
    }
    if shape.conditions is None:
        return insert_into(shape.table).values(row)
    where = [_condition(columns[column], kind, f"{name}_of_{column}") for column, kind in shape.conditions]
    return update_of(shape.table).where(*where).values(row)


def _condition(column: Any, kind: str, name: str) -> ColumnElement[bool]:
    if kind == _EMPTY:
        condition: ColumnElement[bool] = column.is_(None)
    elif kind == _AMONG:
        condition = column == any_(bindparam(name, type_=ARRAY(column.type)))
    else:
        condition = column == bindparam(name, type_=column.type)
    return condition
