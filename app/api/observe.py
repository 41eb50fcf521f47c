"""What the operator sees of a request: an id, one log line, counters; and the security headers.

Plain ASGI, because it wraps every request. Logs hold method, route template, status and milliseconds,
never the path's ids, the query or the caller's address. A request id is taken over from the caller when
it looks like one. Answers with data stay in no cache, unless their route says otherwise. What nobody caught
ends here as a 500, so that no message of it reaches the logs.
"""

import os
import re
import time
from collections.abc import Mapping

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api import problems, ratelimit
from app.core import logging
from app.core.ids import uuid7

REQUEST_ID = "X-Request-ID"
_SANE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
)
_DATA, _UNCACHED = "/v1/", ("Cache-Control", "no-store")

REQUESTS = Counter("wangge_http_requests", "Requests by route and status", ("method", "route", "status"))
SECONDS = Histogram(
    "wangge_http_seconds",
    "Seconds from the first byte in to the first byte out",
    ("route",),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
)

log = logging.get(__name__)


class Observe:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give the request an id, pass it on, then count and log it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        started = time.perf_counter()
        status, answered = 500, False

        async def send_with_headers(message: Message) -> None:
            nonlocal status, answered
            if message["type"] == "http.response.start":
                status, answered = message["status"], True
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID] = request_id
                for name, value in (*_HEADERS, *([_UNCACHED] if scope["path"].startswith(_DATA) else ())):
                    headers.setdefault(name, value)
                headers.update(ratelimit.headers(scope))
            await send(message)

        with logging.of_request(request_id):
            try:
                await self._app(scope, receive, send_with_headers)
            except Exception as error:  # noqa: BLE001 - the last resort; a re-raise would print the message
                response = problems.on_bug(Request(scope), error)
                if not answered:
                    await response(scope, receive, send_with_headers)
            finally:
                _count(scope, status, time.perf_counter() - started)


def metrics(gauges: Mapping[str, tuple[str, float]]) -> tuple[bytes, str]:
    """The exposition text and its content type; of all server processes where there are several.

    The gauges are of the deployment and not of a process: what each is called and means, and its value.
    """
    registry, own = REGISTRY, CollectorRegistry()
    for name, (meaning, value) in gauges.items():
        Gauge(name, meaning, registry=own).set(value)
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry) + generate_latest(own), CONTENT_TYPE_LATEST


def _request_id(scope: Scope) -> str:
    sent = Headers(scope=scope).get(REQUEST_ID, "")
    return sent if _SANE_ID.fullmatch(sent) else uuid7().hex


def _count(scope: Scope, status: int, seconds: float) -> None:
    route = getattr(scope.get("route"), "path", "unmatched")
    method = scope["method"] if scope["method"].isalpha() else "other"
    REQUESTS.labels(method, route, str(status)).inc()
    SECONDS.labels(route).observe(seconds)
    log.info("request", method=method, route=route, status=status, ms=round(seconds * 1000, 1))
