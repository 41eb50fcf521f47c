"""One PostgreSQL data folder and the server process on it.

It owns the folder's layout (`data`: the cluster, `run` or a folder under the system's temporary
one: the socket, `postgres.log`, the access files), making the cluster, launching the server, ending
one that outlived its parent, and talking to it through `psql`. Who owns the server, which account it
runs as and what is in its databases is `embedded.py`'s business.
"""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from app.core.os_account import OsAccount
from app.core.processes import POLL_SECONDS, die_with_parent, open_log, tail, wait_for_end

PORT = 5432  # Names the socket's file; nothing listens on it.
LONGEST_SOCKET_PATH = 107  # bytes, on Linux; macOS takes 103
READY_SECONDS = 300  # Recovery after a crash under load may replay 2 GB.
STOP_SECONDS = 60

# Letters beyond ASCII must count as letters, or pg_trgm finds no trigrams in Chinese.
_CTYPE = "C.UTF-8" if sys.platform == "linux" else "en_US.UTF-8"
_LOCALE = (
    *("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
    *("--locale=C", f"--lc-ctype={_CTYPE}"),
)


class EmbeddedPostgresError(Exception):
    """The embedded server cannot serve; its text is one sentence: what is wrong and what to do."""


class PgServer:
    """The server of one folder; `folder` is absolute and `programs` holds postgres and psql."""

    def __init__(self, folder: Path, programs: Path) -> None:
        """Nothing is touched yet."""
        self.folder = folder
        self.data = folder / "data"
        self.log = folder / "postgres.log"
        # Titles every process of this server, so that its leftovers can be told from others'.
        self._name = f"wangge-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]}"
        self.socket = self._socket_folder()
        self._programs = programs
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The id of the server process that this object launched; None when it does not run."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if running and self._process is not None else None

    def pid_file(self) -> list[str]:
        """The lines of postmaster.pid (0: process, 4: socket folder, 7: status); blank if absent."""
        try:
            lines = os.fsdecode((self.data / "postmaster.pid").read_bytes()).splitlines()
        except FileNotFoundError:
            lines = []
        return [line.strip() for line in (lines + [""] * 8)[:8]]

    def create(self, account: OsAccount, *, durable: bool) -> None:
        """Make the cluster, completely or not at all; `durable` forces it to disk."""
        for broken in self.folder.glob("initdb-*"):
            shutil.rmtree(broken, ignore_errors=True)
        fresh = Path(tempfile.mkdtemp(prefix="initdb-", dir=self.folder))
        account.take(fresh)
        command = [
            *(str(self._programs / "initdb"), "-D", str(fresh), "-U", "postgres", *_LOCALE),
            *("--auth-local=peer", "--auth-host=reject", "--no-instructions"),
            *(() if durable else ("--no-sync",)),
        ]
        done = subprocess.run(  # noqa: S603, PLW1510 - our own program; its code is read below
            command,
            cwd="/",
            env=_environment(),
            capture_output=True,
            text=True,
            preexec_fn=die_with_parent(signal.SIGINT),
            **account.spawn_options(),
        )
        if done.returncode:
            shutil.rmtree(fresh, ignore_errors=True)
            # What initdb says of its tidying up comes last and is not the reason.
            told = [line for line in done.stderr.splitlines() if "failed to remove" not in line]
            raise EmbeddedPostgresError(failure(self.folder, "建立数据库失败", *told))
        fresh.rename(self.data)

    def allow(self, account: OsAccount, users: Iterable[str], roles: Sequence[str]) -> None:
        """Let these system accounts, and nobody else, sign in as any of these roles."""
        access = "local all all peer map=wangge\nlocal replication all peer map=wangge\n"
        names = "".join(f'wangge "{user}" {role}\n' for user in users for role in roles)
        for name, text in (("pg_hba.conf", access), ("pg_ident.conf", names)):
            path, fresh = self.folder / name, self.folder / f"{name}.new"
            fresh.unlink(missing_ok=True)
            fresh.touch(mode=0o600, exist_ok=False)
            fresh.write_text(text)
            account.take(fresh)
            fresh.replace(path)

    def launch(self, account: OsAccount, settings: Mapping[str, str]) -> None:
        """Start the server and wait until it takes connections."""
        parameters = {**settings, **self._fixed_settings()}
        options = [part for name, value in parameters.items() for part in ("-c", f"{name}={value}")]
        with open_log(self.log) as log:
            since = log.tell()
            self._process = subprocess.Popen(  # noqa: S603 - our own program, no shell
                [str(self._programs / "postgres"), "-D", str(self.data), *options],
                cwd="/",
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGINT),  # noqa: PLW1509 - only prctl
                **account.spawn_options(),
            )
        self._wait_until_ready(self._process, since)

    def stop(self) -> None:
        """Fast shutdown of the launched server (open transactions roll back); wait for its end."""
        if self._process is None:
            return
        for sig in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            self._process.send_signal(sig)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
                break
        self._process = None
        if self.socket.parent != self.folder:
            with suppress(OSError):
                self.socket.rmdir()

    def end_leftovers(self, account: OsAccount) -> None:
        """End a server that outlived its parent, and clear the traces of one that was killed."""
        pid_file = self.data / "postmaster.pid"
        if not pid_file.exists():
            return
        servers, backends = self._survivors(account)
        everyone = [*servers, *backends]
        fast = [(signal.SIGINT, servers, STOP_SECONDS)] if servers else []
        for sig, targets, patience in (
            *fast,
            (signal.SIGQUIT, everyone, 2),
            (signal.SIGKILL, everyone, 5),
        ):
            for process in targets:
                with suppress(psutil.Error):
                    process.send_signal(sig)
            if not wait_for_end(everyone, patience):
                break
        number = self.pid_file()[0]
        # The number may be another program's by now, and PostgreSQL would refuse to start.
        if not number.isdigit() or psutil.pid_exists(int(number)):
            pid_file.unlink(missing_ok=True)
        for stale in self.socket.glob(".s.PGSQL.*"):
            stale.unlink(missing_ok=True)

    def psql(self, sql: str, *, role: str, database: str) -> subprocess.CompletedProcess[str]:
        """Run a script through psql, which stops at its first error; nothing is raised for that."""
        who = ["-h", str(self.socket), "-p", str(PORT), "-U", role, "-d", database]
        return subprocess.run(  # noqa: S603, PLW1510 - our own program; the caller reads its code
            [str(self._programs / "psql"), "-XAtqw", "-v", "ON_ERROR_STOP=1", *who],
            env=_environment(),
            input=sql,
            capture_output=True,
            text=True,
            timeout=STOP_SECONDS,
        )

    def _socket_folder(self) -> Path:
        """`run`, or, where a socket's path would be too long or ill-read by clients, a temporary one."""
        beside = self.folder / "run"
        for folder in (beside, Path(tempfile.gettempdir()) / self._name):
            length = len(os.fsencode(folder / f".s.PGSQL.{PORT}"))
            if length <= LONGEST_SOCKET_PATH and not set(',:"') & set(str(folder)):
                return folder
        return Path("/tmp") / self._name  # noqa: S108 - its owner is verified before it is used

    def _fixed_settings(self) -> dict[str, str]:
        """What no caller may change: who can reach the server, and its name."""
        return {
            "listen_addresses": "",
            "port": str(PORT),
            "unix_socket_directories": f'"{self.socket}"',
            "unix_socket_permissions": "0700",
            "hba_file": str(self.folder / "pg_hba.conf"),
            "ident_file": str(self.folder / "pg_ident.conf"),
            "cluster_name": self._name,
        }

    def _wait_until_ready(self, process: subprocess.Popen[bytes], since: int) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while True:
            number, *_, status = self.pid_file()
            if (number, status) == (str(process.pid), "ready"):
                return
            if process.poll() is not None:
                what = f"PostgreSQL 启动失败（日志见 {self.log}）"
                raise EmbeddedPostgresError(failure(self.folder, what, *tail(self.log, since=since)))
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(
                    f"PostgreSQL 启动后 {READY_SECONDS} 秒仍未就绪：请查看日志 {self.log} 后重试。"
                )
            time.sleep(POLL_SECONDS)

    def _survivors(self, account: OsAccount) -> tuple[list[psutil.Process], list[psutil.Process]]:
        """The servers of this folder that run, and the processes that such a server forked."""
        servers, backends = [], []
        for process in psutil.process_iter(["cmdline", "uids"]):
            words, uids = process.info["cmdline"] or [""], process.info["uids"]
            if uids is None or uids.effective != account.uid:
                continue
            if Path(words[0]).name == "postgres" and words[1:3] == ["-D", str(self.data)]:
                servers.append(process)
            elif " ".join(words).startswith(f"postgres: {self._name}: "):
                backends.append(process)
        return servers, backends


def failure(folder: Path, what: str, *output: str) -> str:
    """One sentence on why a program failed, out of what it printed (lines or whole texts)."""
    lines = [line.strip() for text in output for line in text.splitlines() if line.strip()]
    if any("No space left on device" in line for line in lines):
        return disk_full(folder)
    telling = [line for line in lines if re.search(r"FATAL|PANIC|error:|ERROR:", line)]
    reason = (telling or lines or ["没有留下任何输出"])[-1]
    return f"{what}：{reason}"


def disk_full(folder: Path) -> str:
    """What to tell when the disk under folder has no room left."""
    return f"磁盘已满，数据库目录 {folder} 写不进去：请清出空间后重试。"


def _environment() -> dict[str, str]:
    """What the programs need of our environment: no `PG…` variable, no secret, English messages."""
    kept = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"LC_ALL": "C"}
