"""The whole API walked by its document, with schemathesis, against the application as a real process.

The document is as it is committed but for its examples: they name records of the town that is walked, and the
days around today. So what they show is done, and not refused for an id that nobody knows.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from app.core import clock
from app.core.schema import ROOT
from tests.support.callers import somebody
from tests.support.clients import Api
from tests.support.contract import Document, document
from tests.support.operations import operations
from tests.support.records import lists, reads_below
from tests.support.served import HOST
from tests.support.world import World

RULES = ROOT / "tests" / "support" / "walk.toml"
PATIENCE = 900
# The day of the examples.
THEIR_DAY = date(2026, 3, 2)
_DAY = re.compile(r"(2026-\d\d-\d\d)(T.*)?")


async def admitted(app: FastAPI, api: Api, world: World) -> dict[str, str]:
    """A token for each operation: of the first of all roles, or the third party, whom it lets through."""
    return {operation.name: world.token(await somebody(api, operation)) for operation in operations(app)}


async def known(app: FastAPI, api: Api, tokens: Mapping[str, str]) -> dict[str, str]:
    """The first record of each list, by what the addresses below it call its id."""
    found = {}
    for listed in lists(app):
        name = next((one.parameters[0].name for one in reads_below(app, listed)), None)
        headers = {"Authorization": f"Bearer {tokens[listed.name]}"}
        reply = await api.get(listed.path, params=listed.query(limit="1"), headers=headers)
        if name and reply.is_success and reply.json()["items"]:
            found[name] = reply.json()["items"][0]["id"]
    return found


def furnished(records: Mapping[str, str]) -> Document:
    """The document with these ids, by name, and with today's dates in its examples."""
    told: Document = json.loads(json.dumps(document()))
    late = clock.today() - THEIR_DAY
    for item in told["paths"].values():
        for operation in item.values():
            for given in operation.get("parameters", ()):
                if "example" in given:
                    given["example"] = _here(given["example"], given["name"], records, late)
            for media in operation.get("requestBody", {}).get("content", {}).values():
                for holder in (media, *media.get("examples", {}).values()):
                    for word in holder.keys() & {"example", "value"}:
                        holder[word] = _here(holder[word], "", records, late)
    return told


def _here(value: Any, name: str, records: Mapping[str, str], late: timedelta) -> Any:
    if isinstance(value, dict):
        return {field: _here(inner, field, records, late) for field, inner in value.items()}
    if isinstance(value, list):
        return [_here(inner, name, records, late) for inner in value]
    if name in records:
        return records[name]
    if isinstance(value, str) and (day := _DAY.fullmatch(value)):
        return f"{date.fromisoformat(day[1]) + late}{day[2] or ''}"
    return value


def walk(
    told: Document,
    paths: str,
    tokens: dict[str, str],
    *,
    port: int,
    folder: Path,
    options: tuple[str, ...] = (),
) -> str:
    """Walk all operations whose path looks so; what schemathesis says, an assertion when it complains."""
    signed, shown = folder / "tokens.json", folder / "openapi.json"
    signed.write_text(json.dumps(tokens), "utf-8")
    shown.write_text(json.dumps(told), "utf-8")
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(RULES), "run"]
    command += [str(shown), "--url", f"http://{HOST}:{port}", "--include-path-regex", paths]
    done = subprocess.run(
        [*command, *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "WANGGE_WALK_TOKENS": str(signed), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[said.find("= FAILURES =") :]
    return said
