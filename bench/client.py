"""The load generator: a few keep-alive connections, each sending its next request when the last is answered.

A process of its own (`python -m bench.client < plan > report`), because it shares two cores with what it
measures: request bytes are made beforehand, of a reply only the status, the length and at most one header
are read. It knows no operation; what to send stands in the plan. Only for a server on this machine.
"""

import asyncio
import sys
import time
from collections import deque
from itertools import cycle
from typing import cast

import uvloop

from bench.plan import ETAG_MARK, ID_MARK, Plan, Report

PATIENCE_SECONDS = 20.0
MOST_TRIES = 400
CREATED = 201
_LOCATION, _ETAG, _LENGTH = b"\r\nlocation: ", b"\r\netag: ", b"\r\ncontent-length: "


class Connection(asyncio.Protocol):
    """One keep-alive connection: sends, waits for the whole answer, sends the next."""

    def __init__(self, plan: Plan, report: Report, feed: "Feed") -> None:
        self._plan, self._report, self._feed = plan, report, feed
        self._fill = any(mark in request for request in plan.story for mark in (ID_MARK, ETAG_MARK))
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
        if status == CREATED:
            self._id = (_header(self._buffer, _LOCATION) or b"")[-36:]
            self._report.made.append(self._id.decode())
        elif self._fill:
            self._etag = _header(self._buffer, _ETAG) or self._etag

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
        if self._fill:
            request = request.replace(ID_MARK, self._id).replace(ETAG_MARK, self._etag)
        if self._chapter == 0 or not self._plan.whole:
            self._sent_at = time.perf_counter()
        self._write(request)

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
