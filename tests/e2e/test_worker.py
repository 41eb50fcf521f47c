"""The worker against a real PostgreSQL of its own: alive, tidy, and unimpressed by the database's death."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import SQLAlchemyError

from app.core import clock
from app.core.db import Sessions, create_engine, create_sessions, transaction
from app.core.embedded import EmbeddedPostgres
from app.core.files import FileStore
from app.core.ids import uuid7
from app.jobs import heartbeat, maintenance, worker
from app.models.access import AuthSession
from app.models.platform import Heartbeat, IdempotencyKey
from app.runtime import databases, provision
from tests.support.database import Database
from tests.support.settings import vault_of_tests
from tests.support.world import World

PATIENCE = 60.0


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(tmp_path / "postgres") as running:
        yield running


@asynccontextmanager
async def sessions_of(url: str) -> AsyncIterator[Sessions]:
    engine = create_engine(url, pool_size=2)
    yield create_sessions(engine)
    await engine.dispose()


@asynccontextmanager
async def working(url: str, folder: Path) -> AsyncIterator[None]:
    """A worker of this process while the block runs; it must end by itself when told to stop."""
    stop = asyncio.Event()
    files = FileStore(folder / "files")
    work = worker.run(url=url, dsn=databases.for_asyncpg(url), files=files, vault=vault_of_tests(), stop=stop)
    task = asyncio.create_task(work)
    try:
        yield
        stop.set()
        await asyncio.wait_for(task, PATIENCE)
    finally:
        task.cancel()


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await true():  # noqa: ASYNC110 - it comes true in another process
            await asyncio.sleep(0.05)


async def last_beat(sessions: Sessions) -> datetime | None:
    try:
        async with sessions() as session:
            return await session.scalar(select(Heartbeat.at))
    except (SQLAlchemyError, OSError):
        return None


async def test_it_works_on_after_the_database_was_killed_and_came_back(
    postgres: EmbeddedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "EVERY_SECONDS", 0.1)
    database = databases.of_server(postgres)
    await asyncio.to_thread(provision.migrate, database.require_owner())
    async with sessions_of(database.app_url) as sessions, working(database.app_url, tmp_path):

        async def beats() -> bool:
            return await last_beat(sessions) is not None

        async def listens() -> bool:
            asked = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'wangge-worker'"
            try:
                async with sessions() as session:
                    return int(await session.scalar(text(asked)) or 0) > 1
            except (SQLAlchemyError, OSError):
                return False

        await until(beats)
        await until(listens)
        killed_at = clock.now()
        assert postgres.pid is not None
        os.kill(postgres.pid, signal.SIGKILL)

        async def dead() -> bool:
            return postgres.pid is None

        await until(dead)
        assert postgres.start()

        async def beats_again() -> bool:
            beat = await last_beat(sessions)
            return beat is not None and beat > killed_at

        await until(beats_again)
        await until(listens)


@pytest.mark.commits
async def test_a_worker_has_the_sweep_on_its_schedule_every_minute(
    database: Database, sessions: Sessions, tmp_path: Path
) -> None:
    async def scheduled() -> bool:
        asked = "SELECT expression FROM pgqueuer_schedules WHERE entrypoint = 'sweep_tickets'"
        async with sessions() as session:
            return (await session.scalars(text(asked))).all() == ["* * * * *"]

    async with working(database.url, tmp_path):
        await until(scheduled)


@pytest.mark.commits
async def test_maintenance_removes_what_nobody_can_use_and_nothing_else(
    sessions: Sessions, world: World
) -> None:
    now = clock.now()
    async with transaction(sessions) as session:
        for age, key in ((timedelta(hours=49), "old"), (timedelta(hours=47), "young")):
            await session.execute(insert(IdempotencyKey).values(**answer(uuid7(), key, now - age)))
        for age in (timedelta(hours=25), timedelta(hours=23)):
            line = text(
                "INSERT INTO pgqueuer_log (job_id, status, entrypoint, priority, created)"
                " VALUES (1, 'successful', 'some_job', 0, :at)"
            )
            await session.execute(line, {"at": now - age})
        before = await session.scalar(select(func.count()).select_from(AuthSession))
        session.add(
            AuthSession(
                account_id=world["dispatcher"].account_id,
                created_at=now - timedelta(days=31),
                expires_at=now - timedelta(days=1),
            )
        )
    removed = {name: await maintenance.run(name, tidy, sessions) for name, _, tidy in maintenance.JOBS}
    async with transaction(sessions) as session:
        keys = (await session.scalars(select(IdempotencyKey.key))).all()
        after = await session.scalar(select(func.count()).select_from(AuthSession))
    assert removed == {
        "forget_idempotency_keys": 1,
        "forget_queue_log": 1,
        "purge_sessions": 1,
        "forget_imports": 0,
        "fail_exports": 0,
        "forget_push": 0,
        "forget_limits": 0,
        "forget_uses": 0,
        "forget_sync_operations": 0,
    }
    assert keys == ["young"]
    assert after == before


def answer(owner_id: UUID, key: str, created_at: datetime) -> dict[str, object]:
    return {"owner_id": owner_id, "key": key, "request_hash": b"x", "created_at": created_at}
