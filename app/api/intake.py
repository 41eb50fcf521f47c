"""A third party's bulk read item by item, so that one that is wrong refuses itself and holds up no other."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from app.api.validation import problem_of
from app.core.errors import Problem
from app.schemas.intake import REF, IntakeCreate
from app.services.exchange.intake.pushing import Unreadable


def read(items: Sequence[Any]) -> list[IntakeCreate | Unreadable]:
    """Each item as a ticket, or as what is wrong with it; fields are named as those of the whole body."""
    return [_read(item, number) for number, item in enumerate(items)]


def _read(item: Any, number: int) -> IntakeCreate | Unreadable:
    try:
        return IntakeCreate.model_validate(item)
    except ValidationError as wrong:
        return Unreadable(_ref(item), _explained(wrong, number))


def _explained(wrong: ValidationError, number: int) -> Problem:
    findings = wrong.errors(include_url=False, include_input=False)
    return problem_of(
        [{**finding, "loc": ("body", "items", number, *finding["loc"])} for finding in findings]
    )


def _ref(item: Any) -> str | None:
    told = item.get("external_ref") if isinstance(item, Mapping) else None
    return told if isinstance(told, str) and re.fullmatch(REF, told) else None
