"""What was answered to a service's attributes: checked by type, and as words for whoever handles it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.core.errors import FieldError, Invalid

LONGEST = 500
_LISTS = frozenset({"singlevaluelist", "multivaluelist"})
Answers = Mapping[str, Sequence[str]]


def checked(attributes: Sequence[Mapping[str, Any]], sent: Answers) -> dict[str, Any]:
    """The answers by code, lists for `multivaluelist`, each value once; `Invalid` names what is wrong.

    Codes that the service does not ask for are left out, and so is what is only told.
    """
    kept: dict[str, Any] = {}
    wrong: list[FieldError] = []
    for asked in attributes:
        given = [value for value in dict.fromkeys(sent.get(asked["code"], ())) if value]
        if not asked["variable"]:
            continue
        fault = _fault(asked, given)
        if fault is not None:
            wrong.append(FieldError(f"attribute[{asked['code']}]", "invalid", *fault))
        elif given:
            kept[asked["code"]] = given if asked["datatype"] == "multivaluelist" else given[-1]
    if wrong:
        zh = "；".join(f"{one.where}：{one.message_zh}" for one in wrong)
        en = "; ".join(f"{one.where} {one.message_en}" for one in wrong)
        raise Invalid(zh, en, errors=tuple(wrong))
    return kept


def in_words(attributes: Sequence[Mapping[str, Any]], kept: Mapping[str, Any]) -> list[str]:
    """The answers as lines of text, in the order in which they are asked."""
    lines = []
    for asked in attributes:
        if asked["code"] in kept:
            names = {value["key"]: value["name"] for value in asked["values"]}
            given = kept[asked["code"]]
            told = given if isinstance(given, list) else [given]
            lines.append(f"{asked['description']}：{'、'.join(str(names.get(one, one)) for one in told)}")
    return lines


def _fault(asked: Mapping[str, Any], given: Sequence[str]) -> tuple[str, str] | None:
    if not given:
        return ("必须填写", "is required") if asked["required"] else None
    if any(len(value) > LONGEST for value in given):
        return f"最多 {LONGEST} 个字", f"takes at most {LONGEST} characters"
    known = [value["key"] for value in asked["values"]]
    if asked["datatype"] in _LISTS and not set(given) <= set(known):
        return f"只能是：{'、'.join(known)}", f"must be one of: {', '.join(known)}"
    if asked["datatype"] == "number" and not all(_is_number(value) for value in given):
        return "应为数字", "must be a number"
    if asked["datatype"] == "datetime" and not all(_is_time(value) for value in given):
        return "应为时间，如 2026-01-31T08:30:00+08:00", "must be a W3C time"
    return None


def _is_number(value: str) -> bool:
    head, _, tail = value.removeprefix("-").partition(".")
    return value.isascii() and head.isdigit() and (not tail or tail.isdigit())


def _is_time(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True
