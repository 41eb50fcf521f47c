"""What phones cost: queues of 500 against single calls, a pull without news, a first sync, a list's bytes.

`python -m bench.phones`, part of `make bench`. Ratios count: operations a second of both ways are taken in
turn, from one phone on one connection; a pull without news against the constant route, by the load generator.
Nobody else writes.
"""

import argparse
import asyncio
import gzip
import json
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Any

import asyncpg
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from app.core import clock
from app.core.ids import uuid7
from app.demo.people import People, Person
from app.demo.stories import MAIN_ROAD
from app.models.enums import Role
from bench import processes, stand
from bench.measure import Load, Measured
from bench.operations import Operation
from bench.options import Options
from bench.processes import HOST
from bench.requests import Ask
from bench.server import CONSTANT

TICKETS, HOUSEHOLDS, QUEUE, ROUNDS, SECONDS = 3_000, 200, 500, 3, 2.0
LEAST_PUSH, LEAST_PULL, MOST_LIST = 2.0, 0.25, 12 * 1024
PUSH, PULL = "/v1/sync/push", "/v1/sync/pull"
LIST, SHOWN = "/v1/tickets?limit=50", "no,title,status,due_at"
GZIP = {"Accept-Encoding": "gzip"}
# The grid of the demo is a little smaller than the one that is asked for: neighbours move in.
_MOVE_IN = """
UPDATE household SET grid_id = $1, area_id = $1 WHERE id IN (
    SELECT id FROM household WHERE grid_id <> $1 AND ended_on IS NULL ORDER BY id
     LIMIT greatest(0, $2 - (SELECT count(*) FROM household WHERE grid_id = $1 AND ended_on IS NULL)))
"""
SHORT, WIDTH = " ✗", 160
OK = frozenset({200, 201})


class Line:
    """One keep-alive connection of one phone; of an answer it reads status and body."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection((HOST, port))
        self._file = self._socket.makefile("rb")

    def ask(self, ask: Ask) -> bytes:
        """The body of an answer that must be one."""
        self._socket.sendall(ask.as_bytes())
        status = int(self._file.readline().split()[1])
        length = 0
        while (line := self._file.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        body = self._file.read(length)
        if status not in OK:
            raise RuntimeError(body.decode())
        return body

    def ask_packed(self, path: str, token: str) -> tuple[bytes, bytes]:
        """The body of a GET as it travels, and unpacked."""
        packed = self.ask(Ask("GET", path, token, headers=GZIP))
        return packed, gzip.decompress(packed) if packed[:2] == b"\x1f\x8b" else packed


def main() -> None:
    """Load, serve, measure, print."""
    parser = argparse.ArgumentParser(prog="bench.phones", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("var"), help="folder to keep loaded databases in")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="all ways one after another")
    asked = parser.parse_args()
    wanted = Options(TICKETS, HOUSEHOLDS, 1, 8, 2, SECONDS, asked.rounds, asked.data)
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    with _served(wanted, console) as running:
        with running.client() as client:
            people = People(client, running.accounts)
            worker = people.sign_in(people.of_role(Role.GRID_WORKER)[0])
            dispatcher = people.sign_in(people.of_role(Role.DISPATCHER)[0])
        asyncio.run(_move_in(running.owner_dsn, worker))
        table = Table("a phone", "found", box=MARKDOWN)
        _add_lists(table, Line(running.at.port), dispatcher)
        _add_first_sync(table, Line(running.at.port), worker)
        _add_pull(table, running.at, wanted, worker)
        console.print(table)
        _show_pushes(console, Line(running.at.port), worker, wanted.rounds)


class _Served:
    def __init__(self, at: processes.Running, accounts: Any, owner_dsn: str) -> None:
        self.at, self.accounts, self.client, self.owner_dsn = at, accounts, at.client, owner_dsn


@contextmanager
def _served(wanted: Options, console: Console) -> Iterator[_Served]:
    folder = (wanted.data / "bench").resolve()
    with (
        stand.opened(folder, console) as at,
        at.copy_of(at.filled(wanted.tickets)) as database,
        processes.running(at, database, folder, wanted) as running,
    ):
        yield _Served(running, database.accounts, at.owner_dsn(database))


async def _move_in(dsn: str, worker: Person) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(_MOVE_IN, worker.area_id, HOUSEHOLDS)
    finally:
        await connection.close()


def _add_lists(table: Table, phone: Line, reader: Person) -> None:
    for name, path in (("all fields", LIST), (SHOWN, f"{LIST}&fields={SHOWN}")):
        packed, plain = phone.ask_packed(path, reader.token)
        assert len(json.loads(plain)["items"]) == 50  # noqa: S101, PLR2004 - or the size says nothing
        mark = SHORT if len(packed) > MOST_LIST else ""
        size = f"{len(packed) / 1024:.1f} KiB compressed (≤ {MOST_LIST / 1024:.0f}){mark}"
        table.add_row(f"list of 50 tickets, {name}", f"{size}, {len(plain) / 1024:.0f} plain")


def _add_first_sync(table: Table, phone: Line, worker: Person) -> None:
    started, kept, plain, packed, pages = time.perf_counter(), dict[str, int](), 0, 0, 0
    cursor, more = "", True
    while more:
        raw, body = phone.ask_packed(PULL + cursor, worker.token)
        page = json.loads(body)
        for kind in ("areas", "households", "tickets", "visits"):
            kept[kind] = kept.get(kind, 0) + len(page.get(kind, {}).get("items", ()))
        cursor, more = f"?cursor={page['cursor']}", page["more"]
        plain, packed, pages = plain + len(body), packed + len(raw), pages + 1
    told = ", ".join(f"{count} {kind}" for kind, count in kept.items())
    size = f"{packed / 1024:.0f} KiB compressed, {plain / 1024:.0f} plain"
    took = f"{time.perf_counter() - started:.2f} s, {pages} pages, {size}"
    table.add_row(f"first sync: {told}", took)


def _add_pull(table: Table, running: processes.Running, wanted: Options, worker: Person) -> None:
    phone, cursor, more = Line(running.port), "", True
    while more:
        page = json.loads(phone.ask(Ask("GET", PULL + cursor, worker.token)))
        cursor, more = f"?cursor={page['cursor']}", page["more"]
    rows = [
        Measured(Operation("constant route", (Ask("GET", CONSTANT),)), 0),
        Measured(Operation("pull, no news", (Ask("GET", PULL + cursor, worker.token),)), 0),
    ]
    load = Load(running, wanted, ())
    for _round in range(wanted.rounds + 1):
        load.round(rows, wanted.seconds)
    ratios = [mine / limit for mine, limit in zip(rows[1].rates[1:], rows[0].rates[1:], strict=True)]
    spent = (
        median(each.api for each in rows[1].spent) * 1000,
        median(e.postgres for e in rows[1].spent) * 1000,
    )
    found = (
        f"{_least(median(ratios), LEAST_PULL)} of the constant route, {median(rows[1].rates):,.0f} a second"
    )
    table.add_row("pull without news", f"{found}; CPU ms {spent[0]:.2f} API, {spent[1]:.2f} DB")


def _show_pushes(console: Console, phone: Line, worker: Person, rounds: int) -> None:
    table = Table("operation", box=MARKDOWN)
    for name in ("single calls a second", "in queues of 500", "ratio"):
        table.add_column(name, justify="right")
    ids = [json.loads(phone.ask(_report(worker)))["id"] for _number in range(21)]
    one, tickets = ids[0], cycle(ids[1:])
    ways: tuple[tuple[str, Callable[[], Ask], Callable[[], Any], float | None], ...] = (
        ("report", lambda: _report(worker), lambda: _queued_report(worker), LEAST_PUSH),
        (
            "comment, twenty tickets",
            lambda: _comment(worker, next(tickets)),
            lambda: _queued_comment(next(tickets)),
            LEAST_PUSH,
        ),
        ("comment, one ticket", lambda: _comment(worker, one), lambda: _queued_comment(one), None),
    )
    for name, single, entry, least in ways:
        alone, queued = [], []
        for _round in range(rounds):
            asks = [single() for _number in range(QUEUE // 2)]
            alone.append(len(asks) / seconds(phone, asks))
            queue = {"operations": [entry() for _number in range(QUEUE)]}
            queued.append(QUEUE / seconds(phone, [Ask("POST", PUSH, worker.token, queue)]))
        ratio = median(mine / other for mine, other in zip(queued, alone, strict=True))
        table.add_row(name, f"{median(alone):,.0f}", f"{median(queued):,.0f}", _least(ratio, least))
    console.print(table)


def seconds(line: Line, asks: Sequence[Ask], answers: list[bytes] | None = None) -> float:
    """How long it takes to ask these one after another; the answers' bodies are kept where that is wanted."""
    started = time.perf_counter()
    found = [line.ask(ask) for ask in asks]
    spent = time.perf_counter() - started
    if answers is not None:
        answers += found
    return spent


def _body(worker: Person) -> dict[str, Any]:
    return {**MAIN_ROAD.report, "area_id": str(worker.area_id)}


def _report(worker: Person) -> Ask:
    return Ask("POST", "/v1/tickets", worker.token, {**_body(worker), "id": str(uuid7())})


def _comment(worker: Person, ticket: str) -> Ask:
    body = {"action": "comment", "opinion": "现场已看过"}
    return Ask("POST", f"/v1/tickets/{ticket}/actions", worker.token, body)


def _queued_report(worker: Person) -> Mapping[str, Any]:
    return _queued("ticket.report", str(uuid7()), _body(worker))


def _queued_comment(ticket: str) -> Mapping[str, Any]:
    return _queued("ticket.action", ticket, {"action": "comment", "opinion": "现场已看过"})


def _queued(kind: str, record_id: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    moment = clock.now().isoformat()
    return {"op_id": str(uuid7()), "kind": kind, "id": record_id, "occurred_at": moment, "body": body}


def _least(ratio: float, least: float | None) -> str:
    if least is None:
        return f"{ratio:.2f}"
    return f"{ratio:.2f} (≥ {least}){SHORT if ratio < least else ''}"


if __name__ == "__main__":
    main()
