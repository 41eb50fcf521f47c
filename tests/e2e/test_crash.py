"""`kill -9` of the API, the worker and PostgreSQL amid a hundred steps: nothing promised is lost or doubled.

Real processes on a database of their own that forces every commit to disk. A client drives tickets round
the loop, several at a time, each call with a key of its own, and repeats a call until it is answered.
"""

import asyncio
import math
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import httpx
import psutil
import pytest
from alembic import command
from sqlalchemy import text

from app.core import clock
from app.core.db import create_engine, create_sessions
from app.core.embedded import APP_ROLE, OWNER_ROLE, EmbeddedPostgres
from app.core.ids import uuid7
from app.core.processes import wait_for_end
from app.core.schema import ROOT
from app.runtime.provision import alembic_config
from tests.support import ledger
from tests.support.clients import Api
from tests.support.seed import seed
from tests.support.settings import SECRET
from tests.support.tickets import REPORT, Loop
from tests.support.world import World

TICKETS, AT_A_TIME = 16, 8
STEPS = 7
# The reporter hears of three of them: accepted, resolved, closed.
NOTICES = 3
STEPS_OF_ALL = TICKETS * (STEPS + 1)
PATIENCE = 60.0
# After how many answered calls which processes are killed.
KILLS = ((20, ("api",)), (45, ("worker",)), (70, ("postgres",)), (95, ("postgres", "api", "worker")))
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "shared_buffers": "32MB"}


class Deployment:
    """PostgreSQL, one API process and one worker, each of which can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.postgres = EmbeddedPostgres(folder / "postgres", settings=DURABLE)
        self.folder = folder
        self.port = _free_port()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Make the database, fill it with the small town, start the rest."""
        self.postgres.start()
        config = alembic_config()
        config.attributes["url"] = self.postgres.url(role=OWNER_ROLE)
        command.upgrade(config, "head")
        asyncio.run(seed(self.postgres.url(role=OWNER_ROLE)))
        self._start(("api", "worker"))

    def stop(self) -> None:
        """End what still runs."""
        for process in self._processes.values():
            process.kill()
            process.wait()
        self.postgres.stop()

    def kill(self, names: Sequence[str]) -> None:
        """`kill -9` of these, then start them again; returns when all of it works."""
        for name in names:
            number = self.postgres.pid if name == "postgres" else self._processes[name].pid
            process = psutil.Process(number)
            process.kill()
            assert wait_for_end([process], PATIENCE) == []
        if "postgres" in names:
            self.postgres.start()
        self._start([name for name in names if name != "postgres"])

    def lives(self, name: str) -> bool:
        """Whether the process of this name still runs."""
        return self._processes[name].poll() is None

    def _start(self, names: Sequence[str]) -> None:
        since = clock.now()
        commands = {"api": ["serve", "--port", str(self.port)], "worker": ["worker"]}
        for name in names:
            with (self.folder / f"{name}.log").open("ab") as log:
                self._processes[name] = subprocess.Popen(
                    [sys.executable, "-m", "app", *commands[name]],
                    cwd=self.folder,
                    env=self._environment(),
                    stdout=log,
                    stderr=log,
                )
        self._wait_until_ready(since if "worker" in names else None)

    def _environment(self) -> dict[str, str]:
        ours = {name: value for name, value in os.environ.items() if not name.startswith("WANGGE_")}
        return ours | {
            "PYTHONPATH": str(ROOT),
            "PYTHONUTF8": "1",
            "WANGGE_ENVIRONMENT": "test",
            "WANGGE_SECRET_KEY": SECRET,
            "WANGGE_DATABASE_URL": self.postgres.url(role=APP_ROLE),
            "WANGGE_DATA_DIR": str(self.folder),
            "WANGGE_LOG_LEVEL": "WARNING",
        }

    def _wait_until_ready(self, beat_since: datetime | None) -> None:
        """Until the API answers from the database, which has seen the worker since then."""
        deadline = time.monotonic() + PATIENCE
        while not self._ready(beat_since):
            assert time.monotonic() < deadline, self._logs()
            time.sleep(0.05)

    def _ready(self, beat_since: datetime | None) -> bool:
        try:
            reply = httpx.get(f"http://127.0.0.1:{self.port}/readyz", trust_env=False)
        except httpx.TransportError:
            return False
        seen_at = reply.json().get("worker_seen_at")
        beats = beat_since is None or (seen_at is not None and datetime.fromisoformat(seen_at) >= beat_since)
        return reply.is_success and beats

    def _logs(self) -> str:
        return "\n".join(path.read_text()[-2000:] for path in self.folder.glob("*.log"))


class Client:
    """Drives tickets round the loop; knows what was answered, and how many calls had to be repeated."""

    def __init__(self, deployment: Deployment, world: World) -> None:
        self._world, self._deployment = world, deployment
        self.answered: dict[UUID, int] = {}
        self.repeated = 0
        # It waits after so many answers, so that there is still something to do when the next one dies.
        self.pause_after: float = 0
        # Once the test is over, even by a failure, it calls nobody any more.
        self.is_over = False

    async def run(self, tickets: Sequence[UUID]) -> None:
        """Bring all tickets from report to close, some at a time."""
        waiting = list(tickets)
        base_url = f"http://127.0.0.1:{self._deployment.port}"
        async with httpx.AsyncClient(base_url=base_url, timeout=10, trust_env=False) as http:

            async def work() -> None:
                while waiting:
                    await self._live(http, waiting.pop())

            async with asyncio.TaskGroup() as group:
                for _ in range(AT_A_TIME):
                    group.create_task(work())

    @property
    def calls(self) -> int:
        """How many calls were answered: a ticket's version counts its steps."""
        return sum(dict(self.answered).values())

    async def _live(self, http: httpx.AsyncClient, ticket_id: UUID) -> None:
        area_id = str(self._world.places["grid_a1"].id)
        report = {**REPORT, "id": str(ticket_id), "area_id": area_id}
        await self._call(http, ticket_id, "grid_worker", "/v1/tickets", report)
        for who, body in Loop(cast("Api", http), self._world).story():
            await self._call(http, ticket_id, who, f"/v1/tickets/{ticket_id}/actions", body)

    async def _call(
        self, http: httpx.AsyncClient, ticket_id: UUID, who: str, path: str, body: dict[str, Any]
    ) -> None:
        """Send it, with one key, until somebody answers."""
        headers = {**self._world.as_(who), "Idempotency-Key": str(uuid7())}
        while self.calls >= self.pause_after and not self.is_over:  # noqa: ASYNC110 - another thread moves it
            await asyncio.sleep(0.005)
        while True:
            assert not self.is_over, f"{path} was not answered before the test ended"
            try:
                reply = await http.post(path, json=body, headers=headers)
                if reply.status_code < 500:
                    break
            except httpx.TransportError:
                pass
            self.repeated += 1
            await asyncio.sleep(0.02)
        assert reply.is_success, f"{path} {body}: {reply.text}"
        version = reply.json()["version"]
        assert version == self.answered.get(ticket_id, 0) + 1, f"{body} was not answered as one step"
        self.answered[ticket_id] = version


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    """A running deployment; whatever is left of it ends with the test."""
    made = Deployment(tmp_path)
    try:
        made.start()
        yield made
    finally:
        made.stop()


def test_after_each_kill_every_answered_step_is_there_once_and_none_is_half_done(
    deployment: Deployment,
) -> None:
    tickets = [uuid7() for _ in range(TICKETS)]
    client = Client(deployment, World())
    with ThreadPoolExecutor(max_workers=1) as aside:
        under_way = aside.submit(asyncio.run, client.run(tickets))
        try:
            for calls, names in KILLS:
                client.pause_after = calls + AT_A_TIME
                wait_for_calls(client, calls, under_way)
                deployment.kill(names)
                asyncio.run(audit(deployment, dict(client.answered)))
            client.pause_after = math.inf
            under_way.result(PATIENCE)
        finally:
            client.is_over = True
    assert client.answered == dict.fromkeys(tickets, STEPS + 1)
    assert client.repeated >= 3, "a kill of API or database met no call under way"
    figures = asyncio.run(audit(deployment, client.answered))
    assert figures == {
        "ticket": TICKETS,
        "ticket_event": STEPS_OF_ALL,
        "outbox": STEPS_OF_ALL + TICKETS * NOTICES,
        "idempotency_key": STEPS_OF_ALL,
    }
    assert deployment.lives("worker")
    assert deployment.lives("api")


def wait_for_calls(client: Client, calls: int, under_way: Future[None]) -> None:
    """Return once so many calls were answered, while others are on their way."""
    deadline = time.monotonic() + PATIENCE
    while client.calls < calls:
        assert not under_way.done(), under_way.result()
        assert time.monotonic() < deadline, f"{client.calls} calls after {PATIENCE} s"
        time.sleep(0.002)


async def audit(deployment: Deployment, answered: Mapping[UUID, int]) -> dict[str, int]:
    """Check the books of every ticket against what was answered; returns how many rows there are."""
    engine = create_engine(deployment.postgres.url(role=APP_ROLE), pool_size=1)
    try:
        async with create_sessions(engine)() as session:
            # One snapshot for all of it, because the client goes on.
            await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            for ticket_id, version in answered.items():
                ticket = await ledger.audit(session, ticket_id)
                assert ticket["version"] >= version, f"{ticket_id}: step {version} was answered and is lost"
            return {
                table: await session.scalar(text(f"SELECT count(*) FROM {table}")) or 0  # noqa: S608
                for table in ("ticket", "ticket_event", "outbox", "idempotency_key")
            }
    finally:
        await engine.dispose()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
