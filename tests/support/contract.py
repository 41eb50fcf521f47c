"""The committed OpenAPI document, and whether an answer of the application is one that it tells of."""

import json
from functools import cache
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.schema import ROOT
from app.routers import contract

Document = dict[str, Any]


@cache
def document() -> Document:
    """The document as integrators have it."""
    found: Document = json.loads((ROOT / contract.FILE).read_text("utf-8"))
    return found


class Undocumented(AssertionError):
    """The application answered with what its document does not tell of."""


class Held:
    """ASGI middleware of the tests: every answer is held against the document."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; `Undocumented` when its answer should not be."""
        told: Message = {}

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                told.update(message)
            await send(message)

        await self._app(scope, receive, noted)
        if told:
            hold(str(getattr(scope.get("route"), "path", "")), scope["method"].lower(), told)


def hold(path: str, method: str, told: Message) -> None:
    """`Undocumented` unless the operation, if it is one, tells of this status and of these headers."""
    operation = document()["paths"].get(path, {}).get(method)
    status = told["status"]
    if operation is None or status >= 500:
        return
    answer = operation["responses"].get(str(status))
    if answer is None:
        raise Undocumented(f"{operation['operationId']} answered {status}")
    if status < 400:
        sent = {name.decode().lower() for name, _value in told["headers"]}
        known = {name.lower() for name in answer.get("headers", ())}
        if missing := (sent & {"etag", "location"}) - known:
            raise Undocumented(f"{operation['operationId']} answered {status} with {missing}")
        if lost := (known & {"etag", "location"}) - sent:
            raise Undocumented(f"{operation['operationId']} answered {status} without {lost}")
