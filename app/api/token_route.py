"""What RFC 6749 asks of the token endpoint's HTTP: forms only, its own errors, nothing stored on the way.

A malformed request is `invalid_request` (400) here, where other routes say 422; the fields are named all
the same. Which tokens are given is not decided here.
"""

import base64
import binascii
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_plus

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from app.api.validation import problem_of
from app.services.access.refusals import NO_STORE, InvalidRequest, WrongClient

FORM = "application/x-www-form-urlencoded"


class TokenRoute(APIRoute):
    """A route that reads a form and answers in the standard's way."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's handler."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            _require_form(request)
            try:
                await _require_once(request)
                response = await handler(request)
            except RequestValidationError as broken:
                found = problem_of(broken.errors())
                raise InvalidRequest(found.detail_zh, found.detail_en, errors=found.errors) from broken
            except HTTPException as broken:
                if broken.status_code == HTTPStatus.BAD_REQUEST:
                    raise InvalidRequest from broken
                raise
            response.headers.update(NO_STORE)
            return response

        return handle


def basic_credentials(request: Request) -> tuple[str, str] | None:
    """Client id and secret out of HTTP Basic (RFC 6749, 2.3.1); `WrongClient` when they cannot be read."""
    scheme, _, packed = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, secret = base64.b64decode(packed, validate=True).decode().partition(":")
    except (binascii.Error, ValueError) as broken:
        raise WrongClient from broken
    if not colon:
        raise WrongClient
    return unquote_plus(name), unquote_plus(secret)


async def _require_once(request: Request) -> None:
    names = [name for name, _value in (await request.form()).multi_items()]
    if len(names) > len(set(names)):
        raise InvalidRequest("同一参数出现了多次", "A parameter is repeated")


def _require_form(request: Request) -> None:
    sent = request.headers.get("content-type", FORM).partition(";")[0].strip().lower()
    if sent != FORM:
        raise InvalidRequest(f"请以 {FORM} 提交", f"Send {FORM}")
