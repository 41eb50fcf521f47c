"""The load generator: a few keep-alive connections, each sending its next request when the last is answered.

A process of its own (`python -m bench.client < plan > report`), because it shares two cores with what it
measures: request bytes are made beforehand, of a reply only the status, the length and at most one header
are read. It knows no operation; what to send stands in the plan. Only for a server on this machine.
"""

import asyncio
import json
import sys
import time
from array import array
from collections import deque
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any, cast

import uvloop

ID_MARK = b"{{-------------- id --------------}}"
ETAG_MARK = b"{{------------ etag -----------}}"
PATIENCE_SECONDS = 20.0
MOST_TRIES = 400
_LOCATION, _ETAG, _LENGTH = b"\r\nlocation: ", b"\r\netag: ", b"\r\ncontent-length: "


@dataclass(frozen=True, slots=True)
class Plan:
    """What to send: stories of requests, over so many connections, spread evenly over so many processes.

    `ids` feed the stories that begin with a known record: each takes the next (`once`), or the list goes
    round. `expect` are the statuses that count as an answer. `whole`: a story's time counts, not that of
    each answer. `whoami` is a request whose answer names the server process, so that the connections can be
    shared out evenly.
    """

    host: str
    port: int
    connections: int
    processes: int
    seconds: float
    whoami: bytes
    story: tuple[bytes, ...]
    ids: tuple[bytes, ...] = ()
    once: bool = False
    whole: bool = False
    expect: frozenset[int] = frozenset({200, 201})

    def as_json(self) -> str:
        """For the standard input of the client's process."""
        return json.dumps(
            {
                "host": self.host,
                "port": self.port,
                "connections": self.connections,
                "processes": self.processes,
                "seconds": self.seconds,
                "whoami": self.whoami.decode("latin-1"),
                "story": [request.decode("latin-1") for request in self.story],
                "ids": [row.decode("latin-1") for row in self.ids],
                "once": self.once,
                "whole": self.whole,
                "expect": sorted(self.expect),
            }
        )

    @classmethod
    def of_json(cls, text: str) -> "Plan":
        """What `as_json` wrote."""
        found: dict[str, Any] = json.loads(text)
        found["whoami"] = found["whoami"].encode("latin-1")
        found["story"] = tuple(request.encode("latin-1") for request in found["story"])
        found["ids"] = tuple(row.encode("latin-1") for row in found["ids"])
        found["expect"] = frozenset(found["expect"])
        return cls(**found)


@dataclass(slots=True)
class Report:
    """What all connections saw: seconds in all, microseconds of each answer, ids made, what went wrong."""

    seconds: float = 0.0
    answers: int = 0
    micros: "array[int]" = field(default_factory=lambda: array("L"))
    made: list[str] = field(default_factory=list)
    trouble: str = ""

    def as_json(self) -> str:
        """For the standard output of the client's process."""
        return json.dumps(
            {
                "seconds": self.seconds,
                "answers": self.answers,
                "micros": self.micros.tolist(),
                "made": self.made,
                "trouble": self.trouble,
            }
        )

    @classmethod
    def of_json(cls, text: str) -> "Report":
        """What `as_json` wrote."""
        found: dict[str, Any] = json.loads(text)
        found["micros"] = array("L", found["micros"])
        return cls(**found)


class Connection(asyncio.Protocol):
    """One keep-alive connection: sends, waits for the whole answer, sends the next."""

    def __init__(self, plan: Plan, report: Report, feed: "Feed") -> None:
        self._plan, self._report, self._feed = plan, report, feed
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._missing = 0
        self._sent_at = 0.0
        self._chapter = 0
        self._until = 0.0
        self._id, self._etag = b"", b'"' + b"0" * 32 + b'"'
        self._answer: asyncio.Future[bytes] | None = None
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, _error: Exception | None) -> None:
        """The server hung up, or we did: no more answers."""
        self._end("the server closed a connection" if self._until else "")

    async def ask(self, request: bytes) -> bytes:
        """One request outside of the measurement; returns head and body."""
        self._answer = asyncio.get_running_loop().create_future()
        self._write(request)
        return await asyncio.wait_for(self._answer, PATIENCE_SECONDS)

    def start(self, until: float) -> None:
        """Begin the story, and tell it again and again until the moment (of `perf_counter`)."""
        self._answer, self._until = None, until
        self._begin()

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Collect an answer; when it is whole, note it and go on."""
        self._buffer += data
        if self._missing == 0:
            head = self._buffer.find(b"\r\n\r\n")
            if head < 0:
                return
            self._missing = head + 4 + int(_header(self._buffer, _LENGTH) or 0)
        if len(self._buffer) < self._missing:
            return
        if self._answer is not None:
            self._answer.set_result(bytes(self._buffer))
        else:
            self._note()
        self._buffer.clear()
        self._missing = 0
        if self._answer is None and not self.ended.done():
            self._go_on()

    def _note(self) -> None:
        if not self._plan.whole:
            self._clock()
        self._report.answers += 1
        status = int(self._buffer[9:12])
        if status not in self._plan.expect:
            self._end(bytes(self._buffer).decode(errors="replace")[:2000])
            return
        if (etag := _header(self._buffer, _ETAG)) is not None:
            self._etag = etag
        if self._chapter == 0 and (location := _header(self._buffer, _LOCATION)) is not None:
            self._id = location[-36:]
            self._report.made.append(self._id.decode())

    def _go_on(self) -> None:
        self._chapter += 1
        if self._chapter < len(self._plan.story):
            self._send()
            return
        if self._plan.whole:
            self._clock()
        if time.perf_counter() >= self._until:
            self._end()
        else:
            self._begin()

    def _clock(self) -> None:
        self._report.micros.append(int((time.perf_counter() - self._sent_at) * 1e6))

    def _begin(self) -> None:
        self._chapter = 0
        if self._plan.ids:
            found = self._feed.next()
            if found is None:
                self._end()
                return
            self._id = found
        self._send()

    def _send(self) -> None:
        request = self._plan.story[self._chapter]
        self._write(request.replace(ID_MARK, self._id).replace(ETAG_MARK, self._etag))
        if self._chapter == 0 or not self._plan.whole:
            self._sent_at = time.perf_counter()

    def _write(self, request: bytes) -> None:
        if self._transport is not None:
            self._transport.write(request)

    def _end(self, trouble: str = "") -> None:
        if not self.ended.done():
            self._report.trouble = self._report.trouble or trouble
            self.ended.set_result(None)


class Feed:
    """Hands out the plan's ids: each once, or round and round."""

    def __init__(self, plan: Plan) -> None:
        self._ids = deque(plan.ids)
        self._round = None if plan.once else cycle(plan.ids)

    def next(self) -> bytes | None:
        """The next id; None when there are no more."""
        if self._round is not None:
            return next(self._round)
        return self._ids.popleft() if self._ids else None


async def run(plan: Plan) -> Report:
    """Measure until the plan's time is over and the last stories are told."""
    report, feed = Report(), Feed(plan)
    connections = await _shared_out(plan, report, feed)
    started = time.perf_counter()
    for connection in connections:
        connection.start(started + plan.seconds)
    ends = asyncio.gather(*(connection.ended for connection in connections))
    await asyncio.wait_for(ends, plan.seconds + PATIENCE_SECONDS)
    report.seconds = time.perf_counter() - started
    for connection in connections:
        connection.close()
    return report


async def _shared_out(plan: Plan, report: Report, feed: Feed) -> list[Connection]:
    """The connections, as many to each server process; the kernel alone would share them by chance."""
    loop = asyncio.get_running_loop()
    share = -(-plan.connections // plan.processes)
    found: dict[bytes, list[Connection]] = {}
    for _ in range(MOST_TRIES):
        _, connection = await loop.create_connection(
            lambda: Connection(plan, report, feed), plan.host, plan.port
        )
        process = (await connection.ask(plan.whoami)).partition(b"\r\n\r\n")[2]
        mine = found.setdefault(process, [])
        if len(mine) < share:
            mine.append(connection)
        else:
            connection.close()
        if sum(map(len, found.values())) >= plan.connections:
            return [connection for shared in found.values() for connection in shared][: plan.connections]
    raise RuntimeError(f"{len(found)} of {plan.processes} server processes answer")


def _header(buffer: bytearray, name: bytes) -> bytes | None:
    start = buffer.find(name)
    if start < 0:
        return None
    start += len(name)
    return bytes(buffer[start : buffer.find(b"\r\n", start)])


if __name__ == "__main__":
    sys.stdout.write(uvloop.run(run(Plan.of_json(sys.stdin.read()))).as_json())
