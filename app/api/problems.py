"""Every error as RFC 9457 `application/problem+json`, in Chinese unless English is preferred.

One renderer for our own problems, the validator's findings, the router's 404 and 405, and what the
database refuses: unique, foreign-key and exclusion violations are 409, a lock that cannot be had is 409,
a database that is away is 503; anything else is a bug, logged without its message, and 500.
Open311 has errors of its own form.
"""

import json
import re
from functools import cache
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from app.api import open311
from app.api.validation import problem_of
from app.core import logging
from app.core.errors import (
    BadRequest,
    Forbidden,
    Invalid,
    NotFound,
    Problem,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from app.core.failures import AWAY, log_bug, of_database

MEDIA_TYPE = "application/problem+json"
_BY_STATUS = {
    kind.status: kind for kind in (BadRequest, Unauthenticated, Forbidden, NotFound, TooLarge, Invalid)
}
log = logging.get(__name__)


class MethodNotAllowed(Problem):
    """The address exists and does not take this method."""

    status, code = 405, "method_not_allowed"
    title_zh, title_en = "该地址不支持这种请求方法", "Method not allowed"


def install(app: FastAPI) -> None:
    """Make the application answer every error through this module."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(DBAPIError, _on_database)
    for away in AWAY:
        app.add_exception_handler(away, _on_away)


def render(request: Request, problem: Problem) -> Response:
    """The reply of a problem, in the caller's language."""
    english = prefers_english(request.headers.get("accept-language", ""))
    if request.url.path.startswith(open311.ROOT):
        return open311.render(request, problem, english=english)
    body: dict[str, Any] = {
        "type": f"urn:wangge:problem:{problem.code}",
        "title": problem.title_en if english else problem.title_zh,
        "status": problem.status,
        "detail": problem.detail_en if english else problem.detail_zh,
        "instance": request.url.path,
        "request_id": getattr(request.state, "request_id", None),
        "code": problem.code,
        **problem.extra,
    }
    if problem.errors:
        body["errors"] = [
            {
                "field": error.where,
                "code": error.code,
                "message": error.message_en if english else error.message_zh,
            }
            for error in problem.errors
        ]
    headers = dict(problem.headers)
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers.setdefault("WWW-Authenticate", "Bearer")
    content = json.dumps(body, ensure_ascii=False, default=str).encode(errors="replace")
    return Response(content, problem.status, headers, MEDIA_TYPE)


def prefers_english(header: str) -> bool:
    """Whether English stands before Chinese in an `Accept-Language` header."""
    best: dict[str, float] = {}
    for part in header.split(","):
        tag, _, weight = part.strip().partition(";q=")
        try:
            quality = float(weight) if weight else 1.0
        except ValueError:
            continue
        language = tag.strip().lower().split("-")[0]
        best[language] = max(best.get(language, 0.0), quality)
    return best.get("en", 0.0) > best.get("zh", 0.0)


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 - registered for this class only
    return render(request, error)


async def _on_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
    return render(request, problem_of(error.errors()))


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return render(request, MethodNotAllowed(headers={"Allow": _allowed(request)}))
    return render(request, _BY_STATUS.get(error.status_code, BadRequest)(headers=error.headers))


def _allowed(request: Request) -> str:
    """All methods of an address; the router names those of one route, and each method has its own."""
    found = {
        method
        for route in iter_route_contexts(request.app.routes)
        if _pattern(str(route.path)).match(request.scope["path"])
        for method in route.methods or ()
    }
    return ", ".join(sorted(found))


@cache
def _pattern(path: str) -> re.Pattern[str]:
    return compile_path(path)[0]


async def _on_database(request: Request, error: Exception) -> Response:
    assert isinstance(error, DBAPIError)  # noqa: S101 - as above
    problem = of_database(error)
    return render(request, problem) if problem else on_bug(request, error)


async def _on_away(request: Request, error: Exception) -> Response:
    log.warning("database_away", error=type(error).__name__)
    return render(request, Unavailable())


def on_bug(request: Request, error: Exception) -> Response:
    """500 for what nobody foresaw; the log gets type and places, not the message, which may be personal."""
    log_bug("bug", error)
    return render(request, Problem())
