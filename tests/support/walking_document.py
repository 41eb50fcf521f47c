"""The whole API walked by its document, with schemathesis, against the application as a real process."""

import json
import os
import subprocess
import sys
from pathlib import Path

from fastapi import FastAPI

from app.core.schema import ROOT
from app.routers import contract
from tests.support.callers import somebody
from tests.support.clients import Api
from tests.support.operations import operations
from tests.support.served import HOST
from tests.support.world import World

RULES = ROOT / "tests" / "support" / "walk.toml"
PATIENCE = 900


async def admitted(app: FastAPI, api: Api, world: World) -> dict[str, str]:
    """A token for each operation: of the first of all roles, or the third party, whom it lets through."""
    return {operation.name: world.token(await somebody(api, operation)) for operation in operations(app)}


def walk(
    paths: str, tokens: dict[str, str], *, port: int, folder: Path, options: tuple[str, ...] = ()
) -> str:
    """Walk all operations whose path looks so; what schemathesis says, an assertion when it complains."""
    signed = folder / "tokens.json"
    signed.write_text(json.dumps(tokens), "utf-8")
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(RULES), "run"]
    command += [str(ROOT / contract.FILE), "--url", f"http://{HOST}:{port}", "--include-path-regex", paths]
    done = subprocess.run(
        [*command, *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "WANGGE_WALK_TOKENS": str(signed), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    told = done.stdout + done.stderr
    assert done.returncode == 0, told[told.find("= FAILURES =") :]
    return told
