"""Child processes: starting them so that they die with their parent, watching and stopping them.

It owns the processes that one command keeps beside itself (the API and the worker of the demo), the
log file of each and the question whether a port is free. It knows nothing of what they do; the
database server has a module of its own (`embedded.py`), which borrows the death signal from here.
"""

import ctypes
import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

import psutil

LOG_LIMIT = 10 * 2**20
TAIL = 16 * 2**10
GRACE_SECONDS = 10.0
POLL_SECONDS = 0.01
PORTS = range(1, 65_536)

_PR_SET_PDEATHSIG = 1
# Loaded before any fork: a child may not load libraries between fork and exec.
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class ProcessStartError(Exception):
    """A child process could not be started; its text is one sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended: its exit code (negative: the signal's number) and its last log line."""

    name: str
    code: int
    last_line: str

    def __str__(self) -> str:
        return f"{self.name} 已退出（退出码 {self.code}）：{self.last_line or '没有留下日志'}"


def die_with_parent(sig: signal.Signals) -> Callable[[], None] | None:
    """A `preexec_fn` after which the child gets sig when this process dies, however it dies.

    Linux only; None elsewhere. None also outside the main thread: the kernel sends the signal when
    the *thread* that forked ends, so a child of a short-lived thread would die with that thread.
    """
    libc = _LIBC
    if libc is None or threading.current_thread() is not threading.main_thread():
        return None
    parent = os.getpid()

    def arm() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(sig))
        # The parent may have died before the line above: then no signal would ever come.
        if os.getppid() != parent:
            os._exit(1)

    return arm


def open_log(path: Path) -> BinaryIO:
    """Open a private log file (0600) for appending; beyond 10 MiB the old one becomes `<name>.1`."""
    if path.exists() and path.stat().st_size > LOG_LIMIT:
        path.replace(path.with_name(f"{path.name}.1"))
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
    return os.fdopen(os.open(path, flags, 0o600), "ab")


def tail(path: Path, *, since: int = 0) -> list[str]:
    """The lines that are not blank among the last 16 KiB of path written after byte `since`."""
    try:
        with path.open("rb") as log:
            log.seek(max(since, os.fstat(log.fileno()).st_size - TAIL))
            text = log.read().decode(errors="replace")
    except FileNotFoundError:
        return []
    return [line.strip() for line in text.splitlines() if line.strip()]


def wait_for_end(processes: Iterable[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Wait until processes, also those of other parents, have ended; returns those that have not.

    One that ended and whose parent has not collected it yet (a container's first process may never
    do so) counts as ended.
    """
    deadline = time.monotonic() + seconds
    while (alive := [each for each in processes if _is_alive(each)]) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    return alive


def port_problem(port: int, host: str = "127.0.0.1") -> str | None:
    """Why no server can listen on this TCP port, in one sentence; None when the port is free."""
    if port not in PORTS:
        return f"端口 {port} 无效：应在 {PORTS[0]} 到 {PORTS[-1]} 之间。"
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            # As servers do: a connection of the last run that lingers is no conflict.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as error:
        return _port_sentence(error, port, host)
    return None


class ChildProcess:
    """One child with a log file, in a session of its own so that Ctrl-C reaches only the parent."""

    def __init__(
        self,
        name: str,
        cmd: Sequence[str],
        *,
        log_path: Path,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare, without starting; env is added to this process's environment."""
        self.name = name
        self._cmd = list(cmd)
        self._env = {**os.environ, **(env or {})}
        self._log_path = log_path
        self._log_start = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The child's process id; None before it is started."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the child, from the main thread; ProcessStartError when that is impossible."""
        try:
            self._log_path.parent.mkdir(parents=True, exist_ok=True)
            with open_log(self._log_path) as log:
                self._log_start = log.tell()
                self._process = subprocess.Popen(  # noqa: S603 - our own command, no shell
                    self._cmd,
                    env=self._env,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - only prctl
                )
        except OSError as error:
            where = error.filename or self._log_path
            reason = f"无法启动 {self.name}：{where} {error.strerror}。请检查该路径及其权限。"
            raise ProcessStartError(reason) from error

    def ended(self) -> Ended | None:
        """How the child ended; None while it runs or before it is started."""
        code = None if self._process is None else self._process.poll()
        if code is None:
            return None
        lines = tail(self._log_path, since=self._log_start)
        return Ended(self.name, code, lines[-1] if lines else "")

    def stop(self, grace: float = GRACE_SECONDS) -> None:
        """End the child: SIGTERM, then SIGKILL after grace seconds; then what it left behind."""
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._sweep(process.pid)

    def _sweep(self, session: int) -> None:
        """Kill the processes that a dead child left in its session (workers of a killed server)."""
        if psutil.pid_exists(session):
            return  # The number is in use again, which happens only once its session is empty.
        for process in psutil.process_iter():
            with suppress(OSError, psutil.Error):
                if os.getsid(process.pid) == session:
                    process.kill()


class Supervisor:
    """The children of one command, started one by one and stopped in reverse order."""

    def __init__(self, *, grace: float = GRACE_SECONDS) -> None:
        """Each child has grace seconds to stop before it is killed."""
        self._grace = grace
        self._children: list[ChildProcess] = []

    def start(
        self,
        cmd: Sequence[str],
        *,
        name: str,
        log_path: Path,
        env: Mapping[str, str] | None = None,
    ) -> ChildProcess:
        """Start a child; see `ChildProcess.start`."""
        child = ChildProcess(name, cmd, log_path=log_path, env=env)
        child.start()
        self._children.append(child)
        return child

    def ended(self) -> Ended | None:
        """The first child that ended without being asked to; None while all run."""
        return next((end for child in self._children if (end := child.ended())), None)

    def stop(self) -> None:
        """Stop every child, the last started first; harmless when there is none left."""
        while self._children:
            self._children[-1].stop(self._grace)
            self._children.pop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _is_alive(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _port_sentence(error: OSError, port: int, host: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"端口 {port} 已被其他程序占用：请先停掉它，或换一个端口。"
    if error.errno == errno.EACCES:
        return f"没有权限监听端口 {port}：请换一个 1024 以上的端口。"
    return f"无法在 {host} 上监听端口 {port}（{error.strerror}）：请检查监听地址。"
