"""What schemathesis loads beside the document: who calls each operation, and a check of our own.

Run in its process; `WANGGE_WALK_TOKENS` names a file with a token for each operation id.
"""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import schemathesis

MISSING = "缺少必填项"
BYTES = "application/offset+octet-stream"
OPEN311 = "/open311/"
EXAMPLE_KEY = "wg_wk3f9a7c.examplesecretexamplesecretexample"
# What the document tells of a value; a request that agrees with it is not refused for one of these.
TOLD = {
    *("missing", "extra_forbidden", "string_type", "string_too_short", "string_too_long", "enum"),
    *("literal_error", "uuid_type", "int_type", "float_type", "list_type", "dict_type", "too_long"),
    *("greater_than_equal", "less_than_equal", "model_attributes_type", "union_tag_invalid"),
    "union_tag_not_found",
}


@cache
def tokens() -> dict[str, str]:
    """The token of somebody whom the operation admits, by operation id."""
    found: dict[str, str] = json.loads(Path(os.environ["WANGGE_WALK_TOKENS"]).read_text("utf-8"))
    return found


@schemathesis.auth(refresh_interval=None)
class Somebody:
    """Signs every case as whom its operation admits."""

    def get(self, case: Any, _context: Any) -> str | None:
        """The token for the case's operation; none for what is open to all."""
        return tokens().get(case.operation.definition.raw["operationId"])

    def set(self, case: Any, data: str | None, _context: Any) -> None:
        """Put the token where the server looks for it."""
        if data is not None and case.operation.path.startswith(OPEN311):
            case.query = {**(case.query or {}), "api_key": data}
            if isinstance(case.body, dict) and case.body.get("api_key") == EXAMPLE_KEY:
                case.body = {**case.body, "api_key": data}
        elif data is not None:
            case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}


@schemathesis.serializer(BYTES)
def _bytes(_context: Any, value: Any) -> bytes:
    """A piece of an upload, as it stands."""
    return value if isinstance(value, bytes) else str(value).encode()


@schemathesis.check
def refused_by_rules_only(_context: Any, response: Any, case: Any) -> None:
    """What agrees with the document is refused for rules, never for a form that the document tells of."""
    if response.status_code != 422 or case.meta is None or not case.meta.generation.mode.is_positive:
        return
    wrong = [error for error in response.json().get("errors", ()) if _told(error, case)]
    assert not wrong, f"{case.operation.label} refused what its schema takes: {wrong}"


def _told(error: dict[str, str], case: Any) -> bool:
    """Whether the document tells of what is wrong; it does not of who must send what, nor of stripping."""
    if error["code"] == "missing":
        return error["message"] == MISSING
    if error["code"] == "string_too_short":
        return _sent(case, error["field"]).strip() != ""
    return error["code"] in TOLD


def _sent(case: Any, field: str) -> str:
    """The text that was sent at a place that a problem names."""
    found: Any = {"body": case.body, "query": case.query, "path": case.path_parameters}
    for part in field.split("."):
        found = found[int(part)] if isinstance(found, list) else found[part]
    return str(found)
