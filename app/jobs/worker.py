"""The worker process: PgQueuer over a connection of its own, a heartbeat, and a calm end.

It survives the database: when the connection breaks, it makes another, waiting longer each time. It holds
nothing that a `kill -9` could lose: what was being worked on is in the queue's tables and is taken up by
the next worker. What the jobs do is in the modules beside this one.
"""

import asyncio
import signal
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import asyncpg
from pgqueuer import PgQueuer

from app.core import logging
from app.core.courier import Courier
from app.core.crypto import Vault
from app.core.db import Sessions, create_engine, create_sessions
from app.core.files import FileStore
from app.jobs import (
    answer_links,
    audit_seal,
    deadline_moves,
    exports,
    figures,
    heartbeat,
    imports,
    maintenance,
    messages,
    orphan_files,
    outbox_pruning,
    reports,
    reseal,
    retention,
    stale_uploads,
    sweep,
    webhooks,
)
from app.jobs.outages import OUTAGES
from app.services.mobile.channels import Channels

NAME = "wangge-worker"
POLL = timedelta(seconds=30)
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 15.0
CONNECT_SECONDS = 10
CLOSE_SECONDS = 5

log = logging.get(__name__)


@dataclass(frozen=True, slots=True, repr=False)
class Parts:
    """What the jobs work with."""

    sessions: Sessions
    files: FileStore
    vault: Vault
    channels: Channels
    courier: Courier
    public_url: str | None


async def run(
    *,
    url: str,
    dsn: str,
    files: FileStore,
    vault: Vault,
    channels: Channels | None = None,
    courier: Courier | None = None,
    public_url: str | None = None,
    stop: asyncio.Event | None = None,
) -> None:
    """Work until stop is set (by default at SIGTERM or SIGINT).

    url is SQLAlchemy's address of the database, dsn asyncpg's of the same; both as the application's role.
    files is where the API puts what is uploaded, vault what it seals personal values with, channels how
    people are reached who do not read their messages, courier where third parties may be called,
    public_url what links to residents begin with.
    """
    stop = stop or _stop_on_signals()
    engine = create_engine(url, pool_size=6, name=NAME)
    sessions = create_sessions(engine)
    beside = [
        asyncio.create_task(heartbeat.keep(sessions, stop)),
        asyncio.create_task(messages.keep_reading(sessions, stop)),
        asyncio.create_task(figures.keep_folding(sessions, stop)),
        asyncio.create_task(webhooks.keep_reading(sessions, stop)),
    ]
    log.info("worker_started")
    try:
        parts = Parts(sessions, files, vault, channels or Channels(), courier or Courier(), public_url)
        await _work(dsn, parts, stop)
        await asyncio.gather(*beside)
    finally:
        for task in beside:
            task.cancel()
        await engine.dispose()
        log.info("worker_stopped")


async def _work(dsn: str, parts: Parts, stop: asyncio.Event) -> None:
    """One connection after another until stop is set."""
    wait = FIRST_WAIT_SECONDS
    while not stop.is_set():
        try:
            connection = await asyncpg.connect(
                dsn,
                timeout=CONNECT_SECONDS,
                server_settings={"application_name": NAME, "jit": "off", "TimeZone": "UTC"},
            )
            wait = FIRST_WAIT_SECONDS
            await _cycle(connection, parts, stop)
        except OUTAGES as away:
            log.warning("database_away", error=type(away).__name__, retry_seconds=wait)
        if not stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), wait)
            wait = min(wait * 2, LONGEST_WAIT_SECONDS)


async def _cycle(connection: asyncpg.Connection, parts: Parts, stop: asyncio.Event) -> None:
    """Work on one connection until stop is set; ConnectionResetError when it broke quietly."""
    queue = PgQueuer.from_asyncpg_connection(connection)
    maintenance.register(queue, parts.sessions)
    orphan_files.register(queue, parts.sessions, parts.files)
    outbox_pruning.register(queue, parts.sessions)
    deadline_moves.register(queue, parts.sessions)
    exports.register(queue, parts.sessions, parts.files, parts.vault)
    figures.register(queue, parts.sessions)
    imports.register(queue, parts.sessions, parts.files, parts.vault)
    messages.register(queue, parts.sessions, parts.channels, parts.vault)
    sweep.register(queue, parts.sessions)
    answer_links.register(queue, parts.sessions, parts.channels, parts.vault, parts.public_url)
    audit_seal.register(queue, parts.sessions, parts.vault)
    reports.register(queue, parts.sessions)
    reseal.register(queue, parts.sessions, parts.vault)
    retention.register(queue, parts.sessions)
    stale_uploads.register(queue, parts.sessions, parts.files)
    webhooks.register(queue, parts.sessions, parts.courier, parts.vault)
    connection.add_termination_listener(lambda _connection: queue.shutdown.set())
    forward = asyncio.create_task(_forward(stop, queue.shutdown))
    try:
        await queue.run(dequeue_timeout=POLL, shutdown_on_listener_failure=True)
    finally:
        forward.cancel()
        with suppress(*OUTAGES):
            await connection.close(timeout=CLOSE_SECONDS)
    if not stop.is_set():
        raise ConnectionResetError


async def _forward(source: asyncio.Event, target: asyncio.Event) -> None:
    await source.wait()
    target.set()


def _stop_on_signals() -> asyncio.Event:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop
