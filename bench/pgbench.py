"""pgbench: the SQL of an operation without the server around it, on the same number of connections.

The statements are those that the probe saw, word for word; values go in as variables, so that pgbench
prepares them as the driver does. Only the ids that the server would make anew at each request are counted
up instead: from the series, the client and how many it has made.
"""

import re
import subprocess
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from app.core.embedded import APP_ROLE
from app.core.pg_server import PORT
from bench.probe import Probed, Sent

THREADS = 2
_SERIES, _CLIENT, _NEW_IDS = 1 << 40, 64, 256
_UUID7 = 7


class PgbenchFailed(RuntimeError):
    """pgbench did not run through."""


@dataclass(frozen=True, slots=True)
class Script:
    """What pgbench runs again and again: its lines, its variables, and how many transactions it holds."""

    text: str
    variables: dict[str, str]
    transactions: int


@dataclass(frozen=True, slots=True)
class Pgbench:
    """pgbench on one database, through the server's socket."""

    program: Path
    socket: Path
    database: str
    connections: int

    def rate(self, script: Script, *, seconds: float, series: int) -> float:
        """Transactions a second; a series of its own makes records of its own."""
        variables = {**script.variables, "n": "0", "series": str(series)}
        defined = [part for name, value in variables.items() for part in ("-D", f"{name}={value}")]
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
            file.write(script.text)
            file.flush()
            done = subprocess.run(  # noqa: S603 - our own program, no shell
                [
                    *(str(self.program), "-n", "-M", "prepared", "-f", file.name),
                    *("-h", str(self.socket), "-p", str(PORT), "-U", APP_ROLE),
                    *("-c", str(self.connections), "-j", str(THREADS), "-T", str(max(1, round(seconds)))),
                    *defined,
                    self.database,
                ],
                capture_output=True,
                text=True,
                check=False,
            )
        found = re.search(r"^tps = ([0-9.]+)", done.stdout, re.MULTILINE)
        if done.returncode or found is None:
            raise PgbenchFailed(done.stderr[-2000:])
        return float(found[1]) * script.transactions


def script(probed: Probed, *, writes: bool, first: int = 0, last: int | None = None) -> Script:
    """The script of a probed story, or of a part of it that goes on with what the part before has made."""
    writer = _Writer(probed.since)
    lines = [r"\set n :n + 1", rf"\set base :series * {_SERIES} + (:n * {_CLIENT} + :client_id) * {_NEW_IDS}"]
    for number, statements in enumerate(probed.requests[:last]):
        body = [writer.statement(sent, f"v{number}_{place}") for place, sent in enumerate(statements)]
        if number >= first:
            lines += ["BEGIN;", *body, "COMMIT;"] if writes else body
    return Script("\n".join(lines) + "\n", writer.variables, len(probed.requests[first:last]))


class _Writer:
    """Turns statements into pgbench's words, collecting variables and the ids that were made anew."""

    def __init__(self, since: int) -> None:
        self.variables: dict[str, str] = {}
        self._since = since
        self._made: dict[UUID, int] = {}

    def statement(self, sent: Sent, name: str) -> str:
        """One line of the script."""

        def value(found: re.Match[str]) -> str:
            return self._value(sent.values[int(found[1]) - 1], f"{name}_{found[1]}")

        return re.sub(r"\$(\d+)", value, " ".join(sent.sql.split())) + ";"

    def _value(self, value: Any, name: str) -> str:
        if value is None:
            return "NULL"
        if isinstance(value, UUID) and self._is_new(value):
            number = self._made.setdefault(value, len(self._made))
            return f"lpad(to_hex(:base::bigint + {number}), 32, '0')::uuid"
        self.variables[name] = _text(value)
        return f":{name}"

    def _is_new(self, value: UUID) -> bool:
        return value.int >> 76 & 0xF == _UUID7 and value.int >> 80 >= self._since


def _text(value: Any) -> str:
    """A value as PostgreSQL reads it from text."""
    if isinstance(value, (list, tuple)):
        return "{" + ",".join(f'"{_text(item)}"' for item in value) + "}"
    if isinstance(value, bytes):
        return rf"\x{value.hex()}"
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)
