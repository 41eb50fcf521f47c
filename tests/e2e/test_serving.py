"""The API as a real process: it starts, answers, counts, and ends with whoever started it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from app.core.schema import ROOT
from tests.support.database import EMPTY, Database, Server

PATIENCE = 60.0


@pytest.fixture(scope="module")
async def database(server: Server) -> Database:
    return await server.create("wangge_serving")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def until(true: Callable[[], bool]) -> None:
    """Wait for something that must come true, and no longer than a minute."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.05)


def start(database: Database, port: int, *options: str, folder: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "app", "serve", "--port", str(port), *options],
        cwd=folder,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("WANGGE_")},
            "PYTHONPATH": str(ROOT),
            "PYTHONUTF8": "1",
            "WANGGE_DATABASE_URL": database.url,
            "WANGGE_DATA_DIR": str(folder),
        },
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def serving(database: Database, folder: Path, *options: str) -> Iterator[tuple[psutil.Process, httpx.Client]]:
    """A server that answers, and its client; whatever is left of it at the end is killed."""
    port = free_port()
    process = start(database, port, *options, folder=folder)
    tree = psutil.Process(process.pid)
    family: list[psutil.Process] = []
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        try:
            until(lambda: answers(client) or process.poll() is not None)
            family = [tree, *tree.children(recursive=True)]
            yield tree, client
        finally:
            for member in family or [tree]:
                if member.is_running():
                    member.kill()
            process.communicate()


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").is_success
    except httpx.TransportError:
        return False


def test_it_serves_and_ends_in_order_when_told(database: Database, tmp_path: Path) -> None:
    with serving(database, tmp_path) as (process, client):
        reply = client.get("/healthz")
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    assert reply.json() == {"status": "ok"}
    assert "server" not in reply.headers


def test_forwarded_addresses_are_believed_from_trusted_proxies_only() -> None:
    """The rule is uvicorn's; what is ours is which addresses it gets."""
    code = (
        "from app.config import Settings; from app.runtime.serving import server_config;"
        "c = [server_config(Settings(_env_file=None, trusted_proxies=p)) for p in ('', '10.0.0.0/8')];"
        "print([(x.proxy_headers, x.forwarded_allow_ips) for x in c])"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert shown.strip() == "[(False, []), (True, '10.0.0.0/8')]"


def test_several_processes_share_one_set_of_counters(database: Database, tmp_path: Path) -> None:
    with serving(database, tmp_path, "--workers", "2") as (_, client):
        for _ in range(20):
            # A connection of its own each time, so that both processes get some.
            httpx.get(client.base_url.join("/healthz"), trust_env=False)
        counted = client.get("/metrics").text
    assert 'wangge_http_requests_total{method="GET",route="/healthz",status="200"} 20.0' in counted


def test_no_server_process_outlives_a_killed_parent(database: Database, tmp_path: Path) -> None:
    with serving(database, tmp_path, "--workers", "2") as (parent, client):
        children = parent.children(recursive=True)
        parent.kill()
        gone, alive = psutil.wait_procs(children, timeout=PATIENCE)
        assert gone
        assert alive == []
        assert not answers(client)


async def test_a_stale_schema_is_refused_in_one_line(server: Server, tmp_path: Path) -> None:
    empty = await server.create("wangge_stale", EMPTY)
    process = start(empty, free_port(), folder=tmp_path)
    _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert len(told.strip().splitlines()) == 1
    assert "wangge migrate" in told
