"""The shape of a change: fields that are sent are changed, the others stay; `null` empties a field.

A field that may not be emptied is declared with `untouched()`, so that a `null` is refused by its own type
and names the field.
"""

from typing import Any, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from app.schemas.types import Input


def untouched() -> Any:
    """The default of a field that stays when it is not sent and that has no empty value."""
    return Field(default=None, json_schema_extra=_without_default)


class Patch(Input):
    """A body of PATCH; at least one field."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("没有要修改的内容 | nothing to change")
        return self

    @property
    def changes(self) -> dict[str, Any]:
        """The fields that were sent, with their values."""
        return {name: getattr(self, name) for name in self.model_fields_set}


def _without_default(schema: JsonDict) -> None:
    schema.pop("default", None)
