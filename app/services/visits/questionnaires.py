"""Questionnaires as JSON Schema (2020-12): which ones are taken, and whether answers fit.

Schemas come from people, so those keywords are refused that fetch, recurse or run patterns of their own.
"""

from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from app.core.errors import FieldError, Invalid, invalid_field

REFUSED = frozenset({"$ref", "$dynamicRef", "$schema", "$id", "pattern", "patternProperties", "format"})
SCHEMA, ANSWERS = "body.questionnaire", "body.answers"
_LISTED = 10


def require_schema(schema: dict[str, Any]) -> None:
    """Refuse (`Invalid`) what is no schema of an object, or uses a refused keyword."""
    used = sorted(REFUSED & set(_keys(schema)))
    if used:
        raise invalid_field(SCHEMA, f"问卷不能使用 {used[0]}", f"must not use {used[0]}")
    if schema.get("type") != "object":
        raise invalid_field(SCHEMA, "问卷最外层须为 object", "must be of the type object")
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError:
        raise invalid_field(
            SCHEMA, "问卷不是有效的 JSON Schema", "is not a valid JSON Schema (2020-12)"
        ) from None


def require_fit(schema: dict[str, Any] | None, answers: dict[str, Any] | None, *, needed: bool) -> None:
    """Refuse (`Invalid`, naming each field) answers that do not fit; `needed` when somebody was met."""
    if schema is None:
        if answers is not None:
            raise invalid_field(ANSWERS, "这次走访没有问卷", "There is no questionnaire to answer")
        return
    if answers is None and not needed:
        return
    wrong = sorted(Draft202012Validator(schema).iter_errors(answers or {}), key=lambda error: error.json_path)
    if wrong:
        raise Invalid(
            "问卷答案不符合要求", "The answers do not fit", errors=tuple(map(_named, wrong[:_LISTED]))
        )


def _named(error: Any) -> FieldError:
    where = ".".join((ANSWERS, *map(str, error.absolute_path)))
    return FieldError(where, f"answer_{error.validator}", "答案不符合要求", f"breaks {error.validator}")


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            # Below `properties` stand the names of questions, which may be any.
            named = name == "properties" and isinstance(inner, dict)
            yield from _keys(list(inner.values()) if named else inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner)
