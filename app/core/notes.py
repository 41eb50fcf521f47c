"""A problem as it can be kept and told later in either language: what became of one entry among many."""

from collections.abc import Mapping
from typing import Any

from app.core.errors import Problem


def packed(problem: Problem) -> dict[str, Any]:
    """A problem as it is kept: its words in both languages, and the fields; nothing of what was sent."""
    return {
        "code": problem.code,
        "status": problem.status,
        "title": [problem.title_zh, problem.title_en],
        "detail": [problem.detail_zh, problem.detail_en],
        "errors": [[error.where, error.code, error.message_zh, error.message_en] for error in problem.errors],
    }


def told(kept: Mapping[str, Any], *, english: bool) -> dict[str, Any]:
    """The problem document of what was kept, in one of the two languages."""
    words = 1 if english else 0
    document = {
        "type": f"urn:wangge:problem:{kept['code']}",
        "title": kept["title"][words],
        "status": kept["status"],
        "detail": kept["detail"][words],
        "code": kept["code"],
    }
    errors = [
        {"field": where, "code": code, "message": messages[words]}
        for where, code, *messages in kept["errors"]
    ]
    return {**document, "errors": errors} if errors else document
