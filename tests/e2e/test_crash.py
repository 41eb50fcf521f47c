"""`kill -9` of the API, the worker and PostgreSQL amid a hundred steps: nothing promised is lost or doubled.

Real processes on a database of their own that forces every commit to disk. A client drives tickets round
the loop, several at a time, each call with a key of its own, and repeats a call until it is answered.
"""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psutil
import pytest
from alembic import command

from app.core.db import Sessions, create_engine, create_sessions
from app.core.embedded import APP_ROLE, OWNER_ROLE, EmbeddedPostgres
from app.core.ids import uuid7
from app.core.processes import wait_for_end
from app.core.schema import ROOT, alembic_config
from tests.support import ledger
from tests.support.seed import seed
from tests.support.settings import SECRET
from tests.support.tickets import REPORT, Loop
from tests.support.world import World

TICKETS, AT_A_TIME = 16, 8
STEPS = 7
PATIENCE = 60.0
# After how many answered calls of a ticket's life each process is killed, all tickets taken together.
KILLS = (("api", 20), ("worker", 40), ("postgres", 60), ("api", 80), ("postgres", 100))
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
        for name in ("api", "worker"):
            self._start(name)
        self._wait_until_ready()

    def stop(self) -> None:
        """End what still runs."""
        for process in self._processes.values():
            process.kill()
            process.wait()
        self.postgres.stop()

    def kill(self, name: str) -> None:
        """`kill -9`, then start it again; returns when the API answers from the database."""
        if name == "postgres":
            postmaster = psutil.Process(self.postgres.pid)
            postmaster.kill()
            assert wait_for_end([postmaster], PATIENCE) == []
            self.postgres.start()
        else:
            self._processes[name].kill()
            self._processes[name].wait()
            self._start(name)
        self._wait_until_ready()

    def _start(self, name: str) -> None:
        commands = {"api": ["serve", "--port", str(self.port)], "worker": ["worker"]}
        with (self.folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, "-m", "app", *commands[name]],
                cwd=self.folder,
                env=self._environment(),
                stdout=log,
                stderr=log,
            )

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

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self._ready():
            assert time.monotonic() < deadline, (self.folder / "api.log").read_text()[-2000:]
            time.sleep(0.05)

    def _ready(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/readyz", trust_env=False).is_success
        except httpx.TransportError:
            return False


class Client:
    """Drives tickets; remembers what was answered, and how often a call had to be repeated."""

    def __init__(self, deployment: Deployment, world: World) -> None:
        self._world = world
        base_url = f"http://127.0.0.1:{deployment.port}"
        self._http = httpx.AsyncClient(base_url=base_url, timeout=10, trust_env=False)
        self._answers = asyncio.Condition()
        self.answered: dict[UUID, int] = {}
        self.repeated = 0
        self.replayed = 0

    async def close(self) -> None:
        """Let the connections go."""
        await self._http.aclose()

    async def live(self, ticket_id: UUID) -> None:
        """One ticket from report to close."""
        area_id = str(self._world.places["grid_a1"].id)
        await self._call(ticket_id, "grid_worker", "/v1/tickets", {**REPORT, "id": str(ticket_id), "area_id": area_id})
        story = Loop(self._http, self._world).story()  # type: ignore[arg-type]
        for who, body in story:
            await self._call(ticket_id, who, f"/v1/tickets/{ticket_id}/actions", body)

    async def until_answered(self, count: int) -> None:
        """Return once so many calls were answered."""
        async with self._answers:
            await self._answers.wait_for(lambda: sum(self.answered.values()) >= count)

    async def _call(self, ticket_id: UUID, who: str, path: str, body: dict[str, Any]) -> None:
        headers = {**self._world.as_(who), "Idempotency-Key": str(uuid7())}
        while True:
            try:
                reply = await self._http.post(path, json=body, headers=headers)
            except httpx.TransportError:
                reply = None
            if reply is not None and reply.status_code < 500:
                break
            self.repeated += 1
            await asyncio.sleep(0.05)
        assert reply.is_success, f"{path} {body}: {reply.text}"
        self.replayed += "idempotency-replayed" in reply.headers
        async with self._answers:
            self.answered[ticket_id] = reply.json()["version"]
            self._answers.notify_all()


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    """A running deployment; whatever is left of it ends with the test."""
    made = Deployment(tmp_path)
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture
async def sessions(deployment: Deployment) -> AsyncIterator[Sessions]:
    """The test's own way to the database."""
    engine = create_engine(deployment.postgres.url(role=APP_ROLE), pool_size=2)
    yield create_sessions(engine)
    await engine.dispose()
