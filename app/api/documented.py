"""What the OpenAPI file says of a route beyond its signature: refusals by their codes, headers by name.

An app is built from that file, so whatever it must act upon stands there.
"""

from collections.abc import Mapping
from typing import Any

from app.api.problems import MEDIA_TYPE
from app.core.errors import Problem

Responses = dict[int | str, dict[str, Any]]
PROBLEM = {"$ref": "#/components/schemas/Problem"}


# Beside 201, where the caller makes the id: the record as it was stored before.
STORED_BEFORE: Responses = {200: {"description": "这个编号的记录以前已保存，答复的是原来那一份"}}


def refusals(*causes: type[Problem]) -> Responses:
    """The answers that these causes give, for `responses`: by status, each code with what it means.

    What one looks like stands once for all, under its code in the document's examples.
    """
    by_status: dict[int, list[type[Problem]]] = {}
    for cause in sorted(set(causes), key=lambda cause: (cause.status, cause.code, cause.title_zh)):
        by_status.setdefault(cause.status, []).append(cause)
    return {
        status: {
            "description": "；".join(dict.fromkeys(f"`{cause.code}` {cause.title_zh}" for cause in found)),
            "content": {
                MEDIA_TYPE: {
                    "schema": PROBLEM,
                    "examples": {
                        cause.code: {"$ref": f"#/components/examples/{cause.code}"} for cause in found
                    },
                }
            },
        }
        for status, found in by_status.items()
    }


def sent(names: Mapping[str, str], *, required: bool = True) -> list[dict[str, Any]]:
    """Request headers with what they mean, for the `parameters` of `openapi_extra`."""
    return [
        {
            "name": name,
            "in": "header",
            "required": required,
            "schema": {"type": "string"},
            "description": meaning,
        }
        for name, meaning in names.items()
    ]


def answered(names: Mapping[str, str]) -> dict[str, Any]:
    """Headers of an answer with what they mean, for its entry in `responses`."""
    return {"headers": {name: {"schema": {"type": "string"}, "description": names[name]} for name in names}}
