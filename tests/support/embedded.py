"""What the tests of the embedded server share: a question to it, an owner process, an ordinary user."""

import asyncio
import multiprocessing
import os
import pwd
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import asyncpg

from app.core.embedded import APP_ROLE, EmbeddedPostgres

SMALL = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "16MB"}

_OWNER = """
import sys, threading
from pathlib import Path
from app.core.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]), settings={"fsync": "off", "shared_buffers": "16MB"})
if sys.argv[2] == "thread":
    starter = threading.Thread(target=server.start)
    starter.start()
    starter.join()
else:
    server.start()
print(server.pid, flush=True)
sys.stdin.read()
server.stop()
"""


def ask(
    server: EmbeddedPostgres,
    sql: str,
    *,
    role: str = APP_ROLE,
    database: str = "wangge",
) -> object:
    """The first value that sql answers."""

    async def answer() -> object:
        host = str(server.socket_folder)
        connection = await asyncpg.connect(host=host, port=5432, user=role, database=database)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(answer())


@contextmanager
def owner_process(folder: Path, *, start_in: str = "main") -> Iterator[subprocess.Popen[str]]:
    """A process that owns the server of folder; it says the server's number once that serves.

    It stops the server when its standard input ends. `start_in="thread"` starts the server in a
    thread that ends at once: then the server gets no signal when the process is killed.
    """
    command = [sys.executable, "-c", _OWNER, str(folder), start_in]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.communicate()


def as_ordinary_user(action: Callable[[], str]) -> str:
    """What action answers, or the error it ends with, in a process without root's powers.

    Root becomes `nobody` for it; anybody else stays who they are.
    """
    fork = multiprocessing.get_context("fork")
    answer, out = fork.Pipe(duplex=False)
    process = fork.Process(target=_act, args=(action, out))
    process.start()
    out.close()
    try:
        return str(answer.recv())
    finally:
        process.join()


def _act(action: Callable[[], str], out: Connection) -> None:
    if os.geteuid() == 0:
        entry = pwd.getpwnam("nobody")
        os.setgroups([])
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
    try:
        out.send(action())
    except Exception as error:  # noqa: BLE001 - the test reads which
        out.send(f"{type(error).__name__}: {error}")
