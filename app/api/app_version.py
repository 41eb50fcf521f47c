"""The app's version, as it says it in `X-App-Version`: `1.4.0`, perhaps with words behind it.

Where the deployment names the oldest app that may still work, an older one gets 426 and where a newer one
is, before anything else happens; what it could not send stays on the phone. Callers that send no version are
browsers and third parties and are let through. Signing out always works.
"""

import re
from typing import Annotated, ClassVar

from fastapi import Depends, Header, Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api import problems
from app.core.errors import Problem

HEADER = "X-App-Version"
LONGEST = 40
ALWAYS = frozenset({"/v1/auth/revoke"})
_NUMBER = re.compile(r"[0-9]{1,4}(\.[0-9]{1,4}){0,3}")
Version = tuple[int, ...]


class AppTooOld(Problem):
    """The app is older than the server works with; `minimum` and `update_url` say what helps."""

    status: ClassVar[int] = 426
    code: ClassVar[str] = "app_too_old"
    title_zh, title_en = "应用版本过低，请更新后再用", "The app is too old, update it"


def number_of(text: str) -> Version:
    """The number that a version begins with, without trailing zeros; of none, the oldest there is."""
    found = _NUMBER.match(text.strip())
    parts = [int(part) for part in found[0].split(".")] if found else []
    while parts and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


async def told(
    version: Annotated[
        str | None, Header(alias=HEADER, description="应用版本，如 1.4.0；浏览器不发送")
    ] = None,
) -> str | None:
    """What the caller's app says of itself, in so far as it is printable; None for a browser."""
    if version is None:
        return None
    return "".join(letter for letter in version if letter.isascii() and letter.isprintable())[:LONGEST]


AppVersion = Annotated[str | None, Depends(told)]


class RequireVersion:
    """ASGI middleware: refuses apps that are older than `minimum`."""

    def __init__(self, app: ASGIApp, *, minimum: str, update_url: str | None) -> None:
        self._app, self._minimum, self._update_url = app, minimum, update_url
        self._least = number_of(minimum)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 426, or pass the request on."""
        if scope["type"] == "http" and scope["path"].startswith("/v1/") and scope["path"] not in ALWAYS:
            sent = Headers(scope=scope).get(HEADER)
            if sent is not None and number_of(sent) < self._least:
                response = problems.render(Request(scope), self._too_old())
                await response(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _too_old(self) -> AppTooOld:
        where = f"，请到 {self._update_url} 更新" if self._update_url else "，请更新"
        return AppTooOld(
            f"应用版本过低，最低须为 {self._minimum}{where}；未上传的内容会保留在手机上，更新后继续上传",
            f"The app must be at least {self._minimum}; what was not sent stays on the phone",
            # RFC 9110, 15.5.22: the answer names what to upgrade to.
            headers={"Upgrade": f"wangge-app/{self._minimum}"},
            minimum=self._minimum,
            update_url=self._update_url,
        )
