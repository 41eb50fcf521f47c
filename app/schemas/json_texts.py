"""JSON whose shape a client decides: answers to a questionnaire, and the questionnaire itself.

Bounded in size and depth, and free of what no database text can keep.
"""

import json
from math import isfinite
from typing import Annotated, Any

from pydantic import AfterValidator

from app.schemas.types import clean

MOST_CHARACTERS = 32_768
DEEPEST = 12


def _bounded(value: dict[str, Any]) -> dict[str, Any]:
    _look_at(value, 0)
    if len(json.dumps(value, ensure_ascii=False)) > MOST_CHARACTERS:
        raise ValueError("内容过长 | is too long")
    return value


def _look_at(value: Any, depth: int) -> None:
    if depth > DEEPEST:
        raise ValueError("嵌套过深 | is nested too deeply")
    if isinstance(value, str):
        clean(value)
    elif isinstance(value, float) and not isfinite(value):
        raise ValueError("须为有限的数字 | must be finite numbers")
    elif isinstance(value, dict):
        for name, inner in value.items():
            clean(name)
            _look_at(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _look_at(inner, depth + 1)


JsonObject = Annotated[dict[str, Any], AfterValidator(_bounded)]
