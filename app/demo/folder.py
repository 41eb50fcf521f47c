"""The demo's data folder: one demo at a time, its secret, its logs, and `demo.json`.

The secret is made once and kept (0600), so that tokens and sealed data outlive a restart. `demo.json`
(0600) is what scripts read to sign in as anyone; its passwords are worth nothing elsewhere.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.runtime.failures import CommandFailed

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600


@dataclass(frozen=True, slots=True)
class Folder:
    """Paths in the data folder; everything that the demo writes is below it."""

    path: Path

    @property
    def logs(self) -> Path:
        """Where the API and the worker log."""
        return self.path / "logs"

    @property
    def summary(self) -> Path:
        """Where `demo.json` is."""
        return self.path / "demo.json"

    def secret(self) -> str:
        """The deployment secret of this folder, made on the first call."""
        path = self.path / "secret_key"
        if path.exists():
            return path.read_text(encoding="ascii").strip()
        if (self.path / "postgres" / "data").exists():
            raise CommandFailed(f"{path} 不见了，已有的数据无法解密：请找回它，或清空 {self.path} 重新开始")
        secret = secrets.token_urlsafe(48)
        _write(path, secret)
        return secret

    def read_summary(self) -> dict[str, Any] | None:
        """What `demo.json` holds; None when it is missing or unreadable."""
        try:
            found = json.loads(self.summary.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def write_summary(self, summary: Mapping[str, Any]) -> None:
        """Replace `demo.json`, in one move."""
        _write(self.summary, json.dumps(summary, ensure_ascii=False, indent=2) + "\n")


@contextmanager
def claimed(path: Path) -> Iterator[Folder]:
    """Make the folder if need be and hold it for this process alone; `CommandFailed` when it is taken."""
    path = path.expanduser().resolve()
    path.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    lock = os.open(path / "demo.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, PRIVATE_FILE)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandFailed(f"另一个演示正在使用 {path}：请先停掉它，或用 DATA= 换一个目录") from None
        yield Folder(path)
    finally:
        os.close(lock)


def _write(path: Path, text: str) -> None:
    """Write a private file so that it is either the old or the new one, never half of it."""
    draft = path.with_name(f".{path.name}.new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
