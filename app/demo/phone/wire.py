"""A phone's requests: its token, and patience with a network that loses them.

Only what may be sent twice is asked here, and everything a phone asks may be. Tokens are kept in the
phone's memory, the password is not: where a session has ended, the person types the password again, and no
work is lost.
"""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from random import Random
from typing import Any

import httpx

from app.core import clock
from app.core.ids import uuid7
from app.demo.phone.memory import Memory

APP_VERSION = "1.0.0"
# Passes by itself.
PASSING = frozenset({408, 425, 429})
# The token or the password is not right (any more).
_WRONG_GRANT = frozenset({400, 401})
# As much of an access token's life as must be left when a sync begins.
_FRESH = 1 / 4

Credentials = tuple[str, str]


class NoNetwork(Exception):
    """Nothing got through, as often as the phone's patience allows; what was kept so far stays."""


class SignedOut(Exception):
    """The person must sign in again."""


class Refused(Exception):
    """An answer that neither waiting nor another token will change: its status and body."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Back-off in seconds: up to `first`, twice that, … up to `longest`, then so many `tries` in a row."""

    first: float = 1.0
    longest: float = 60.0
    tries: int = 8


class Patience:
    """How often something failed in a row, and how long to wait before it is tried again."""

    def __init__(self, pace: Pace, dice: Random) -> None:
        self._pace, self._dice, self._failed = pace, dice, 0

    async def wait(self) -> None:
        """Wait for a random part of the time, so that phones do not come back together; `NoNetwork`."""
        self._failed += 1
        if self._failed >= self._pace.tries:
            raise NoNetwork
        longest = min(self._pace.longest, self._pace.first * 2 ** (self._failed - 1))
        await asyncio.sleep(self._dice.uniform(longest / 2, longest))

    def renew(self) -> None:
        """Something worked: begin to count anew."""
        self._failed = 0


class Wire:
    """Requests to one server; `credentials` are what the person types when asked, if there is a person."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        memory: Memory,
        credentials: Credentials | None,
        pace: Pace,
        dice: Random,
    ) -> None:
        self._client, self._memory, self._credentials = client, memory, credentials
        self._pace, self._dice = pace, dice

    def patience(self) -> Patience:
        """A new count of failures."""
        return Patience(self._pace, self._dice)

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """The answer, whatever it takes; `NoNetwork`, `SignedOut`."""
        patience = self.patience()
        while True:
            reply = await self.once(method, path, **more)
            if reply is not None:
                return reply
            await patience.wait()

    async def once(self, method: str, path: str, **more: Any) -> httpx.Response | None:
        """The answer to one attempt; None: there was none, or one that will pass by itself."""
        headers = more.pop("headers", {})
        reply = await self._sent(method, path, headers=headers | self._bearer(), **more)
        if reply is not None and reply.status_code == HTTPStatus.UNAUTHORIZED:
            await self.renew()
            reply = await self._sent(method, path, headers=headers | self._bearer(), **more)
        return reply

    async def stay_fresh(self) -> None:
        """Renew a token that is about to end, while there is a network."""
        if clock.now().timestamp() > float(self._memory.note("renew_at") or 0):
            await self.renew()

    async def renew(self) -> None:
        """Other tokens, by the refresh token or else by the password; `SignedOut` without either."""
        refresh = self._memory.note("refresh")
        if refresh is not None:
            # The same attempt until it is answered, also by a phone that was killed meanwhile.
            attempt = self._memory.note("attempt") or str(uuid7())
            self._memory.write(attempt=attempt)
            form = {"grant_type": "refresh_token", "refresh_token": refresh, "attempt": attempt}
            if await self._granted(form):
                return
            self._memory.write(refresh=None, attempt=None)
        if self._credentials is None:
            raise SignedOut
        username, password = self._credentials
        if not await self._granted({"username": username, "password": password}):
            raise SignedOut

    async def _granted(self, form: dict[str, str]) -> bool:
        """Ask for tokens until there is an answer; whether there were any."""
        patience = self.patience()
        while (reply := await self._sent("POST", "/v1/auth/token", data=form)) is None:
            await patience.wait()
        if reply.status_code in _WRONG_GRANT:
            return False
        if not reply.is_success:
            raise Refused(reply.status_code, reply.text)
        told = reply.json()
        renew_at = clock.now().timestamp() + told["expires_in"] * (1 - _FRESH)
        tokens = {"access": told["access_token"], "refresh": told["refresh_token"]}
        self._memory.write(**tokens, renew_at=str(renew_at), attempt=None)
        return True

    async def _sent(self, method: str, path: str, **more: Any) -> httpx.Response | None:
        headers = {"X-App-Version": APP_VERSION} | more.pop("headers", {})
        try:
            reply = await self._client.request(method, path, headers=headers, **more)
        except (httpx.TransportError, httpx.DecodingError):
            return None
        passing = reply.status_code in PASSING or reply.is_server_error
        return None if passing else reply

    def _bearer(self) -> dict[str, str]:
        access = self._memory.note("access")
        return {"Authorization": f"Bearer {access}"} if access else {}
