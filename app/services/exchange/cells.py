"""Cells as offices fill them in, brought to one form: the cleaning rules, one function a kind of column.

Each takes a text that is not blank and returns the plain value, or raises `CellFault`. Full-width digits,
blanks inside numbers, two phones in one cell, dates of six fashions and the serial days of spreadsheets are
taken; a number that has lost digits is not, because nobody can know them.
"""

import re
from collections.abc import Mapping
from datetime import date, timedelta

from pydantic import TypeAdapter, ValidationError

from app.core import clock
from app.core.texts import compact, fold, fold_name
from app.schemas.folding import FIRST_BIRTH, Code, Label, PersonName, PersonPhone, PublicPhone
from app.services.exchange.faults import CellFault
from app.services.registry.identity import MESSAGES, IdentityRefusedError, parse

NOTHING = frozenset({"", "无", "/", "\\", "-", "--", "暂无", "没有", "不详", "未知", "空", "N/A", "#N/A"})
DITTO = frozenset({"同上", "同 上", "〃", "″", '"', "''", "同前"})
_NAME: TypeAdapter[str] = TypeAdapter(PersonName)
_PHONE: TypeAdapter[str] = TypeAdapter(PersonPhone)
_PUBLIC: TypeAdapter[str] = TypeAdapter(PublicPhone)
_LABEL: TypeAdapter[str] = TypeAdapter(Label)
_CODE: TypeAdapter[str] = TypeAdapter(Code)
_SEPARATORS = re.compile(r"[/、,，;；|]|或|\s{2,}|\n")
_EXPONENT = re.compile(r"\d(\.\d+)?E\+?\d+")
_LOST = re.compile(r"\d{15}(\?+|000)")
_PARTS = re.compile(r"(\d{4})[-./年](\d{1,2})[-./月](\d{1,2})日?(?:\s.*)?")
_WHOLE = re.compile(r"(\d{1,6})(?:\.0+)?(?:层|年|个|座|单元|栋)?")
_METRES = re.compile(r"([0-9]{1,6}(?:\.[0-9]+)?)(?:m2|平方米|平米|平方|平)?", re.IGNORECASE)
_DEGREES = re.compile(r"\d{1,3}\.\d{1,15}|\d{1,3}")
_EIGHT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_SERIAL = re.compile(r"\d{4,5}")
_UNIT = re.compile(r"(.+?)(?:单元|梯)")
_ROOM = re.compile(r"(.*[0-9A-Za-z])(?:号房|室|房)")
# Day 1 of spreadsheets is 1 January 1900, and they believe in a 29 February of that year.
_EPOCH = date(1899, 12, 30)
_LOST_ZH = "号码被表格软件当成了数字，后几位已丢失：请把该列设为文本格式，重新填写完整号码"


def name(text: str) -> str:
    """A person's name without the blanks that align it."""
    return _checked(_NAME, fold_name(text), "name", "姓名须为 1–30 个字")


def label(text: str) -> str:
    """A line of text."""
    return _checked(_LABEL, fold(text.replace("\n", " ")), "text", "须为 1–200 个字，不能含特殊控制字符")


def code(text: str) -> str:
    """Letters, digits and hyphens."""
    if _EXPONENT.fullmatch(compact(text)) or "?" in text:
        raise CellFault("digits_lost", _LOST_ZH)
    return _checked(_CODE, text, "code", "只能由字母、数字和横线组成，最长 32 位")


def id_number(text: str) -> str:
    """An 18-digit identity number."""
    typed = compact(text).upper().lstrip("'")
    try:
        return parse(typed).number
    except IdentityRefusedError as refused:
        if _EXPONENT.fullmatch(typed) or _LOST.fullmatch(typed):
            raise CellFault("digits_lost", _LOST_ZH) from None
        raise CellFault(refused.fault, MESSAGES[refused.fault][0]) from None


def phone(text: str) -> str:
    """The first phone number in the cell that is one, a mobile one if there is any."""
    whole = _phone(text)
    if whole is not None and whole.startswith("1"):
        return whole
    parts = [number for part in _SEPARATORS.split(fold(text)) if (number := _phone(part))]
    found = [whole, *parts] if whole else parts
    if not found:
        raise CellFault("phone", "不是有效的手机号码或带区号的固定电话")
    return next((number for number in found if number.startswith("1")), found[0])


def public_phone(text: str) -> str:
    """A phone that the public may call."""
    return _checked(_PUBLIC, text, "phone", "不是有效的电话号码")


def whole(text: str) -> str:
    """A whole number, perhaps with what is counted behind it: 6层, 2001年."""
    found = _WHOLE.fullmatch(compact(text))
    if not found:
        raise CellFault("number", "须填写整数")
    return found[1]


def metres(text: str) -> str:
    """Square metres, perhaps with the unit behind them: 89.5㎡."""
    found = _METRES.fullmatch(compact(text))
    if not found:
        raise CellFault("number", "须填写平方米数，如 89.5")
    return found[1]


def unit(text: str) -> str:
    """A unit of a building without the word: 2单元."""
    return _within(_UNIT, text)


def room(text: str) -> str:
    """A room's number without the word: 502室."""
    return _within(_ROOM, text)


def degrees(text: str) -> str:
    """Degrees of longitude or latitude with a point: 113.0058."""
    typed = compact(text).removesuffix("°")
    if not _DEGREES.fullmatch(typed):
        raise CellFault("degrees", "须填写小数形式的度数，如 113.005812")
    return typed


def day(text: str) -> date:
    """A day: 2024.10.11, 2024/10/11, 2024年10月11日, 19900307 or the serial day 45567."""
    typed = fold(text)
    found = _PARTS.fullmatch(typed) or _EIGHT.fullmatch(typed)
    try:
        if found:
            return date(*map(int, found.groups()))
        if _SERIAL.fullmatch(typed):
            return _EPOCH + timedelta(days=int(typed))
    except ValueError:
        raise CellFault("date", "没有这一天，请核对年月日") from None
    raise CellFault("date", "日期须写明年月日，如 1990-03-07")


def birth(text: str) -> str:
    """A day of birth, as ISO text."""
    found = day(text)
    if not FIRST_BIRTH <= found <= clock.today():
        raise CellFault("birth", "出生日期应在 1890 年以后且不晚于今天")
    return found.isoformat()


def chosen(text: str, choices: Mapping[str, str]) -> str:
    """The code of one of the labels, or the code itself."""
    if text in choices:
        return choices[text]
    typed = compact(text)
    if typed in choices:
        return choices[typed]
    if typed in choices.values():
        return typed
    raise CellFault("choice", f"只能填：{'、'.join(dict.fromkeys(choices))}"[:200])


def _within(pattern: re.Pattern[str], text: str) -> str:
    plain = compact(label(text))
    found = pattern.fullmatch(plain)
    return found[1] if found else plain


def _phone(text: str) -> str | None:
    try:
        return _PHONE.validate_python(text)
    except ValidationError:
        return None


def _checked(rule: TypeAdapter[str], text: str, fault: str, zh: str) -> str:
    try:
        return rule.validate_python(text)
    except ValidationError:
        raise CellFault(fault, zh) from None
