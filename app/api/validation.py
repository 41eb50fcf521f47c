"""Pydantic's findings as field errors that a worker can read.

Maps the validator's error types to plain Chinese and English; what has no entry keeps the validator's
English text under a general Chinese one. Never repeats the input, which may be personal.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from app.core.errors import BadRequest, FieldError, Invalid, Problem

_TEXTS: Mapping[str, tuple[str, str]] = {
    "missing": ("缺少必填项", "is required"),
    "extra_forbidden": ("不认识的字段", "is not a known field"),
    "string_type": ("应为文字", "must be text"),
    "string_too_short": ("至少 {min_length} 个字", "needs at least {min_length} characters"),
    "string_too_long": ("最多 {max_length} 个字", "takes at most {max_length} characters"),
    "string_pattern_mismatch": ("格式不对", "has the wrong form"),
    "string_unicode": ("含有无法识别的字符", "contains characters that are no text"),
    "uuid_parsing": ("编号格式不对", "is not a valid id"),
    "uuid_type": ("编号格式不对", "is not a valid id"),
    "enum": ("只能是：{expected}", "must be one of: {expected}"),
    "literal_error": ("只能是：{expected}", "must be one of: {expected}"),
    "union_tag_invalid": (
        "不认识的动作，只能是：{expected_tags}",
        "must be one of: {expected_tags}",
    ),
    "union_tag_not_found": ("缺少 action", "needs an action"),
    "int_parsing": ("应为整数", "must be a whole number"),
    "int_type": ("应为整数", "must be a whole number"),
    "int_from_float": ("应为整数", "must be a whole number"),
    "float_parsing": ("应为数字", "must be a number"),
    "float_type": ("应为数字", "must be a number"),
    "finite_number": ("应为有限的数字", "must be a finite number"),
    "bool_parsing": ("应为是或否", "must be true or false"),
    "bool_type": ("应为是或否", "must be true or false"),
    "greater_than_equal": ("不能小于 {ge}", "must be at least {ge}"),
    "less_than_equal": ("不能大于 {le}", "must be at most {le}"),
    "datetime_parsing": ("时间格式不对，应如 2026-01-31T08:30:00+08:00", "is not an RFC 3339 time"),
    "datetime_from_date_parsing": (
        "时间格式不对，应如 2026-01-31T08:30:00+08:00",
        "is not an RFC 3339 time",
    ),
    "datetime_type": ("时间格式不对，应如 2026-01-31T08:30:00+08:00", "is not an RFC 3339 time"),
    "timezone_aware": ("时间须带时区，如 +08:00", "must carry an offset, such as +08:00"),
    "date_parsing": ("日期格式不对，应如 2026-01-31", "is not a date"),
    "date_from_datetime_parsing": ("日期格式不对，应如 2026-01-31", "is not a date"),
    "model_type": ("应为 JSON 对象", "must be a JSON object"),
    "model_attributes_type": ("应为 JSON 对象", "must be a JSON object"),
    "dict_type": ("应为 JSON 对象", "must be a JSON object"),
    "list_type": ("应为列表", "must be a list"),
    "too_short": ("至少 {min_length} 项", "needs at least {min_length} items"),
    "too_long": ("最多 {max_length} 项", "takes at most {max_length} items"),
    "json_invalid": ("不是合法的 JSON", "is not valid JSON"),
}
_GENERAL_ZH = "填写有误"
MAX_LISTED = 20
MAX_NAME = 60


def problem_of(findings: Sequence[Mapping[str, Any]]) -> Problem:
    """One problem for all findings; 400 when the body is not JSON at all, else 422."""
    if any(finding["type"] == "json_invalid" for finding in findings):
        return BadRequest("请求内容不是合法的 JSON", "The body is not valid JSON")
    errors = tuple(_field_error(finding) for finding in findings[:MAX_LISTED])
    detail_zh = "；".join(f"{_last(error.where)}：{error.message_zh}" for error in errors)
    detail_en = "; ".join(f"{_last(error.where)} {error.message_en}" for error in errors)
    return Invalid(detail_zh, detail_en, errors=errors)


def _field_error(finding: Mapping[str, Any]) -> FieldError:
    kind, context = str(finding["type"]), dict(finding.get("ctx") or {})
    reason = context.get("error")
    if kind == "value_error" and reason is not None:
        zh, _, en = str(reason).partition(" | ")
        return FieldError(_where(finding["loc"]), "invalid", zh, en or zh)
    zh, en = _TEXTS.get(kind, (_GENERAL_ZH, str(finding.get("msg", "is not valid"))))
    return FieldError(_where(finding["loc"]), kind, _fill(zh, context), _fill(en, context))


def _fill(text: str, context: Mapping[str, Any]) -> str:
    try:
        return text.format_map(context)
    except (KeyError, ValueError, IndexError):
        return text


def _where(location: Sequence[object]) -> str:
    return ".".join(str(part)[:MAX_NAME] for part in location)


def _last(where: str) -> str:
    return where.rsplit(".", maxsplit=1)[-1]
