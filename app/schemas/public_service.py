"""Wire shapes of the services that are open to the public, as their administrator sees and sets them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from app.models.enums.third_party import ServiceKind
from app.schemas.types import Input, Output, ShortText

MAX_ATTRIBUTES, MAX_VALUES, MAX_KEYWORDS = 20, 50, 10
# They become the names of elements in XML.
AttributeCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
ValueKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,40}$")]


class Datatype(StrEnum):
    """What Open311 knows."""

    STRING = "string"
    NUMBER = "number"
    DATETIME = "datetime"
    TEXT = "text"
    SINGLE = "singlevaluelist"
    MULTI = "multivaluelist"


LISTS = frozenset({Datatype.SINGLE, Datatype.MULTI})


class ServiceValue(Input):
    """One of the values that a list takes."""

    key: ValueKey
    name: ShortText


class ServiceAttribute(Input):
    """Something that is asked of a report, or with `variable` false only told."""

    code: AttributeCode
    datatype: Datatype
    description: ShortText
    variable: bool = True
    required: bool = False
    datatype_description: ShortText | None = None
    values: list[ServiceValue] = Field(default_factory=list, max_length=MAX_VALUES)

    @model_validator(mode="after")
    def check_values(self) -> Self:
        """A list has values, each once, and nothing else has any."""
        keys = [value.key for value in self.values]
        if bool(keys) != (self.datatype in LISTS) or len(set(keys)) < len(keys):
            raise ValueError("只有列表有选项，且不重复 | lists, and only they, have values, each once")
        return self


class PublicServiceWrite(Input):
    """How a category is open to the public."""

    enabled: bool = True
    kind: ServiceKind = Field(
        default=ServiceKind.REALTIME, description="realtime 立即给出编号，batch 受理后给出"
    )
    description: ShortText
    keywords: list[ShortText] = Field(default_factory=list, max_length=MAX_KEYWORDS)
    attributes: list[ServiceAttribute] = Field(default_factory=list, max_length=MAX_ATTRIBUTES)

    @model_validator(mode="after")
    def check_codes(self) -> Self:
        """Each attribute has a code of its own."""
        codes = [one.code for one in self.attributes]
        if len(set(codes)) < len(codes):
            raise ValueError("附加项的代码重复了 | codes of attributes must differ")
        return self


class ServiceValueRead(Output):
    """One of the values that a list takes."""

    key: str
    name: str


class ServiceAttributeRead(Output):
    """Something that is asked of a report."""

    code: str
    datatype: Datatype
    description: str
    variable: bool
    required: bool
    datatype_description: str | None
    values: list[ServiceValueRead]


class PublicServiceRead(Output):
    """A category that is, or was, open to the public."""

    category_code: str
    enabled: bool
    kind: ServiceKind
    description: str
    keywords: list[str]
    attributes: list[ServiceAttributeRead]
    version: int
    updated_at: datetime
    updated_by: UUID | None


class PublicServiceList(Output):
    """All of them, by code."""

    items: list[PublicServiceRead]
