"""The longest body that the deployment takes: refused as a problem, whether or not its length was said.

Plain ASGI. The framework's own limit answers in plain text; here the refusal is raised where the body is
read, so that it goes out like every other error. What nobody reads is not counted. Addresses that take
files have a limit of their own, and so may all that lie directly under one.
"""

from collections.abc import Mapping
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class BodyLimit:
    """ASGI middleware; `limit` in bytes, `by_path` for others: `/a` for itself, `/a/` for all under it."""

    def __init__(self, app: ASGIApp, limit: int, by_path: Mapping[str, int]) -> None:
        self._app = app
        self._limit = limit
        self._by_path = by_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the body on piece by piece for as long as it is short enough."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        said = Headers(scope=scope).get("content-length", "0")
        size = int(said) if said.isdecimal() and len(said) < 20 else 0  # noqa: PLR2004 - digits of 2⁶⁴
        path = scope["path"]
        above = self._by_path.get(path[: path.rfind("/") + 1], self._limit)
        limit, taken = self._by_path.get(path, above), 0

        async def limited() -> Message:
            nonlocal taken
            if size > limit:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return message

        await self._app(scope, limited, send)
