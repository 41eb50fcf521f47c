"""Questionnaires as JSON Schema (2020-12): which ones are taken, and whether answers fit.

Schemas come from people, so those keywords are refused that fetch, recurse or run patterns of their own.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from app.core.errors import FieldError, Invalid, invalid_field

REFUSED = frozenset(
    {
        *("$ref", "$dynamicRef", "$schema", "$id", "$anchor", "$dynamicAnchor", "$defs", "$vocabulary"),
        *("pattern", "patternProperties", "format", "multipleOf", "uniqueItems"),
        *("unevaluatedItems", "unevaluatedProperties"),
    }
)
# Each of these is tried on every answer that it meets: few, and long answers cost little all the same.
BRANCHING = frozenset({"allOf", "anyOf", "oneOf", "not", "if", "contains", "dependentSchemas"})
MOST_BRANCHES = 20
SCHEMA, ANSWERS = "body.questionnaire", "body.answers"
_LISTED, _SHOWN = 10, 100
_SAID = {
    "required": ("此题必答", "must be answered"),
    "additionalProperties": ("问卷中没有此题", "is not asked"),
    "type": ("答案应为{}", "must be of the type {}"),
    "enum": ("答案须为其中之一：{}", "must be one of {}"),
    "const": ("答案须为 {}", "must be {}"),
    "minimum": ("不能小于 {}", "must be at least {}"),
    "maximum": ("不能大于 {}", "must be at most {}"),
    "exclusiveMinimum": ("须大于 {}", "must be more than {}"),
    "exclusiveMaximum": ("须小于 {}", "must be less than {}"),
    "minLength": ("至少 {} 个字", "needs at least {} characters"),
    "maxLength": ("至多 {} 个字", "takes at most {} characters"),
    "minItems": ("至少选 {} 项", "needs at least {} items"),
    "maxItems": ("至多选 {} 项", "takes at most {} items"),
}
_KINDS = {
    "string": "文字",
    "number": "数字",
    "integer": "整数",
    "boolean": "是或否",
    "array": "多项",
    "object": "一组答案",
    "null": "空",
}


def require_schema(schema: dict[str, Any]) -> None:
    """Refuse (`Invalid`) what is no schema of an object, or uses a refused keyword."""
    used = sorted(REFUSED.intersection(name for name, _value in _keywords(schema)))
    if used:
        raise invalid_field(SCHEMA, f"问卷不能使用 {used[0]}", f"must not use {used[0]}")
    if sum(_branches(schema)) > MOST_BRANCHES:
        raise invalid_field(
            SCHEMA,
            f"问卷最多使用 {MOST_BRANCHES} 个条件（anyOf、if 等）",
            f"takes at most {MOST_BRANCHES} conditions (anyOf, if …)",
        )
    if schema.get("type") != "object":
        raise invalid_field(SCHEMA, "问卷最外层须为 object", "must be of the type object")
    library = _jsonschema()
    try:
        library.Draft202012Validator.check_schema(schema)
    except library.SchemaError:
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
    found = islice(_jsonschema().Draft202012Validator(schema).iter_errors(answers or {}), _LISTED)
    wrong = [named for error in found for named in _named(error)]
    if wrong:
        raise Invalid("问卷答案不符合要求", "The answers do not fit", errors=tuple(wrong[:_LISTED]))


def _jsonschema() -> Any:
    # Nearly three MiB that only a process that meets a questionnaire carries.
    import jsonschema  # noqa: PLC0415 - see above

    return jsonschema


def _named(error: Any) -> Iterator[FieldError]:
    """Each wrong field in words; of questions that are missing or unknown, each by its name."""
    where, rule, limit = error.absolute_path, str(error.validator), error.validator_value
    zh, en = _SAID.get(rule, ("答案不符合要求", "breaks {}"))
    names = _missing_or_unknown(error)
    for name in names or (None,):
        field = ".".join((ANSWERS, *map(str, where), *((name,) if name else ())))
        told = _told(rule, limit)
        yield FieldError(field, f"answer_{rule}", zh.format(told), en.format(told))


def _missing_or_unknown(error: Any) -> list[str]:
    answered = error.instance if isinstance(error.instance, dict) else {}
    if error.validator == "required":
        return [name for name in error.validator_value if name not in answered][:_LISTED]
    if error.validator == "additionalProperties":
        asked = error.schema.get("properties", {})
        return [name for name in answered if name not in asked][:_LISTED]
    return []


def _told(rule: str, limit: Any) -> str:
    if rule == "type":
        return "、".join(_KINDS.get(kind, kind) for kind in ([limit] if isinstance(limit, str) else limit))
    if rule == "enum":
        return "、".join(map(str, limit))[:_SHOWN]
    return str(limit)[:_SHOWN] if rule in _SAID else rule


def _branches(schema: dict[str, Any]) -> Iterator[int]:
    """How many schemas each branching keyword has."""
    for name, value in _keywords(schema):
        if name in BRANCHING:
            many = isinstance(value, list) or (isinstance(value, dict) and name == "dependentSchemas")
            yield len(value) if many else 1


def _keywords(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name, inner
            # Below `properties` stand the names of questions, which may be any.
            named = name == "properties" and isinstance(inner, dict)
            yield from _keywords(list(inner.values()) if named else inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _keywords(inner)
