"""The processes under test: the server with its supervisor, the worker, PostgreSQL; their time and memory.

RSS counts what a process holds, shared pages included; PSS counts its fair share of them, so that PSS of
several adds up.
"""

import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from app.core.processes import Supervisor
from app.core.schema import ROOT
from app.demo.people import client_for
from bench.options import Options
from bench.stand import Filled, Stand, environment

HOST = "127.0.0.1"
API, SUPERVISOR, WORKER, POSTGRES = "API process", "API supervisor", "worker", "PostgreSQL"
MIB = 2**20
READY_SECONDS, POLL_SECONDS, SETTLE_SECONDS = 60.0, 0.1, 3.0
# How uvicorn's supervisor starts its processes.
_SPAWNED = "multiprocessing.spawn"


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of CPU: of the server's processes, and of PostgreSQL's."""

    api: float
    postgres: float

    def __sub__(self, earlier: "Spent") -> "Spent":
        return Spent(self.api - earlier.api, self.postgres - earlier.postgres)

    def each(self, count: int) -> "Spent":
        """For one of so many."""
        return Spent(self.api / count, self.postgres / count)


@dataclass(frozen=True, slots=True)
class Held:
    """Memory of the processes of one kind in MiB: the largest one's RSS, and the PSS of all."""

    kind: str
    processes: int
    largest_rss: float
    all_pss: float


@dataclass(frozen=True, slots=True)
class Running:
    """The processes while they run, and where the server listens."""

    port: int
    server: int
    worker: int
    postgres: int

    def client(self) -> httpx.Client:
        """A client of this server, for what is not measured."""
        return client_for(f"http://{HOST}:{self.port}")

    def spent(self) -> Spent:
        """CPU since the processes began."""
        kinds = self._kinds()
        return Spent(_seconds(kinds[API]), _seconds(kinds[POSTGRES]))

    def worked(self) -> dict[str, float]:
        """CPU seconds since the processes began, by kind; also of children that have ended."""
        return {kind: _seconds(processes, ended=True) for kind, processes in self._kinds().items()}

    def held(self) -> list[Held]:
        """Memory at this moment, by kind."""
        return [_held(kind, processes) for kind, processes in self._kinds().items()]

    def _kinds(self) -> dict[str, list[psutil.Process]]:
        supervisor, postgres = psutil.Process(self.server), psutil.Process(self.postgres)
        worker = psutil.Process(self.worker)
        children = supervisor.children(recursive=True)
        serving = [child for child in children if _SPAWNED in " ".join(child.cmdline())]
        others = [child for child in children if child not in serving]
        return {
            API: serving or [supervisor],
            SUPERVISOR: [supervisor, *others] if serving else [],
            WORKER: [worker, *worker.children(recursive=True)],
            POSTGRES: [postgres, *postgres.children(recursive=True)],
        }


@contextmanager
def running(stand: Stand, database: Filled, folder: Path, options: Options) -> Iterator[Running]:
    """Start the server and the worker on a database; they end with the block."""
    port, told = _free_port(), {**environment(database, folder), "PYTHONPATH": str(ROOT)}
    server = [sys.executable, "-m", "bench.server", str(port), str(options.processes)]
    with Supervisor() as children:
        api = children.start(server, name="server", log_path=folder / "server.log", env=told)
        _wait(children, port)
        work = [sys.executable, "-m", "app", "worker"]
        worker = children.start(work, name="worker", log_path=folder / "worker.log", env=told)
        time.sleep(SETTLE_SECONDS)
        yield Running(port, api.pid or 0, worker.pid or 0, stand.server.pid or 0)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _wait(children: Supervisor, port: int) -> None:
    deadline = time.monotonic() + READY_SECONDS
    with client_for(f"http://{HOST}:{port}") as client:
        while time.monotonic() < deadline:
            if (end := children.ended()) is not None:
                raise RuntimeError(str(end))
            try:
                if client.get("/readyz").is_success:
                    return
            except httpx.TransportError:
                pass
            time.sleep(POLL_SECONDS)
    raise RuntimeError(f"the server is not ready after {READY_SECONDS:.0f} s")


def _seconds(processes: Sequence[psutil.Process], *, ended: bool = False) -> float:
    total = 0.0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system
            total += times.children_user + times.children_system if ended else 0.0
    return total


def _held(kind: str, processes: Sequence[psutil.Process]) -> Held:
    full = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            full.append(process.memory_full_info())
    largest = max((info.rss for info in full), default=0)
    return Held(kind, len(full), largest / MIB, sum(info.pss for info in full) / MIB)
