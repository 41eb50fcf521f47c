"""The page for integrators, run line by line in one shell against a real server and worker."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.core.schema import ROOT
from tests.support.database import Database
from tests.support.served import free_port, running, served
from tests.support.world import PASSWORD

PAGE = (ROOT / "docs" / "integrate.md").read_text("utf-8")
BLOCK = re.compile(r"^```(bash|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PATIENCE = 180


def script(base: str, port: int) -> str:
    """All blocks in their order, with the town of the tests in place of the demo."""
    lines = ["set -eu", "trap 'kill $(jobs -p) 2> /dev/null || true' EXIT"]
    for kind, block in BLOCK.findall(PAGE):
        lines.append(block if kind == "bash" else f"cat > receiver.py <<'END'\n{block}END")
    whole = "\n".join(lines)
    for told, ours in (
        ("BASE=http://127.0.0.1:8000", f"BASE={base}"),
        ("PASSWORD=Wangge-demo-2026", f"PASSWORD={PASSWORD}"),
        ("PORT=8099", f"PORT={port}"),
    ):
        assert whole.count(told) == 1, told
        whole = whole.replace(told, ours)
    return whole


def pasted(lines: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The lines in one shell; the Python that it finds has what they import."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        [shutil.which("bash") or "bash", "-c", lines],
        cwd=folder,
        env={"PATH": path, "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@pytest.mark.commits
async def test_an_integrator_comes_from_a_key_to_the_first_webhook_by_the_page_alone(
    database: Database, tmp_path: Path
) -> None:
    port = free_port()
    networks = {"WANGGE_WEBHOOK_NETWORKS": "127.0.0.0/8"}
    with (
        served(database, tmp_path, port, **networks),
        running(database, tmp_path, "worker", **networks),
    ):
        done = pasted(script(f"http://127.0.0.1:{port}", free_port()), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    told = done.stdout.splitlines()
    assert told.index("one ticket") < told.index("待受理") < told.index("accepted") < told.index("已受理")
    received = [line for line in told if re.fullmatch(r"webhook\.test None|ticket\.\w+ [0-9a-f-]{36}", line)]
    # The steps before may come as well, where the worker is a moment behind.
    assert {line.split()[0] for line in received} >= {"webhook.test", "ticket.accept"}


def test_the_page_promises_ten_minutes() -> None:
    told = {"one": 1, "two": 2, "five": 5}
    minutes = re.findall(r"^## \d.*\((?:the administrator, )?(\w+) minutes?\)$", PAGE, re.MULTILINE)
    assert sum(told[word] for word in minutes) == 10
