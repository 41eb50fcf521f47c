"""Third parties on the wire: who may go on with a call, what of the answer is theirs, and that it is noted.

`admit` is asked as soon as a caller turns out to be a third party: it refuses calls from outside the client's
networks and beyond its allowances. The middleware takes out of answers what the client was not given, and
notes every call of a known token, refused ones too; people pass through it untouched.
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api import ratelimit, withholding
from app.api.origin import address_of
from app.api.withholding import Shape
from app.models.enums.third_party import ClientField
from app.services.access import actors
from app.services.access.uses import Call, Uses
from app.services.platform.actor import Actor, Terms
from app.services.platform.leases import Leases

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
_CALLER = "third_party"
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_JSON = b"application/json"
# Answers that are no records of the register, and what clients may be given in them.
_SEEN_AT: Mapping[str, frozenset[ClientField]] = MappingProxyType(
    {
        "/v1/attachments/": frozenset({ClientField.ATTACHMENTS}),
        "/open311/v2/requests": frozenset({ClientField.CONTENT, ClientField.ADDRESS, ClientField.LOCATION}),
    }
)


async def admit(request: Request, session: AsyncSession, actor: Actor) -> None:
    """Let a third party's call go on; `AddressRefused` from elsewhere, `TooManyRequests` beyond what it may.

    The session is the one in which the caller was looked up, and nothing else happened yet.
    """
    assert actor.terms is not None  # noqa: S101 - only asked about third parties
    request.scope["state"][_CALLER] = actor
    actors.require_origin(actor, address_of(request))
    for name, limit, window in _allowances(actor.terms):
        # With the limit: what was used of another one says nothing about this one.
        key = f"client-{name}:{actor.id}:{limit}"
        leases: Leases = request.app.state.leases
        told = leases.spend(key, limit=limit, window=window)
        if told is None:
            # Nobody who waits for a connection holds one: else a pool's worth of calls waits for itself.
            await session.close()
            told = await leases.take(request.app.state.sessions, key, limit=limit, window=window)
        ratelimit.note(request, name, told)


def _allowances(terms: Terms) -> tuple[tuple[str, int, timedelta], ...]:
    return ("minute", terms.per_minute, MINUTE), ("day", terms.per_day, DAY)


class ThirdParties:
    """ASGI middleware, inside whatever packs answers: it has to read them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; of a third party's, read the answer and note the call."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(scope, send)
        try:
            await self._app(scope, receive, answer.send)
        finally:
            if _CALLER in scope["state"]:
                _note(scope, answer.status)


class _Answer:
    """An answer on its way out; a third party's that may tell of somebody is held back until it is whole."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.status = 500
        self._scope, self._send = scope, send
        self._start: Message | None = None
        self._body = bytearray()

    async def send(self, message: Message) -> None:
        """Pass on a message of the application."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if _CALLER in self._scope["state"] and _is_json(message) and _shape(self._scope):
                self._start = message
                return
        elif self._start is not None:
            self._body += message.get("body", b"")
            if message.get("more_body"):
                return
            await self._send_held(self._start)
            self._start = None
            return
        await self._send(message)

    async def _send_held(self, start: Message) -> None:
        caller: Actor = self._scope["state"][_CALLER]
        answer = json.loads(self._body)
        withholding.withhold(answer, _shape(self._scope), caller.terms.fields if caller.terms else ())
        body = json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()
        MutableHeaders(scope=start)["Content-Length"] = str(len(body))
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})


def _is_json(start: Message) -> bool:
    kinds = [value for name, value in start["headers"] if name.lower() == b"content-type"]
    return start["status"] < 300 and bool(kinds) and kinds[0].startswith(_JSON)  # noqa: PLR2004 - successes


def _shape(scope: Scope) -> Shape:
    return withholding.shape_of(getattr(scope.get("route"), "response_model", None))


def _note(scope: Scope, status: int) -> None:
    state: dict[str, Any] = scope["state"]
    caller: Actor = state[_CALLER]
    if caller.terms is None:
        return
    route, given = scope.get("route"), caller.terms.fields
    seen = next((fields for path, fields in _SEEN_AT.items() if scope["path"].startswith(path)), None)
    sees = given & (withholding.given_in(_shape(scope)) if seen is None else seen)
    operation = str(getattr(route, "operation_id", None) or getattr(route, "path", "unmatched"))
    uses: Uses = scope["app"].state.uses
    uses.note(
        Call(
            caller.id,
            caller.terms.token_id,
            operation,
            status,
            scope["method"] not in _READING or bool(sees),
            _record_of(scope),
            state.get("request_id"),
        )
    )


def _record_of(scope: Scope) -> UUID | None:
    """The record that the address names first."""
    for value in scope.get("path_params", {}).values():
        try:
            return UUID(str(value))
        except ValueError:
            continue
    return None
