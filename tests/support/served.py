"""The application as a real process on a database of the tests, and a network before it that breaks."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psutil

from app.core.schema import ROOT
from tests.support.database import Database
from tests.support.settings import SECRET

PATIENCE = 60.0
HOST = "127.0.0.1"


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def until(true: Callable[[], bool]) -> None:
    """Wait for something that must come true, and no longer than a minute."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.02)


@contextmanager
def served(
    database: Database, folder: Path, port: int, *options: str, **settings: str
) -> Iterator[psutil.Process]:
    """The server while the block runs, killed at its end; the tokens of the tests' town are good there."""
    with running(database, folder, "serve", "--port", str(port), *options, **settings) as tree:
        until(lambda: answers(port) or tree.status() == psutil.STATUS_ZOMBIE)
        yield tree


@contextmanager
def running(database: Database, folder: Path, *command: str, **settings: str) -> Iterator[psutil.Process]:
    """A command of the application as a process while the block runs; killed with all its children.

    Further keywords are variables of its environment.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "app", *command],
        cwd=folder,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("WANGGE_")},
            "PYTHONPATH": str(ROOT),
            "WANGGE_DATABASE_URL": database.url,
            "WANGGE_DATA_DIR": str(folder),
            "WANGGE_SECRET_KEY": SECRET,
            **settings,
        },
        stderr=subprocess.DEVNULL,
    )
    tree = psutil.Process(process.pid)
    try:
        yield tree
    finally:
        family = tree.children(recursive=True) if tree.is_running() else []
        for member in (tree, *family):
            with suppress(psutil.NoSuchProcess):
                member.kill()
        process.wait()


def answers(port: int) -> bool:
    """Whether the server is ready."""
    try:
        return httpx.get(f"http://{HOST}:{port}/readyz", trust_env=False).is_success
    except httpx.TransportError:
        return False


class Lift(threading.Thread):
    """A network that drops each connection after so many bytes to the server; `cuts` counts them."""

    def __init__(self, port: int, after: int) -> None:
        super().__init__(daemon=True)
        self._to, self._after = port, after
        self._door = socket.create_server((HOST, 0))
        self.port = int(self._door.getsockname()[1])
        self.cuts = 0

    def run(self) -> None:
        """Take connections until closed."""
        with suppress(OSError):
            while True:
                client, _address = self._door.accept()
                server = socket.create_connection((HOST, self._to))
                for way in ((client, server, self._after), (server, client, sys.maxsize)):
                    threading.Thread(target=self._carry, args=way, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._door.close()

    def _carry(self, source: socket.socket, target: socket.socket, left: int) -> None:
        with suppress(OSError):
            while data := source.recv(16_384):
                target.sendall(data[:left])
                left -= len(data)
                if left <= 0:
                    self.cuts += 1
                    break
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
