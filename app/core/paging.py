"""Keyset paging: a page begins after the last row seen, so its cost does not grow with its number.

A cursor is the sort value and the id of the last row, packed as base64url JSON; it is opaque to clients
and never trusted (a broken one is a clear error). It owns no SQL of any one list.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, select, tuple_

from app.core.errors import invalid_field

MAX_LIMIT = 100
DEFAULT_LIMIT = 50
MAX_CURSOR_LENGTH = 400

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Sort:
    """One allowed order: the column, which of two directions, and how its value travels in a cursor."""

    column: ColumnElement[Any]
    id_column: ColumnElement[Any]
    descending: bool
    read: Callable[[str], Any]
    looked_up: bool = False

    @classmethod
    def by_time(cls, column: Any, id_column: Any, *, descending: bool) -> "Sort":
        """By an aware timestamp."""
        return cls(column, id_column, descending, _read_time)

    @classmethod
    def by_day(cls, column: Any, id_column: Any) -> "Sort":
        """By a date, ascending."""
        return cls(column, id_column, descending=False, read=date.fromisoformat)

    @classmethod
    def by_text(cls, column: Any, id_column: Any) -> "Sort":
        """By a text, ascending."""
        return cls(column, id_column, descending=False, read=str)

    @classmethod
    def by_id(cls, id_column: Any, *, descending: bool = False) -> "Sort":
        """By the id alone: the order in which the rows were made."""
        return cls(id_column, id_column, descending=descending, read=UUID)

    @classmethod
    def by_own(cls, column: Any, id_column: Any) -> "Sort":
        """By a value that may not travel (an address): the cursor holds the id, the row tells its value."""
        return cls(column, id_column, descending=False, read=UUID, looked_up=True)

    def order(self) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        """The ORDER BY, with the id as tiebreak."""
        if self.descending:
            return self.column.desc(), self.id_column.desc()
        return self.column.asc(), self.id_column.asc()

    def after(self, cursor: str) -> ColumnElement[bool]:
        """The condition that selects what comes after the cursor."""
        value, row_id = decode_cursor(cursor, self.read)
        if self.looked_up:
            value = self._value_of(row_id)
        here, seen = tuple_(self.column, self.id_column), tuple_(value, row_id)
        return here < seen if self.descending else here > seen

    def _value_of(self, row_id: UUID) -> Any:
        last = self.id_column.table.alias()
        return select(last.c[self.column.key]).where(last.c.id == row_id).scalar_subquery()


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """The rows of one page and the cursor of the next, None on the last."""

    items: Sequence[Row]
    next_cursor: str | None


def encode_cursor(value: object, row_id: UUID) -> str:
    """Pack the last row's sort value and id."""
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    packed = json.dumps([text, str(row_id)], separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")


def decode_cursor(cursor: str, read: Callable[[str], Any]) -> tuple[Any, UUID]:
    """Unpack what `encode_cursor` packed; a broken cursor is an `Invalid` that names `cursor`."""
    try:
        value, row_id = _unpack(cursor)
        return read(value), UUID(row_id)
    except (ValueError, TypeError, AttributeError, binascii.Error, RecursionError) as broken:
        raise invalid_field(
            "query.cursor", "翻页标记无效，请从第一页重新开始", "The cursor is not valid", "cursor_invalid"
        ) from broken


def page_of(rows: Sequence[Row], limit: int, key: Callable[[Row], tuple[object, UUID]]) -> "Page[Row]":
    """Cut limit + 1 fetched rows into a page; `key` gives a row's sort value and id."""
    if len(rows) <= limit:
        return Page(rows, None)
    value, row_id = key(rows[limit - 1])
    return Page(rows[:limit], encode_cursor(value, row_id))


def _read_time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment


def _unpack(cursor: str) -> tuple[str, str]:
    if len(cursor) > MAX_CURSOR_LENGTH:
        raise ValueError(len(cursor))
    value, row_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    if not isinstance(value, str) or "\x00" in value:
        raise ValueError(value)
    value.encode()
    return value, row_id
