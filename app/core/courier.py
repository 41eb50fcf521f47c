"""Careful calls to somebody else's server: the name is looked up once and the call goes to what was found.

Every address of the name must be one that `outside` admits, and connections go to these very addresses, under
the name for TLS and `Host`; so a name that means something else a moment later changes nothing. Redirects,
proxies of the surroundings and cookies are not followed, used or kept. A call ends in time whatever the
other side does, and reads little of the answer. What is sent, and whether again, is the caller's.
"""

import asyncio
import re
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from functools import cache, partial
from ipaddress import ip_address
from typing import Any

import httpcore
import httpx

from app.core import clock
from app.core.outside import Refused, Rules, Target

RESOLVE_SECONDS = 5.0
CONNECT_SECONDS = 5.0
SECONDS = 15.0
RESOLVERS = 32
MOST_READ = 65_536
EXCERPT_BYTES = 1_024
_SECONDS = re.compile(r"[0-9]{1,7}")

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class CallFailed(Exception):
    """There was no answer; `code` says why."""

    def __init__(self, code: str, *, seconds: float = 0.0) -> None:
        super().__init__(code)
        self.code, self.seconds = code, seconds


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: its status, the first kilobyte of its body, how long it took, and its wish for a pause."""

    status: int
    beginning: bytes
    seconds: float
    pause: timedelta | None = None


async def look_up(host: str, port: int) -> Sequence[str]:
    """All addresses of a name, as the system's resolver tells them."""
    # Threads of its own: a name whose servers are silent must not hold up those who need the loop's.
    asked = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(_resolvers(), asked)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True)
class Courier:
    """Calls out by a deployment's rules."""

    rules: Rules = field(default_factory=Rules)
    resolve: Resolve = look_up
    seconds: float = SECONDS

    @asynccontextmanager
    async def line_to(self, url: str, *, at_once: int) -> AsyncIterator["Line"]:
        """A line to one address while the block runs, for a few calls at once; raises `CallFailed`."""
        try:
            target = self.rules.target(url)
        except Refused as refused:
            raise CallFailed("address_refused") from refused
        backend = _Pinned(target, await self._addresses(target))
        async with httpcore.AsyncConnectionPool(
            ssl_context=_trust(), max_connections=at_once, network_backend=backend
        ) as pool:
            yield Line(target, pool, self.seconds)

    async def _addresses(self, target: Target) -> Sequence[str]:
        try:
            async with asyncio.timeout(RESOLVE_SECONDS):
                found = await self.resolve(target.host, target.port)
        except (OSError, UnicodeError) as unknown:
            raise CallFailed("name_unknown") from unknown
        if not found:
            raise CallFailed("name_unknown")
        # One that is not admitted spoils all: a name of ours has no business among its addresses.
        if not all(self.rules.admits(ip_address(each), target.scheme) for each in found):
            raise CallFailed("address_refused")
        return found


@dataclass(frozen=True, slots=True)
class Line:
    """A way to one address whose addresses are checked; connections are kept while it is open."""

    target: Target
    pool: httpcore.AsyncConnectionPool
    seconds: float

    async def post(self, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Send a body; the answer whatever its status, or `CallFailed`."""
        moment = asyncio.get_running_loop().time
        started = moment()
        try:
            async with asyncio.timeout(self.seconds):
                status, beginning, pause = await self._exchange(body, headers)
        except (TimeoutError, httpcore.TimeoutException) as slow:
            raise CallFailed("timeout", seconds=moment() - started) from slow
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as broken:
            raise CallFailed(_code(broken), seconds=moment() - started) from broken
        return Reply(status, beginning, moment() - started, pause)

    async def _exchange(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes, timedelta | None]:
        target = self.target
        url = httpcore.URL(
            scheme=target.scheme.encode(),
            host=target.host.encode(),
            port=target.port,
            target=target.path.encode(),
        )
        sent: dict[bytes | str, bytes | str] = {"Host": target.authority, "Content-Length": str(len(body))}
        sent.update(headers)
        times = {"connect": CONNECT_SECONDS, "read": self.seconds, "write": self.seconds}
        async with self.pool.stream(
            "POST", url, headers=sent, content=body, extensions={"timeout": times}
        ) as answer:
            beginning = await _beginning(answer, self.seconds)
            return answer.status, beginning, _pause(answer.headers)


class _Pinned(httpcore.AsyncNetworkBackend):
    """Connects to the addresses that were checked, whatever the name means by now."""

    def __init__(self, target: Target, addresses: Sequence[str]) -> None:
        self._target, self._addresses = target, addresses
        self._below = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the backend's own signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A stream to the first address that answers."""
        if (host, port) != (self._target.host, self._target.port):
            raise httpcore.ConnectError("not the address that was checked")
        for address in self._addresses[:-1]:
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return await self._below.connect_tcp(address, port, timeout, local_address, socket_options)
        last = self._addresses[-1]
        return await self._below.connect_tcp(last, port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        """Wait between attempts, of which there is one."""
        await asyncio.sleep(seconds)


def _pause(headers: Iterable[tuple[bytes, bytes]]) -> timedelta | None:
    """What `Retry-After` asks for: so many seconds, or until a time of day."""
    asked = next((value.decode("latin-1") for name, value in headers if name.lower() == b"retry-after"), "")
    if _SECONDS.fullmatch(asked):
        return timedelta(seconds=int(asked))
    with suppress(ValueError, TypeError):
        return parsedate_to_datetime(asked) - clock.now()
    return None


async def _beginning(answer: httpcore.Response, seconds: float) -> bytes:
    """What the answer begins with; the status counts, so an endless or broken body is just left."""
    kept, read = b"", 0
    with suppress(TimeoutError, httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
        async with asyncio.timeout(seconds / 3):
            async for part in answer.aiter_stream():
                kept, read = (kept + part)[:EXCERPT_BYTES], read + len(part)
                if read > MOST_READ:
                    break
    return kept


def _code(broken: Exception) -> str:
    cause: BaseException | None = broken
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return "tls"
        cause = cause.__cause__ or cause.__context__
    if isinstance(broken, httpcore.ConnectError):
        return "unreachable"
    return "answer_broken"


@cache
def _trust() -> ssl.SSLContext:
    """Whom to trust: the authorities that `SSL_CERT_FILE` names, else those of the web."""
    return httpx.create_ssl_context()


@cache
def _resolvers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(RESOLVERS, thread_name_prefix="resolver")
