"""A fleet of screens that poll as the page does, whole lives beside them, and how far the fold is behind.

Each screen has a connection and an ETag of its own, and asks every ten seconds, a fifth more or less, none in
step with another. Lives begin at a fixed rate, whether or not the ones before have ended. The generator is a
process of its own (`python -m bench.fleet < plan > report`); how far the fold is behind is asked of the
database meanwhile.
"""

import asyncio
import json
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import asyncpg
import uvloop

from bench.plan import ID_MARK
from bench.processes import HOST

EVERY, SPREAD, LOOKS_EVERY, PATIENCE = 10.0, 0.2, 0.1, 30.0
MOST_TROUBLE = 5
# The oldest news that is not folded, and for how long it has waited.
_LAG = """
SELECT coalesce(extract(epoch FROM clock_timestamp() - (
    SELECT created_at FROM outbox WHERE (txid, id) > (state.txid, state.last_id)
     ORDER BY txid, id LIMIT 1)), 0)::float8 AS seconds
  FROM stat_state AS state
"""


@dataclass(frozen=True, slots=True)
class Fleet:
    """How many screens, how many lives a second beside them, for how many seconds."""

    screens: int
    lives: float
    seconds: float


@dataclass(slots=True)
class Seen:
    """Milliseconds of the screens' answers by status, of whole lives, seconds of lag, what went wrong."""

    answers: dict[str, list[float]] = field(default_factory=dict)
    lives: list[float] = field(default_factory=list)
    begun: int = 0
    seconds: float = 0.0
    lags: list[float] = field(default_factory=list)
    errors: int = 0
    trouble: list[str] = field(default_factory=list)

    def wrong(self, what: str) -> None:
        """Note what went wrong; the first few in words."""
        self.errors += 1
        if len(self.trouble) < MOST_TROUBLE:
            self.trouble.append(what)


async def polled(
    wanted: Fleet, *, port: int, dsn: str, screens: Sequence[bytes], life: Sequence[bytes]
) -> Seen:
    """Let the fleet poll; what was seen of it. `screens` and `life` are requests without an ETag."""
    plan = {
        **asdict(wanted),
        "port": port,
        "asks": [ask.decode("latin-1") for ask in screens],
        "life": [ask.decode("latin-1") for ask in life],
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.fleet", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    told = asyncio.create_task(process.communicate(json.dumps(plan).encode()))
    lags = await _lags(dsn, told)
    return Seen(**json.loads((await told)[0]) | {"lags": lags})


async def _lags(dsn: str, until: "asyncio.Task[tuple[bytes, bytes]]") -> list[float]:
    """How far the fold was behind, again and again until the task is done."""
    found, connection = [], await asyncpg.connect(dsn)
    try:
        while not until.done():
            found.append(await connection.fetchval(_LAG))
            await asyncio.wait({until}, timeout=LOOKS_EVERY)
    finally:
        await connection.close()
    return found


class _Connection:
    """One keep-alive connection; the server may hang up on one that is idle, as it would on a browser."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, request: bytes) -> tuple[int, dict[bytes, bytes], bytes]:
        """Status, headers and body of the answer."""
        if self._writer is not None and (self._reader.at_eof() or self._writer.is_closing()):
            self.close()
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(HOST, self._port)
        try:
            async with asyncio.timeout(PATIENCE):
                self._writer.write(request)
                head = await self._reader.readuntil(b"\r\n\r\n")
                lines = head.split(b"\r\n")
                headers = dict(line.lower().split(b": ", 1) for line in lines[1:] if line)
                body = await self._reader.readexactly(int(headers.get(b"content-length", b"0")))
        except BaseException:
            self.close()
            raise
        return int(lines[0].split()[1]), headers, body

    def close(self) -> None:
        """Hang up."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None


async def _screen(port: int, ask: bytes, seen: Seen, until: float) -> None:
    """One screen: the first question at any moment of the first ten seconds."""
    connection, etag = _Connection(port), b""
    await asyncio.sleep(random.uniform(0, EVERY))  # noqa: S311
    while (started := time.perf_counter()) < until:
        known = b"If-None-Match: " + etag + b"\r\n\r\n" if etag else b"\r\n"
        try:
            status, headers, body = await connection.ask(ask[:-2] + known)
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            seen.wrong(f"screen: {error!r}")
        else:
            seen.answers.setdefault(str(status), []).append((time.perf_counter() - started) * 1000)
            etag = headers.get(b"etag", etag)
            if status not in {200, 304}:
                seen.wrong(f"screen: {status} {body[:300]!r}")
        await asyncio.sleep(EVERY * random.uniform(1 - SPREAD, 1 + SPREAD))  # noqa: S311
    connection.close()


async def _life(connections: "asyncio.Queue[_Connection]", life: Sequence[bytes], seen: Seen) -> None:
    """One ticket from report to close."""
    started, connection, ticket = time.perf_counter(), connections.get_nowait(), b""
    try:
        for request in life:
            status, headers, body = await connection.ask(request.replace(ID_MARK, ticket))
            ticket = headers[b"location"][-36:] if b"location" in headers else ticket
            if status not in {200, 201}:
                seen.wrong(f"life: {status} {body[:300]!r}")
                return
        seen.lives.append((time.perf_counter() - started) * 1000)
    except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
        seen.wrong(f"life: {error!r}")
    finally:
        connections.put_nowait(connection)


async def _run(plan: dict[str, Any]) -> Seen:
    seen, started = Seen(), time.perf_counter()
    port, seconds, lives = plan["port"], plan["seconds"], plan["lives"]
    asks, life = ([one.encode("latin-1") for one in plan[name]] for name in ("asks", "life"))
    screens = [asyncio.create_task(_screen(port, ask, seen, started + seconds)) for ask in asks]
    under_way: set[asyncio.Task[None]] = set()
    idle: asyncio.Queue[_Connection] = asyncio.Queue()
    while lives and (now := time.perf_counter()) < started + seconds:
        if seen.begun < (now - started) * lives:
            if idle.empty():
                idle.put_nowait(_Connection(port))
            task = asyncio.create_task(_life(idle, life, seen))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
            seen.begun += 1
        await asyncio.sleep(0.01)
    await asyncio.gather(*screens, *under_way)
    seen.seconds = time.perf_counter() - started
    return seen


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(uvloop.run(_run(json.load(sys.stdin))))))
