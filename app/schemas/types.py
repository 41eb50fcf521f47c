"""Types that every wire shape shares: clean texts, phones, times, points, pages.

Texts are stripped and may hold no NUL, control characters or lone surrogates, which no database text can
keep. Messages carry both languages as `中文 | English`, which the problem renderer takes apart.
"""

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, ClassVar, Generic, Self, TypeVar
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    StringConstraints,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from app.core import clock
from app.core.coordinates import CoordType, InvalidPointError, validate_point

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
CLOCK_SKEW = timedelta(days=1)
_DAY = re.compile(r"\s*[0-9]{4}-")
# A tuple, because a field may be called `type`, and then a shape stands in its place.
_STRICT = ("float", "bool")
_ALLOWED_CONTROLS = "\n\r\t"

Item = TypeVar("Item")
POINT_FAULTS = {
    "not_finite": "经纬度须为有限的数字 | must be finite numbers",
    "zero": "经纬度为 0，定位失败，请重新定位 | is (0, 0): the device found no place",
    "swapped": "经度和纬度填反了 | longitude and latitude are swapped",
    "outside": "位置不在中国范围内 | lies outside China",
}


def clean(text: str) -> str:
    """The text, unless it holds what no database text can keep (`ValueError`)."""
    for character in text:
        if unicodedata.category(character) in {"Cc", "Cs"} and character not in _ALLOWED_CONTROLS:
            raise ValueError("含有不能保存的控制字符 | contains control characters")
    return text


def _one_line(text: str) -> str:
    if any(character in _ALLOWED_CONTROLS for character in text):
        raise ValueError("不能换行 | must be a single line")
    return text


def _plausible(moment: datetime) -> datetime:
    if not EARLIEST <= moment <= clock.now() + CLOCK_SKEW:
        raise ValueError("时间不合理，应在 2000 年以后且不晚于现在 | is not a plausible past time")
    return moment


def _bounded(moment: datetime) -> datetime:
    if not EARLIEST <= moment <= clock.now() + timedelta(days=3660):
        raise ValueError("时间超出范围 | is out of range")
    return moment


def _written_day(value: object) -> object:
    """A number is no date, though the validator would take it for seconds since 1970."""
    if isinstance(value, date) or (isinstance(value, str) and _DAY.match(value)):
        return value
    raise PydanticCustomError("date_parsing", "is not a date")


def _written_time(value: object) -> object:
    if isinstance(value, date) or (isinstance(value, str) and _DAY.match(value)):
        return value
    raise PydanticCustomError("datetime_parsing", "is not an RFC 3339 time")


LongText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000), AfterValidator(clean)
]
ShortText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(clean),
    AfterValidator(_one_line),
]
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=30),
    AfterValidator(clean),
    AfterValidator(_one_line),
]
MobilePhone = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^1[3-9][0-9]{9}$")]
Phone = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r"^(1[3-9][0-9]{9}|\+?[0-9][0-9-]{4,18}[0-9])$")
]
Username = Annotated[
    str, StringConstraints(strip_whitespace=True, to_lower=True, pattern=r"^[A-Za-z][A-Za-z0-9_.-]{2,31}$")
]
Password = Annotated[
    str, StringConstraints(min_length=1, max_length=128), AfterValidator(clean), AfterValidator(_one_line)
]
CategoryCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{2}([0-9]{2})?$")]
LeafCategory = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")]
PastTime = Annotated[AwareDatetime, AfterValidator(_plausible), BeforeValidator(_written_time)]
AnyTime = Annotated[AwareDatetime, AfterValidator(_bounded), BeforeValidator(_written_time)]
Date = Annotated[date, BeforeValidator(_written_day)]


def _counted(value: object) -> object:
    if isinstance(value, bool | str | bytes):
        raise PydanticCustomError("int_type", "must be a whole number")
    return value


def _be_strict(schema: Any) -> None:
    """Let numbers be numbers and flags be flags, wherever in a shape they stand; 3.0 is a whole number."""
    if isinstance(schema, dict):
        if schema.get("type") == "int":
            lenient = dict(schema)
            schema.clear()
            schema.update(core_schema.no_info_before_validator_function(_counted, lenient))
            return
        if schema.get("type") in _STRICT:
            schema["strict"] = True
        for part in schema.values():
            _be_strict(part)
    elif isinstance(schema, list | tuple):
        for part in schema:
            _be_strict(part)


class Sent(BaseModel):
    """JSON that a client sends, read to the letter: 1 is not yes, and "3" is not 3."""

    # Whether it also stands in a query, where everything is a text.
    in_query: ClassVar[bool] = False

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Make the shape's numbers and flags strict; ids, dates and codes are texts in JSON anyway."""
        schema = handler(source)
        if not cls.in_query:
            _be_strict(schema)
        return schema


class Input(Sent):
    """A body that a client sends: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Output(BaseModel):
    """A body that goes out; built (`defer_build`) when first met: of hundreds a process meets some."""

    model_config = ConfigDict(from_attributes=True, defer_build=True)


class PageRead(Output, Generic[Item]):
    """One page of a list; `next_cursor` is null on the last."""

    items: list[Item]
    next_cursor: str | None = None


class Ref(Output):
    """Another record by id and name."""

    id: UUID
    name: str


class StaffRef(Ref):
    """A member who is to see to something, and whether they have left since."""

    has_left: bool = Field(description="已离任，须另行指定")


class Point(Input):
    """A place as the device measured it; the datum must be said."""

    lng: float = Field(ge=-180, le=180, allow_inf_nan=False)
    lat: float = Field(ge=-90, le=90, allow_inf_nan=False)
    coord_type: CoordType
    accuracy_m: float | None = Field(default=None, ge=0, le=100_000, allow_inf_nan=False)

    @model_validator(mode="after")
    def check_place(self) -> Self:
        """Refuse the null island, swapped axes and points outside China's box."""
        try:
            validate_point(self.lng, self.lat)
        except InvalidPointError as wrong:
            raise ValueError(POINT_FAULTS[wrong.fault]) from wrong
        return self
