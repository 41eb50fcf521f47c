"""What a typed term asks of a table: which columns it may match, and how.

Chinese is matched by characters and pairs of neighbours, letters by the spellings of names, four digits by
the last four of a number, `3-502` by the doors of an address. A whole number is matched by its blind index
for those who may see such numbers, and by its last four, which masks show, for everybody else: whether a
hidden digit is right is not to be found out by asking. Whose rows may be seen is not owned here.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Text, and_, cast, false, func, or_
from sqlalchemy.dialects.postgresql import ARRAY

from app.core.crypto import Vault
from app.core.pinyin import typed
from app.core.texts import compact, fold_name
from app.models.enums.privacy import ResidentField
from app.models.registry import Building, Household, Place, Room

_LATIN = re.compile(r"[a-zü' .·]*[a-zü][a-zü' .·]*")
_TAIL = re.compile(r"[0-9]{3}[0-9x]")
_PHONE = re.compile(r"(?:\+?86)?(1[3-9][0-9]{9})|(0[1-9][0-9]{8,10}|\+85[23][0-9]{8})")
_NUMBER = re.compile(r"[0-9]{17}[0-9x]|(?=[a-z0-9-]*[0-9]{5})[a-z0-9-]{6,20}")
_RUN = r"([0-9]+[a-z]?|[a-z]+[0-9]*)"
_DOOR = re.compile(
    rf"{_RUN}(?:-|#|栋|幢|座|号楼|号){_RUN}(?:(?:-|单元|梯|号){_RUN})?(?:室|房|号)?",
)
_PAIR = 2
_TAIL_LENGTH = 4
_NUMBERS = MappingProxyType({ResidentField.PHONE: "phone", ResidentField.ID_NUMBER: "id"})
WRITTEN: Mapping[Any, tuple[str, ...]] = MappingProxyType(
    {
        Household: ("address",),
        Room: ("address", "room_no"),
        Building: ("address", "name"),
        Place: ("address", "name"),
    }
)

Condition = ColumnElement[bool]
NOBODY: Condition = false()


def numbers_in(term: str) -> Mapping[ResidentField, str]:
    """The whole numbers that a term may be, by the field that holds such numbers."""
    plain = compact(term).lower()
    phone = _PHONE.fullmatch(re.sub("[-()]", "", plain))
    found = {ResidentField.PHONE: phone[1] or phone[2]} if phone else {}
    if _NUMBER.fullmatch(plain):
        found[ResidentField.ID_NUMBER] = plain.upper()
    return found


def of_person(term: str, vault: Vault, known: Collection[ResidentField], row: Any) -> Condition:
    """Whether a resident, by the columns of a row, is what a term means; `NOBODY` if nobody can be.

    known: the fields whose whole numbers the caller may look for.
    """
    plain = compact(term).lower()
    if _TAIL.fullmatch(plain):
        return or_(row.phone_last4 == plain, row.id_last4 == plain.upper())
    numbers = numbers_in(term)
    if numbers:
        return or_(*(_numbered(row, field, number, vault, known) for field, number in numbers.items()))
    name = fold_name(term).lower()
    if _LATIN.fullmatch(name):
        spelled: Condition = row.spellings.overlap(_texts(typed(re.sub("[.·]", "", name))))
        return spelled
    if any(character.isalpha() and not character.isascii() for character in plain):
        return _containing(row, ("name",), plain)
    return NOBODY


def of_address(term: str, written: Sequence[str], row: Any) -> Condition:
    """Whether a row has every word of a term, as a door or in one of the written columns.

    `NOBODY` for letters alone.
    """
    words = term.lower().split()
    if _LATIN.fullmatch(term.lower()):
        return NOBODY
    return and_(*(_word(row, written, word) for word in words))


def _word(row: Any, written: Sequence[str], word: str) -> Condition:
    told = _containing(row, written, word)
    door = _DOOR.fullmatch(word)
    if door is None:
        return told
    key = "-".join(run for run in door.groups() if run)
    found: Condition = row.grams.contains(_texts([key]))
    # A door written with hyphens stands in no address by chance: its key alone is enough.
    return found if word == key else or_(found, told)


def _containing(row: Any, written: Sequence[str], word: str) -> Condition:
    """The index finds what has all the parts; that they stand together is checked where it can fail."""
    if len(word) <= _PAIR:
        alone: Condition = row.grams.contains(_texts([word]))
        return alone
    pairs = sorted({word[place : place + _PAIR] for place in range(len(word) - 1)})
    together = (func.search_plain(row[name]).contains(word, autoescape=True) for name in written)
    return and_(row.grams.contains(_texts(pairs)), or_(*together))


def _numbered(
    row: Any, field: ResidentField, number: str, vault: Vault, known: Collection[ResidentField]
) -> Condition:
    index, last4 = row[f"{_NUMBERS[field]}_index"], row[f"{_NUMBERS[field]}_last4"]
    found: Condition = index.in_(vault.indexes(number)) if field in known else last4 == number[-_TAIL_LENGTH:]
    return found


def _texts(values: list[str]) -> Any:
    return cast(values, ARRAY(Text()))
