"""Wire shapes of search: a term in a body, and what it found; names and numbers are masked."""

from enum import IntEnum, StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from app.core.errors import Invalid
from app.core.paging import DEFAULT_LIMIT, MAX_CURSOR_LENGTH, MAX_LIMIT, decode_cursor
from app.core.texts import fold
from app.schemas.folding import folded
from app.schemas.types import Input, Output, Ref, ShortText

LONGEST = 50


def _told(term: str) -> str:
    if not any(character.isalnum() for character in term):
        raise ValueError("请输入文字、字母或数字 | needs a letter or a digit")
    return term


Term = Annotated[ShortText, folded(fold), StringConstraints(max_length=LONGEST), AfterValidator(_told)]


class FoundKind(StrEnum):
    """What search finds, in the order in which it tells them."""

    RESIDENT = "resident"
    HOUSEHOLD = "household"
    ROOM = "room"
    BUILDING = "building"
    PLACE = "place"


class Layer(IntEnum):
    """What search goes through, one after another: people twice, by where they live and are registered."""

    LIVING = 0
    REGISTERED = 1
    HOUSEHOLD = 2
    ROOM = 3
    BUILDING = 4
    PLACE = 5

    @property
    def kind(self) -> FoundKind:
        """What is found in it."""
        return FoundKind.RESIDENT if self <= Layer.REGISTERED else FoundKind(self.name.lower())


def layer(text: str) -> Layer:
    """A layer as a cursor tells it; `ValueError` for any other text."""
    return Layer(int(text))


def _readable(cursor: str) -> str:
    try:
        decode_cursor(cursor, layer)
    except Invalid:
        raise ValueError("翻页标记无效，请从第一页重新开始 | is not valid") from None
    return cursor


class Search(Input):
    """A name, its initials, the last four of a number or all of it, a door (3-502), part of an address."""

    term: Term = Field(repr=False)
    kinds: list[FoundKind] = Field(
        default_factory=lambda: list(FoundKind), min_length=1, max_length=len(FoundKind)
    )
    cursor: Annotated[str, AfterValidator(_readable)] | None = Field(
        default=None, max_length=MAX_CURSOR_LENGTH
    )
    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)


class Found(Output):
    """A hit: a person's or head's name masked, others as they are; no address out of scope."""

    kind: FoundKind
    id: UUID
    name: str | None
    address: str | None
    area: Ref | None
    household: Ref | None
    age: int | None
    phone: str | None
    id_number: str | None
