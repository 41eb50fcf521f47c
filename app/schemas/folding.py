"""Types of texts that are looked up or compared later: brought to one form as they enter.

People type full-width digits, blanks inside names and numbers, dashes of five kinds. These types fold
them first (`app/core/texts.py`) and then ask for the same as the types of `app/schemas/types.py`.
"""

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, StringConstraints

from app.core import clock
from app.core.texts import compact, fold, fold_name
from app.schemas.types import Date, MobilePhone, Name, Phone, ShortText

FIRST_DAY = date(1900, 1, 1)
FIRST_BIRTH = date(1890, 1, 1)
FARTHEST = timedelta(days=3660)
_COUNTRY_CODE = re.compile(r"^(\+|00)?86(?=1[3-9][0-9]{9}$)")
_PUNCTUATION = re.compile(r"[-()]")


def folded(folder: Callable[[str], str]) -> BeforeValidator:
    """Fold texts; what is no text is left to the next validator to refuse."""

    def apply(value: Any) -> Any:
        return folder(value) if isinstance(value, str) else value

    return BeforeValidator(apply)


def _digits_of_a_phone(text: str) -> str:
    return _COUNTRY_CODE.sub("", _PUNCTUATION.sub("", compact(text)))


def _near(day: date) -> date:
    if not FIRST_DAY <= day <= clock.today() + FARTHEST:
        raise ValueError("日期超出范围 | is out of range")
    return day


def _born(day: date) -> date:
    if not FIRST_BIRTH <= day <= clock.today():
        raise ValueError("出生日期应在 1890 年以后且不晚于今天 | is not a plausible birth date")
    return day


PersonName = Annotated[Name, folded(fold_name)]
Label = Annotated[ShortText, folded(fold)]
Code = Annotated[str, folded(compact), StringConstraints(pattern=r"^[0-9A-Za-z-]{1,32}$")]
Mobile = Annotated[MobilePhone, folded(_digits_of_a_phone)]
PublicPhone = Annotated[Phone, folded(compact)]
PersonPhone = Annotated[
    str,
    folded(_digits_of_a_phone),
    StringConstraints(pattern=r"^(1[3-9][0-9]{9}|0[1-9][0-9]{8,10}|\+85[23][0-9]{8})$"),
]
Day = Annotated[Date, AfterValidator(_near)]
BirthDay = Annotated[Date, AfterValidator(_born)]
