"""The embedded server as its users meet it: roles, reach, ownership and plain refusals.

Real servers in temporary folders; how they come back from `kill -9` is in `test_embedded_crash.py`.
"""

import asyncio
import os
import pwd
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from app.core.embedded import APP_ROLE, OWNER_ROLE, EmbeddedPostgres, EmbeddedPostgresError
from app.core.pg_server import failure
from tests.support.embedded import SMALL, as_ordinary_user, ask, owner_process

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another account")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """One server that the tests of this file share while they only look at it."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("shared") / "postgres", settings=SMALL) as server:
        yield server


@pytest.fixture
def home() -> Iterator[Path]:
    """The private folder of an ordinary user."""
    home = Path(tempfile.mkdtemp(prefix="wangge-home-"))
    if os.geteuid() == 0:
        entry = pwd.getpwnam("nobody")
        os.chown(home, entry.pw_uid, entry.pw_gid)
    yield home
    home.chmod(0o700)
    shutil.rmtree(home)


def test_the_application_signs_in_by_the_url_and_has_no_power_over_the_server(
    server: EmbeddedPostgres,
) -> None:
    async def sign_in() -> tuple[object, ...]:
        engine = create_async_engine(server.url(role=APP_ROLE))
        async with engine.connect() as connection:
            powers = "SELECT current_user, rolsuper, rolcreatedb, rolcreaterole FROM pg_roles"
            row = await connection.execute(text(f"{powers} WHERE rolname = current_user"))
            found = tuple(row.one())
        await engine.dispose()
        return found

    assert asyncio.run(sign_in()) == ("wangge_app", False, False, False)


def test_the_owner_clones_databases_in_which_chinese_has_trigrams(server: EmbeddedPostgres) -> None:
    ask(server, "CREATE EXTENSION IF NOT EXISTS pg_trgm", role=OWNER_ROLE)
    ask(server, "CREATE DATABASE a_clone TEMPLATE wangge", role=OWNER_ROLE)
    for database in ("wangge", "a_clone"):
        assert ask(server, "SELECT show_trgm('东莞市')", database=database), database
    assert ask(server, "SELECT 'a' < 'B'", database="a_clone") is False, "sorts by code point"


def test_the_server_is_tuned_and_keeps_the_callers_settings(server: EmbeddedPostgres) -> None:
    for name, value in {"jit": "off", "TimeZone": "UTC", "max_connections": "100", "fsync": "off"}.items():
        assert ask(server, f"SHOW {name}") == value


def test_a_caller_cannot_open_the_server_to_the_network(tmp_path: Path) -> None:
    settings = {**SMALL, "listen_addresses": "*", "unix_socket_permissions": "0777"}
    with EmbeddedPostgres(tmp_path / "postgres", settings=settings) as server:
        assert ask(server, "SHOW listen_addresses") == ""
        assert ask(server, "SHOW unix_socket_permissions") == "0700"


def test_the_server_listens_on_no_port_and_its_folders_are_its_accounts_alone(
    server: EmbeddedPostgres,
) -> None:
    postmaster = psutil.Process(server.pid)
    for process in (postmaster, *postmaster.children(recursive=True)):
        assert process.net_connections(kind="inet") == []
    account = postmaster.uids().effective
    assert account != 0
    for path in (server.socket_folder, server.socket_folder / ".s.PGSQL.5432"):
        found = path.stat()
        assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (account, 0o700)


def test_nobody_signs_in_under_a_fourth_role(server: EmbeddedPostgres) -> None:
    ask(server, "CREATE ROLE fourth LOGIN", role="postgres")
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        ask(server, "SELECT 1", role="fourth")


@as_root
def test_another_account_of_the_machine_is_kept_out(server: EmbeddedPostgres) -> None:
    assert as_ordinary_user(lambda: str(ask(server, "SELECT 1"))).startswith("PermissionError")
    # Even where the socket's folder were open, peer authentication would refuse.
    socket_folder = server.socket_folder
    for path in (socket_folder, socket_folder / ".s.PGSQL.5432", *socket_folder.parents[:2]):
        path.chmod(0o777)
    try:
        refusal = as_ordinary_user(lambda: str(ask(server, "SELECT 1")))
    finally:
        for path in (socket_folder, socket_folder / ".s.PGSQL.5432", *socket_folder.parents[:2]):
            path.chmod(0o701 if path in socket_folder.parents else 0o700)
    assert refusal.startswith("InvalidAuthorizationSpecificationError: Peer authentication failed")


@as_root
def test_parent_folders_get_the_search_bit_and_nothing_else(tmp_path: Path) -> None:
    private = tmp_path / "home"
    private.mkdir(mode=0o700)
    with EmbeddedPostgres(private / "var" / "postgres", settings=SMALL) as server:
        assert ask(server, "SELECT 1") == 1
    assert stat.S_IMODE(private.stat().st_mode) == 0o701
    assert stat.S_IMODE((private / "var" / "postgres").stat().st_mode) == 0o701
    assert (private / "var" / "postgres").stat().st_uid == 0


def test_an_ordinary_user_runs_it_in_a_private_home(home: Path) -> None:
    def use() -> str:
        with EmbeddedPostgres(home / "var" / "postgres", settings=SMALL) as server:
            runs_as = psutil.Process(server.pid).uids().effective
            return f"{ask(server, 'SELECT current_user')} {runs_as == os.geteuid()}"

    assert as_ordinary_user(use) == "wangge_app True"
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


@as_root
def test_root_opens_a_users_data_and_the_user_can_still_use_it_afterwards(home: Path) -> None:
    def use() -> str:
        with EmbeddedPostgres(home / "postgres", settings=SMALL) as server:
            return str(ask(server, "SELECT 'served'"))

    assert [as_ordinary_user(use), use(), as_ordinary_user(use)] == ["served"] * 3


@as_root
def test_a_user_is_told_that_the_data_is_another_accounts(tmp_path: Path) -> None:
    folder = tmp_path / "postgres"
    with EmbeddedPostgres(folder, settings=SMALL):
        pass
    refusal = as_ordinary_user(lambda: str(EmbeddedPostgres(folder).start()))
    assert refusal.startswith("EmbeddedPostgresError: 没有权限使用 ")
    assert refusal.endswith("请换一个可写的目录，或改正它的属主和权限后重试。")


def test_a_read_only_folder_is_told_in_one_sentence(home: Path) -> None:
    home.chmod(0o500)
    assert as_ordinary_user(lambda: str(EmbeddedPostgres(home / "postgres").start())) == (
        f"EmbeddedPostgresError: 没有权限使用 {home / 'postgres'}（只读，或属于另一个账号）："
        "请换一个可写的目录，或改正它的属主和权限后重试。"
    )


def test_a_file_in_the_folders_place_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "postgres").write_text("a file")
    with pytest.raises(EmbeddedPostgresError, match="已被别的文件占用，不能用作数据库目录"):
        EmbeddedPostgres(tmp_path / "postgres").start()


def test_data_of_an_older_postgresql_is_refused_with_the_way_out(tmp_path: Path) -> None:
    folder = tmp_path / "postgres"
    with EmbeddedPostgres(folder, settings=SMALL):
        pass
    (folder / "data" / "PG_VERSION").write_text("16\n")
    with pytest.raises(EmbeddedPostgresError, match=r"由 PostgreSQL 16 建立，.*自带的是 18，.*pg_dump"):
        EmbeddedPostgres(folder).start()


def test_a_server_that_dies_at_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedPostgresError, match=r"启动失败.*postgres\.log.*FATAL.*shared_buffers"):
        EmbeddedPostgres(tmp_path / "postgres", settings={"shared_buffers": "plenty"}).start()
    with EmbeddedPostgres(tmp_path / "postgres", settings=SMALL) as server:
        assert ask(server, "SELECT 1") == 1


def test_a_full_disk_is_told_as_such(tmp_path: Path) -> None:
    output = (
        "creating files\ninitdb: error: could not write to file: No space left on device\ninitdb: removing"
    )
    assert failure(tmp_path, "建立数据库失败", output) == (
        f"磁盘已满，数据库目录 {tmp_path} 写不进去：请清出空间后重试。"
    )


def test_a_second_process_uses_the_server_and_does_not_own_it(tmp_path: Path) -> None:
    folder = tmp_path / "postgres"
    second = EmbeddedPostgres(folder, settings=SMALL)
    with owner_process(folder) as owner:
        # The first is still making the cluster: the second waits until it can be used.
        while not (folder / "pg_hba.conf").exists():
            assert owner.poll() is None
            time.sleep(0.001)
        assert second.start() is False
        served_by = second.pid
        second.stop()
        assert ask(second, "SELECT 1") == 1, "its stop() left the owner's server alone"
    assert served_by is not None
    assert not psutil.pid_exists(served_by), "the owner stopped it"
    assert second.start() is True, "and now it can be owned"
    second.stop()


def test_starting_twice_and_stopping_twice_is_harmless(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "postgres", settings=SMALL)
    assert (server.start(), server.start()) == (True, True)
    server.stop()
    server.stop()
    assert server.pid is None


def test_a_missing_role_and_database_come_back_at_the_next_start(tmp_path: Path) -> None:
    folder = tmp_path / "postgres"
    with EmbeddedPostgres(folder, settings=SMALL) as server:
        ask(server, "CREATE TABLE kept AS SELECT 7", role="postgres", database="postgres")
        ask(server, "DROP DATABASE wangge", role="postgres", database="postgres")
        ask(server, "DROP ROLE wangge_app", role="postgres", database="postgres")
    with EmbeddedPostgres(folder, settings=SMALL) as server:
        assert ask(server, "SELECT current_user") == "wangge_app"
        assert ask(server, "TABLE kept", role="postgres", database="postgres") == 7


@pytest.mark.parametrize("name", ["很长的目录名" * 12, "含 空格,逗号:和'引号\"", "网格 数据?&#%"])
def test_a_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    with EmbeddedPostgres(tmp_path / name / "postgres", settings=SMALL) as server:
        assert stat.S_IMODE(server.socket_folder.stat().st_mode) == 0o700

        async def sign_in() -> object:
            engine = create_async_engine(server.url(role=APP_ROLE))
            async with engine.connect() as connection:
                found = await connection.scalar(text("SELECT 1"))
            await engine.dispose()
            return found

        assert asyncio.run(sign_in()) == 1
    left = [path.name for path in server.socket_folder.glob("*")]
    assert left == [], "nothing stays behind, also not in the temporary folder"


def test_a_temporary_socket_folder_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / ("d" * 100) / "postgres", settings=SMALL)
    server.socket_folder.symlink_to(tmp_path)
    try:
        with pytest.raises(EmbeddedPostgresError, match=f"没有权限使用 {server.socket_folder}"):
            server.start()
    finally:
        server.socket_folder.unlink()
