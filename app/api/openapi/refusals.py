"""What each operation may refuse, derived from what it is: who may call, what it takes, whether it writes.

One table; a route adds only what its own work refuses (`documented.refusals`). Every refusal has one form,
the component `Problem`, and each status one component, which lists the codes that stand behind it. Open311
has a form and statuses of its own, which its routes tell.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fastapi.dependencies.models import Dependant

from app.api import open311, public_limits, ratelimit
from app.api.app_version import AppTooOld
from app.api.documented import refusals
from app.api.idempotency import sent_key
from app.api.ratelimit import TooManyRequests
from app.core.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Problem,
    Stale,
    TooLarge,
    Unauthenticated,
    Unavailable,
)

_TEXT = {"type": "string"}
_WORDS = {"type": "string", "minLength": 1}
SCHEMA: Mapping[str, Any] = {
    "title": "Problem",
    "description": "RFC 9457：出错或拒绝的说明。`code` 供程序判断，`detail` 供人阅读；不含个人信息。",
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance", "request_id", "code"],
    "properties": {
        "type": {"type": "string", "pattern": "^urn:wangge:problem:[a-z0-9_]+$"},
        "title": _WORDS,
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": _WORDS,
        "instance": _TEXT,
        "request_id": {"anyOf": [_TEXT, {"type": "null"}]},
        "code": {"type": "string", "pattern": "^[a-z0-9_]+$"},
        "errors": {
            "description": "填写有误的每一项",
            "type": "array",
            "items": {
                "title": "FieldProblem",
                "type": "object",
                "required": ["field", "code", "message"],
                "properties": {"field": _TEXT, "code": _TEXT, "message": _WORDS},
                "additionalProperties": False,
            },
        },
        "allowed_actions": {
            "description": "现在可以办理的步骤",
            "type": "array",
            "items": {"$ref": "#/components/schemas/AllowedAction"},
        },
        "error": {**_TEXT, "description": "令牌接口另带 RFC 6749 的 error"},
    },
    # A cause may say more of itself, as RFC 9457 allows.
    "additionalProperties": True,
}


_COUNTING = (public_limits.reading, public_limits.reporting)


class Facts:
    """What a route and its entry in the document say of an operation."""

    def __init__(self, path: str, method: str, calls: Dependant, operation: Mapping[str, Any]) -> None:
        self.path = path
        self.writes = method not in {"get", "head", "options"}
        self.signed_in = bool(operation.get("security"))
        self.keyed = method == "post" and any(call is sent_key for call in _calls(calls))
        self.counted = any(call in _COUNTING for call in _calls(calls))
        self.in_own_form = path.startswith(open311.ROOT)
        self.body = next(iter(operation.get("requestBody", {}).get("content", {})), None)
        self.parameters = {(given["in"], given["name"]) for given in operation.get("parameters", ())}

    def takes(self, place: str) -> bool:
        """Whether there is a parameter of this kind."""
        return any(found == place for found, _name in self.parameters)

    @property
    def limited(self) -> bool:
        """Whether calls of it are counted: a third party's, or those of people without an account."""
        return self.signed_in or self.counted

    @property
    def versioned(self) -> bool:
        """Whether it may be told which version was read."""
        return ("header", "If-Match") in self.parameters


RULES: tuple[tuple[Callable[[Facts], bool], tuple[type[Problem], ...]], ...] = (
    (lambda facts: facts.signed_in, (Unauthenticated, Forbidden)),
    (lambda facts: facts.limited, (TooManyRequests,)),
    # Also where an id in the query or in the body names what lies outside the caller's scope.
    (lambda facts: facts.takes("path") or facts.signed_in, (NotFound,)),
    (lambda facts: bool(facts.parameters or facts.body), (Invalid,)),
    (lambda facts: facts.body is not None, (BadRequest, TooLarge)),
    (lambda facts: facts.writes and facts.signed_in, (Conflict,)),
    (lambda facts: facts.versioned, (Stale,)),
    (lambda facts: facts.path.startswith("/v1/"), (AppTooOld, Unavailable)),
)


def of(facts: Facts) -> dict[str, dict[str, Any]]:
    """The refusals of an operation by status, as references to the components."""
    if facts.in_own_form:
        return {}
    causes = {cause for applies, found in RULES if applies(facts) for cause in found}
    return {str(cause.status): {"$ref": f"#/components/responses/{cause.__name__}"} for cause in causes}


def components() -> dict[str, dict[str, Any]]:
    """One answer for each status of the table, with all the codes that may stand behind it."""
    named = {cause for _applies, found in RULES for cause in found}
    answers = refusals(*_all_causes(Problem))
    return {
        cause.__name__: {**answers[cause.status], "headers": headers(cause.status)}
        for cause in sorted(named, key=lambda cause: cause.status)
    }


def examples() -> dict[str, dict[str, Any]]:
    """What a refusal looks like, by its code."""
    causes = sorted(set(_all_causes(Problem)), key=lambda cause: (cause.code, cause.title_zh))
    return {cause.code: {"summary": cause.title_zh, "value": _example(cause)} for cause in causes}


def headers(status: int) -> dict[str, Any]:
    """The headers that refusals with this status may carry."""
    more = {
        401: ("WWW-Authenticate",),
        409: ("Retry-After",),
        429: ("Retry-After", *ratelimit.HEADERS),
        503: ("Retry-After",),
    }
    names = ("X-Request-ID", *more.get(status, ()))
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _example(cause: type[Problem]) -> dict[str, Any]:
    return {
        "type": f"urn:wangge:problem:{cause.code}",
        "title": cause.title_zh,
        "status": cause.status,
        "detail": cause.title_zh,
        "instance": "/v1/tickets",
        "request_id": "0199b6a07c0070008000000000000099",
        "code": cause.code,
    }


def _calls(of_route: Dependant) -> Iterator[Any]:
    for below in of_route.dependencies:
        yield below.call
        yield from _calls(below)


def _all_causes(kind: type[Problem]) -> Iterator[type[Problem]]:
    for below in kind.__subclasses__():
        if below.__module__.startswith("app."):
            yield below
        yield from _all_causes(below)
