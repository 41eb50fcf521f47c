"""Compression of the answers that phones fetch over slow networks, for clients that take gzip.

Only for the addresses named: what is small or streamed by others goes out as it is.
"""

from collections.abc import Collection

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

LEAST_BYTES, LEVEL = 1_000, 6


class Compress:
    """ASGI middleware; `paths` are compressed."""

    def __init__(self, app: ASGIApp, paths: Collection[str]) -> None:
        self._app = app
        self._compressed = GZipMiddleware(app, minimum_size=LEAST_BYTES, compresslevel=LEVEL)
        self._paths = frozenset(paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, through the compression where it is wanted."""
        wanted = scope["type"] == "http" and scope["path"] in self._paths
        await (self._compressed if wanted else self._app)(scope, receive, send)
