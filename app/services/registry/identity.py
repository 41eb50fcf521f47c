"""The 18-digit identity number (GB 11643): what makes one valid, and what it says.

Checked: length, digits, a birth date that exists between 1890 and today, the check character. The region
code is only looked at: codes change every year, and numbers of people from Hong Kong, Macao and Taiwan
or abroad have regions that no table lists. Errors never hold the number.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from app.core import clock
from app.core.texts import compact
from app.models.enums import Gender
from app.schemas.folding import FIRST_BIRTH

_LENGTH, _LEGACY_LENGTH = 18, 15
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS = "10X98765432"
_FOREIGN = "9"
_OTHER = re.compile(r"[0-9A-Z()-]{4,30}")
_PROVINCES = frozenset(
    re.findall("..", "1112131415212223313233343536374142434445465051525354616263646571818283")
)


class IdentityFault(StrEnum):
    """What is wrong with a number."""

    LEGACY = "id_number_legacy"
    LENGTH = "id_number_length"
    DIGITS = "id_number_digits"
    BIRTH = "id_number_birth"
    CHECK = "id_number_check"
    CHARACTERS = "id_number_characters"


MESSAGES: Mapping[IdentityFault, tuple[str, str]] = MappingProxyType(
    {
        IdentityFault.LEGACY: ("15 位旧号码须换成 18 位", "a 15-digit number must be upgraded to 18"),
        IdentityFault.LENGTH: ("身份证号码须为 18 位", "must have 18 characters"),
        IdentityFault.DIGITS: ("前 17 位须为数字，末位为数字或 X", "must be 17 digits and a digit or X"),
        IdentityFault.BIRTH: ("号码中的出生日期不存在或不合理", "holds no possible birth date"),
        IdentityFault.CHECK: ("校验位不对，请核对号码", "has a wrong check digit"),
        IdentityFault.CHARACTERS: ("证件号码只能是 4–30 位字母和数字", "must be 4 to 30 letters and digits"),
    }
)


class IdentityRefusedError(ValueError):
    """Not an identity number; `fault` says why."""

    def __init__(self, fault: IdentityFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class IdentityNumber:
    """A valid number in its plain form, and what can be read from it."""

    number: str = field(repr=False)
    birth_on: date | None
    gender: Gender | None
    region_known: bool


def parse(typed: str) -> IdentityNumber:
    """Read a number as people type it (blanks, full-width, small x); raises `IdentityRefusedError`."""
    number = compact(typed).upper()
    if len(number) != _LENGTH:
        legacy = len(number) == _LEGACY_LENGTH and _digits(number)
        raise IdentityRefusedError(IdentityFault.LEGACY if legacy else IdentityFault.LENGTH)
    if not (_digits(number[:-1]) and number[-1] in _CHECK_CHARACTERS):
        raise IdentityRefusedError(IdentityFault.DIGITS)
    birth_on = _birth(number)
    if check_character(number[:-1]) != number[-1]:
        raise IdentityRefusedError(IdentityFault.CHECK)
    return IdentityNumber(
        number=number,
        birth_on=birth_on,
        gender=Gender.MALE if int(number[16]) % 2 else Gender.FEMALE,
        region_known=number[:2] in _PROVINCES or number.startswith(_FOREIGN),
    )


def parse_other(typed: str) -> IdentityNumber:
    """The number of another document (passport, permit) as it is kept: letters, digits, hyphens."""
    number = compact(typed).upper()
    if not _OTHER.fullmatch(number):
        raise IdentityRefusedError(IdentityFault.CHARACTERS)
    return IdentityNumber(number=number, birth_on=None, gender=None, region_known=True)


def check_character(body: str) -> str:
    """The eighteenth character for the first seventeen digits (ISO 7064, MOD 11-2)."""
    total = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True))
    return _CHECK_CHARACTERS[total % 11]


def _birth(number: str) -> date:
    try:
        day = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise IdentityRefusedError(IdentityFault.BIRTH) from None
    if not FIRST_BIRTH <= day <= clock.today():
        raise IdentityRefusedError(IdentityFault.BIRTH)
    return day


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
