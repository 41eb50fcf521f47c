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

from sqlalchemy import ColumnElement, Text, and_, cast, func, or_
from sqlalchemy.dialects.postgresql import ARRAY

from app.core.crypto import Vault
from app.core.pinyin import typed
from app.core.texts import compact, fold_name
from app.models.enums.privacy import ResidentField
from app.models.registry import Building, Household, Place, Resident, Room

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
_NUMBERS: Mapping[ResidentField, tuple[Any, Any]] = MappingProxyType(
    {
        ResidentField.PHONE: (Resident.phone_index, Resident.phone_last4),
        ResidentField.ID_NUMBER: (Resident.id_index, Resident.id_last4),
    }
)
_WRITTEN = {
    Household: (Household.address,),
    Room: (Room.address, Room.room_no),
    Building: (Building.address, Building.name),
    Place: (Place.address, Place.name),
}

Condition = ColumnElement[bool]


def numbers_in(term: str) -> Mapping[ResidentField, str]:
    """The whole numbers that a term may be, by the field that holds such numbers."""
    plain = compact(term).lower()
    phone = _PHONE.fullmatch(re.sub("[-()]", "", plain))
    found = {ResidentField.PHONE: phone[1] or phone[2]} if phone else {}
    if _NUMBER.fullmatch(plain):
        found[ResidentField.ID_NUMBER] = plain.upper()
    return found


def of_person(term: str, vault: Vault, known: Collection[ResidentField]) -> Condition | None:
    """The residents that a term means; None if it can mean nobody.

    known: the fields whose whole numbers the caller may look for.
    """
    plain = compact(term).lower()
    if _TAIL.fullmatch(plain):
        return or_(Resident.phone_last4 == plain, Resident.id_last4 == plain.upper())
    numbers = numbers_in(term)
    if numbers:
        return or_(*(_numbered(field, number, vault, known) for field, number in numbers.items()))
    name = fold_name(term).lower()
    if _LATIN.fullmatch(name):
        spelled: Condition = Resident.spellings.overlap(_texts(typed(re.sub("[.·]", "", name))))
        return spelled
    if any(character.isalpha() and not character.isascii() for character in plain):
        return _containing(Resident.grams, (Resident.name,), plain)
    return None


def of_address(term: str, table: Any) -> Condition | None:
    """The rows of a table with addresses that a term means: every word of it; None for letters alone."""
    words = term.lower().split()
    if _LATIN.fullmatch(term.lower()):
        return None
    return and_(*(_word(word, table) for word in words))


def _word(word: str, table: Any) -> Condition:
    written = _containing(table.grams, _WRITTEN[table], word)
    door = _DOOR.fullmatch(word)
    if door is None:
        return written
    key = "-".join(run for run in door.groups() if run)
    found: Condition = table.grams.contains(_texts([key]))
    # A door written with hyphens stands in no address by chance: its key alone is enough.
    return found if word == key else or_(found, written)


def _containing(grams: Any, columns: Sequence[Any], word: str) -> Condition:
    """The index finds what has all the parts; that they stand together is checked where it can fail."""
    if len(word) <= _PAIR:
        alone: Condition = grams.contains(_texts([word]))
        return alone
    pairs = sorted({word[place : place + _PAIR] for place in range(len(word) - 1)})
    together = (func.search_plain(column).contains(word, autoescape=True) for column in columns)
    return and_(grams.contains(_texts(pairs)), or_(*together))


def _numbered(field: ResidentField, number: str, vault: Vault, known: Collection[ResidentField]) -> Condition:
    index, last4 = _NUMBERS[field]
    found: Condition = index.in_(vault.indexes(number)) if field in known else last4 == number[-_TAIL_LENGTH:]
    return found


def _texts(values: list[str]) -> Any:
    return cast(values, ARRAY(Text()))
