"""What webhooks cost: deliveries against a bare httpx loop, and reports while a dead receiver is waited for.

`python -m bench.webhooks`. Deliveries are a run of the worker's own service with its database, against the
same bodies posted by httpx one after another and eight at once, in turn, to a receiver in a process of its
own. Reports are those of `make bench`, with 10,000 messages waiting for a port at which nobody listens, and
without them, in turn on the same server with the same worker. Ratios count.
"""

import argparse
import asyncio
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from statistics import median
from uuid import UUID

import asyncpg
import httpx
from rich.console import Console

from app.core.courier import Courier
from app.core.crypto import Vault, hash_token
from app.core.db import create_engine, create_sessions
from app.core.ids import uuid7
from app.core.outside import Rules
from app.services.exchange.webhooks import sending, signing
from bench import operations, processes, stand
from bench.measure import Load, Measured
from bench.options import Options
from bench.processes import HOST
from bench.stand import Filled, Stand

TICKETS, ROUNDS, SECONDS = 3_000, 5, 3.0
MESSAGES, WAITING, AT_ONCE = 2_000, 10_000, 8
LEAST_OF_HTTPX, MOST_P50 = 0.5, 1.3
SHORT = " ✗"
CLIENT = """
    WITH client AS (
        INSERT INTO api_client (id, name, purpose, contact, status) VALUES ($1, 'bench', '-', '-', 'active')
        RETURNING id
    ), town AS (SELECT id FROM area WHERE level = 'town' ORDER BY code LIMIT 1), token AS (
        INSERT INTO api_token (id, client_id, key, secret_hash, scopes, area_id, expires_at, created_at)
        SELECT $2, client.id, $3, $4, ARRAY['tickets:read'], town.id, now() + interval '1 day', now()
        FROM client, town
    )
    INSERT INTO webhook_subscription
        (id, client_id, url, description, area_id, event_types, payload, state, secret_sealed)
    SELECT $5, client.id, $6, '-', town.id, '{}', 'full', 'active', $7 FROM client, town
    """
FILL = """
    INSERT INTO webhook_delivery
        (subscription_id, event_id, event_type, ticket_id, seq, state, next_at, created_at)
    SELECT $1, event.id, 'ticket.' || event.action, event.ticket_id, event.seq, 'waiting', now(), now()
    FROM ticket_event AS event WHERE event.to_status <> 'draft' ORDER BY event.at DESC LIMIT $2
    ON CONFLICT (subscription_id, event_id)
    DO UPDATE SET state = 'waiting', attempts = 0, next_at = now(), ended_at = NULL
    """


@dataclass(slots=True)
class Rates:
    """Messages a second of each way, round by round."""

    ours: list[float] = field(default_factory=list)
    one_by_one: list[float] = field(default_factory=list)
    at_once: list[float] = field(default_factory=list)


def main() -> None:
    """Load, measure both, print."""
    parser = argparse.ArgumentParser(prog="bench.webhooks", description="Measures webhooks on this machine.")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="all ways one after another")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of reports in each round")
    parser.add_argument("--data", type=Path, default=Path("var"), help="folder to keep loaded databases in")
    asked = parser.parse_args()
    wanted = Options(TICKETS, 1, 1, 8, 2, asked.seconds, asked.rounds, asked.data)
    console, folder = Console(width=None if sys.stdout.isatty() else 120), (asked.data / "bench").resolve()
    with stand.opened(folder, console) as at:
        with at.copy_of(at.filled(wanted.tickets)) as database, _receiver() as url:
            _show_rates(console, asyncio.run(_rates(database, url, wanted.rounds)))
        with at.copy_of(at.filled(wanted.tickets)) as database:
            _show_reports(console, *_reports(at, database, folder, wanted))


@contextmanager
def _receiver() -> Iterator[str]:
    """The address of a receiver while the block runs."""
    command = [sys.executable, "-m", "bench.receiver"]
    with subprocess.Popen(  # noqa: S603 - our own program
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None  # noqa: S101 - it was asked for
        assert running.stdin is not None  # noqa: S101 - it was asked for
        yield f"http://{HOST}:{running.stdout.readline().strip()}/hook"
        running.stdin.close()


async def _subscribed(connection: asyncpg.Connection, url: str) -> UUID:
    subscription, sealed = uuid7(), Vault(stand.SECRET).seal(signing.new_secret())
    key = secrets.token_hex(8)
    await connection.execute(CLIENT, uuid7(), uuid7(), key, hash_token(key), subscription, url, sealed)
    return subscription


async def _rates(database: Filled, url: str, rounds: int) -> Rates:
    """Each way sends as many, in turn; the first round only warms up."""
    connection = await asyncpg.connect(database.dsn)
    engine = create_engine(database.url, pool_size=4)
    found, body = Rates(), b"x" * 900
    try:
        subscription = await _subscribed(connection, url)
        courier = Courier(Rules(networks=(ip_network("127.0.0.0/8"),), plain=True))
        for number in range(rounds + 1):
            await connection.execute(FILL, subscription, MESSAGES)
            started, taken = time.perf_counter(), 0
            while taken < MESSAGES:
                taken += await sending.run(
                    create_sessions(engine),
                    subscription_id=subscription,
                    courier=courier,
                    vault=Vault(stand.SECRET),
                    leave=asyncio.Event(),
                )
            ours = MESSAGES / (time.perf_counter() - started)
            one, many = await _httpx(url, body, 1), await _httpx(url, body, AT_ONCE)
            if number:
                found.ours.append(ours)
                found.one_by_one.append(one)
                found.at_once.append(many)
    finally:
        await engine.dispose()
        await connection.close()
    return found


async def _httpx(url: str, body: bytes, at_once: int) -> float:
    """Posts a second of a bare loop, or of several side by side with one client."""
    async with httpx.AsyncClient() as client:
        left = iter(range(MESSAGES))

        async def loop() -> None:
            for _number in left:
                (await client.post(url, content=body)).raise_for_status()

        started = time.perf_counter()
        await asyncio.gather(*(loop() for _number in range(at_once)))
        return MESSAGES / (time.perf_counter() - started)


def _reports(at: Stand, database: Filled, folder: Path, wanted: Options) -> tuple[Measured, Measured]:
    """Reports while messages wait for a dead receiver, and while there is none, in turn."""
    with processes.running(at, database, folder, wanted) as running:
        with running.client() as client:
            report = operations.operations(operations.cast(client, database.accounts))[1]
        with_it, without = Measured(report, 0), Measured(report, 0)
        subscription = asyncio.run(_on(database, None))
        for number in range(wanted.rounds + 1):
            for row in (with_it, without) if number else (Measured(report, 0), Measured(report, 0)):
                asyncio.run(_on(database, subscription, on=row is with_it))
                Load(running, wanted, ()).round([row], wanted.seconds)
    return with_it, without


async def _on(database: Filled, subscription: UUID | None, *, on: bool = False) -> UUID:
    """Make the subscription, or switch it on with so many messages due, or off."""
    connection = await asyncpg.connect(database.dsn)
    try:
        if subscription is None:
            subscription = await _subscribed(connection, f"http://{HOST}:9443/")
        state = "active" if on else "paused"
        change = "UPDATE webhook_subscription SET state = $2, leased_until = NULL WHERE id = $1"
        await connection.execute(change, subscription, state)
        if on:
            await connection.execute(FILL, subscription, WAITING)
        return subscription
    finally:
        await connection.close()


def _show_rates(console: Console, rates: Rates) -> None:
    ratios = [mine / bare for mine, bare in zip(rates.ours, rates.one_by_one, strict=True)]
    ratio, of_many = median(ratios), median(rates.ours) / median(rates.at_once)
    console.print(
        f"deliveries: {median(rates.ours):,.0f} a second; a bare httpx loop {median(rates.one_by_one):,.0f},"
        f" eight at once {median(rates.at_once):,.0f}; {ratio:.2f} of the loop (≥ {LEAST_OF_HTTPX})"
        f"{SHORT if ratio < LEAST_OF_HTTPX else ''}, {of_many:.2f} of eight"
    )


def _show_reports(console: Console, with_it: Measured, without: Measured) -> None:
    there, none = median(with_it.micros) / 1000, median(without.micros) / 1000
    ratio = there / none
    console.print(
        f"reports: p50 {there:.1f} ms while {WAITING:,} messages wait for a dead receiver,"
        f" {none:.1f} ms without; {ratio:.2f} (≤ {MOST_P50}){SHORT if ratio > MOST_P50 else ''}"
    )


if __name__ == "__main__":
    main()
