"""A bad network on this machine: a proxy that loses, cuts, delays, doubles and reorders what goes through it.

It reads whole HTTP/1.1 requests, throws dice for the fate of each, and carries it to the server over a
connection of its own. The dice are seeded, and a network is for one phone, so a run can be repeated as far
as the phone repeats itself. It counts what it has really done, not what it meant to do.
"""

import asyncio
import re
from asyncio import StreamReader, StreamWriter
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Self

HOST = "127.0.0.1"
_LENGTH = re.compile(rb"(?im)^content-length:\s*(\d+)")
_CONNECTION = re.compile(rb"(?im)^connection:[^\n]*\n")
_HEAD_LIMIT = 2**16
# A request held back arrives after so many later ones.
_LATER = 3


class Fate(StrEnum):
    """What becomes of a request."""

    PASSES = "passes"
    LOST = "lost before the server"
    CUT = "cut on its way to the server"
    UNANSWERED = "answered, and the answer lost"
    CUT_REPLY = "answered, and the answer cut"
    DELAYED = "delayed"
    DOUBLED = "delivered twice"
    HELD = "held back, delivered after later ones"
    NO_SERVER = "there was no server"


# Of a hundred requests; the rest passes.
STORM: Mapping[Fate, int] = {
    Fate.LOST: 6,
    Fate.CUT: 7,
    Fate.UNANSWERED: 6,
    Fate.CUT_REPLY: 7,
    Fate.DELAYED: 6,
    Fate.DOUBLED: 7,
    Fate.HELD: 6,
}


@dataclass(slots=True)
class _Held:
    request: bytes
    later: int


class BadNetwork:
    """A network to the server on a port of this machine; its own port is known once it has begun.

    The first requests have the fates that are given, those after them what the weather brings. `met` is told
    of each request that comes in: its number from 1 on, its first line.
    """

    def __init__(
        self, server_port: int, seed: int, weather: Mapping[Fate, int] = STORM, *, first: Iterable[Fate] = ()
    ) -> None:
        self._to, self._dice, self._weather = server_port, Random(seed), weather  # noqa: S311 - no secrets
        self._first = iter(first)
        self._held: list[_Held] = []
        self._open: set[asyncio.Task[None]] = set()
        self.counts: Counter[Fate] = Counter()
        self.requests = 0
        self.met: Callable[[int, str], None] | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._talk, HOST, 0, limit=_HEAD_LIMIT)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._server.close()
        while self._open:
            await asyncio.gather(*self._open, return_exceptions=True)

    @property
    def url(self) -> str:
        """Where a phone finds the network."""
        return f"http://{HOST}:{self.port}"

    async def heal(self) -> None:
        """What hangs in it arrives; from now on everything passes."""
        self._weather, self._first = {}, iter(())
        while self._held:
            await self._deliver_late(self._held.pop(0))

    async def _talk(self, reader: StreamReader, writer: StreamWriter) -> None:
        """One connection, which carries one request."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a stream's callback is a task
        self._open.add(task)
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._meet(await _request(reader), writer)
        finally:
            self._open.discard(task)
            writer.close()

    async def _meet(self, request: bytes, writer: StreamWriter) -> None:
        self.requests += 1
        if self.met is not None:
            self.met(self.requests, request.partition(b"\r\n")[0].decode())
        fate = self._fate()
        if fate is Fate.HELD:
            self._held.append(_Held(request, self._dice.randint(1, _LATER)))
            return
        try:
            await self._suffer(fate, request, writer)
        except ConnectionRefusedError:
            fate = Fate.NO_SERVER
        self.counts[fate] += 1
        for held in [one for one in self._held if self._is_due(one)]:
            self._held.remove(held)
            await self._deliver_late(held)

    async def _suffer(self, fate: Fate, request: bytes, writer: StreamWriter) -> None:
        match fate:
            case Fate.LOST:
                return
            case Fate.CUT:
                await self._carry(request[: self._part(request)], lasts=self._a_while())
            case Fate.UNANSWERED:
                await self._carry(request)
            case Fate.CUT_REPLY:
                reply = await self._carry(request)
                await _write(writer, reply[: self._part(reply)])
            case Fate.DOUBLED:
                _first, reply = await asyncio.gather(self._carry(request), self._carry(request))
                await _write(writer, reply)
            case _:
                if fate is Fate.DELAYED:
                    await asyncio.sleep(self._a_while())
                await _write(writer, await self._carry(request))

    def _fate(self) -> Fate:
        for fate in self._first:
            return fate
        thrown = self._dice.randrange(100)
        for fate, share in self._weather.items():
            thrown -= share
            if thrown < 0:
                return fate
        return Fate.PASSES

    def _a_while(self) -> float:
        return self._dice.uniform(0.02, 0.2)

    def _part(self, data: bytes) -> int:
        """Somewhere in what follows the head, or in the head where nothing follows."""
        head = data.find(b"\r\n\r\n") + 4
        return self._dice.randrange(head, len(data)) if len(data) > head else self._dice.randrange(1, head)

    def _is_due(self, held: _Held) -> bool:
        held.later -= 1
        return held.later <= 0

    async def _deliver_late(self, held: _Held) -> None:
        """Nobody waits for the answer any more."""
        with suppress(OSError):
            await self._carry(held.request)
            self.counts[Fate.HELD] += 1

    async def _carry(self, request: bytes, *, lasts: float | None = None) -> bytes:
        """The server's answer; for a connection that lasts so many seconds and breaks, none."""
        reader, writer = await asyncio.open_connection(HOST, self._to)
        try:
            await _write(writer, request)
            if lasts is None:
                return await reader.read()
            await asyncio.sleep(lasts)
            return b""
        finally:
            writer.close()


async def _request(reader: StreamReader) -> bytes:
    """A request with its body, told to be the only one of its connection."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = _LENGTH.search(head)
    body = await reader.readexactly(int(length[1])) if length else b""
    first, _, rest = head.partition(b"\r\n")
    return first + b"\r\nConnection: close\r\n" + _CONNECTION.sub(b"", rest) + body


async def _write(writer: StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()
