"""The embedded server after `kill -9`: of its owner, of itself, and with what both leave behind."""

import asyncio
import subprocess
import sys
from pathlib import Path

import asyncpg
import psutil
import pytest

from app.core.embedded import SUPERUSER, EmbeddedPostgres
from app.core.os_account import OsAccount
from app.core.processes import wait_for_end
from tests.support.embedded import SMALL, ask, owner_process

WRITE = "CREATE TABLE kept AS SELECT 42 AS answer"


def read(server: EmbeddedPostgres) -> object:
    """What was committed before the crash."""
    return ask(server, "TABLE kept", role=SUPERUSER)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of a parent's death")
def test_the_server_ends_with_its_killed_owner_and_the_next_start_has_the_data(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "postgres", settings=SMALL)
    with owner_process(tmp_path / "postgres") as owner:
        assert owner.stdout is not None
        postmaster = psutil.Process(int(owner.stdout.readline()))
        ask(server, WRITE, role=SUPERUSER)
        owner.kill()
    assert wait_for_end([postmaster], 20) == []
    with server:
        assert read(server) == 42


def test_a_server_that_lost_its_owner_unnoticed_is_replaced_by_an_owned_one(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "postgres", settings=SMALL)
    with owner_process(tmp_path / "postgres", start_in="thread") as owner:
        assert owner.stdout is not None
        orphan = psutil.Process(int(owner.stdout.readline()))
        ask(server, WRITE, role=SUPERUSER)
        owner.kill()
    assert wait_for_end([orphan], 0.2) == [orphan], "it should live on without an owner"
    assert server.start() is True
    assert wait_for_end([orphan], 0) == []
    assert server.pid != orphan.pid
    assert read(server) == 42
    server.stop()


def test_the_same_owner_restarts_a_killed_server(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "postgres", settings=SMALL) as server:
        ask(server, WRITE, role=SUPERUSER)
        postmaster = psutil.Process(server.pid)
        postmaster.kill()
        assert wait_for_end([postmaster], 10) == []
        assert server.pid is None
        assert server.start() is True
        assert server.pid not in {None, postmaster.pid}
        assert read(server) == 42


def test_a_backend_that_outlives_the_killed_server_does_not_lock_the_data(tmp_path: Path) -> None:
    async def leave_a_frozen_backend(server: EmbeddedPostgres) -> psutil.Process:
        host = str(server.socket_folder)
        connection = await asyncpg.connect(host=host, port=5432, user=SUPERUSER, database="wangge")
        await connection.execute(WRITE)
        backend = psutil.Process(await connection.fetchval("SELECT pg_backend_pid()"))
        # Frozen, it notices neither the death of its server nor a polite signal.
        backend.suspend()
        connection.terminate()
        return backend

    with EmbeddedPostgres(tmp_path / "postgres", settings=SMALL) as server:
        backend = asyncio.run(leave_a_frozen_backend(server))
        postmaster = psutil.Process(server.pid)
        postmaster.kill()
        assert wait_for_end([postmaster], 10) == []
        assert wait_for_end([backend], 0) == [backend], "it should outlive its server"
        assert server.start() is True
        assert wait_for_end([backend], 0) == []
        assert read(server) == 42


def test_another_program_with_the_number_of_a_killed_server_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "postgres"
    server = EmbeddedPostgres(folder, settings=SMALL)
    with server:
        account = OsAccount.of(psutil.Process(server.pid).uids().effective)
        ask(server, WRITE, role=SUPERUSER)
        left_behind = (folder / "data" / "postmaster.pid").read_text()
    with subprocess.Popen(["/bin/sleep", "60"], **account.spawn_options()) as stranger:
        lines = [str(stranger.pid), *left_behind.splitlines()[1:]]
        pid_file = folder / "data" / "postmaster.pid"
        pid_file.write_text("\n".join(lines) + "\n")
        account.take(pid_file)
        with server:
            assert read(server) == 42
        assert stranger.poll() is None
        stranger.kill()


def test_a_cluster_that_was_half_made_is_made_anew(tmp_path: Path) -> None:
    folder = tmp_path / "postgres"
    half = folder / "initdb-killed"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(folder, settings=SMALL) as server:
        assert ask(server, "SELECT 1") == 1
    assert not half.exists()
