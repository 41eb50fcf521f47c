"""Files without a record: what crashes leave behind, and that it goes after a day and nothing else does."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from app.core import clock
from app.core.db import Sessions, transaction
from app.core.errors import Unavailable
from app.core.files import FileStore
from app.core.schema import ROOT
from app.jobs import worker
from app.jobs.orphan_files import NAME, UNNAMED
from app.models.attachment import Attachment, FileIntent
from app.runtime.databases import for_asyncpg
from app.services.platform import orphan_files
from tests.support.clients import Api
from tests.support.database import Database
from tests.support.media import jpeg, png
from tests.support.settings import vault_of_tests
from tests.support.uploads import PATH, objects, upload, uploaded

WHO = "grid_worker"
A_DAY = timedelta(hours=24, minutes=1)


async def test_a_file_whose_record_could_not_be_written_goes_after_a_day(
    api: Api, sessions: Sessions, files: FileStore, tmp_path: Path
) -> None:
    taken = await uploaded(api, WHO)
    refused = await upload(api, WHO, png(), data={"id": taken["id"]})
    assert refused.status_code == 409
    assert len(objects(tmp_path)) == 2
    assert await orphan_files.collect(sessions, files=files) == 0
    assert len(objects(tmp_path)) == 2
    await grow_old(sessions)
    assert await orphan_files.collect(sessions, files=files) == 1
    assert len(objects(tmp_path)) == 1
    assert (await api.as_(WHO).get(f"{PATH}/{taken['id']}/content")).content == jpeg()
    assert await orphan_files.collect(sessions, files=files) == 0


async def test_a_file_that_an_attachment_names_stays_whatever_intent_there_is(
    api: Api, session: AsyncSession, sessions: Sessions, files: FileStore
) -> None:
    taken = await uploaded(api, WHO)
    key = await session.scalar(select(Attachment.object_key))
    session.add(FileIntent(object_key=key, created_at=clock.now() - A_DAY))
    await session.commit()
    assert await orphan_files.collect(sessions, files=files) == 0
    assert (await api.as_(WHO).get(f"{PATH}/{taken['id']}/content")).content == jpeg()
    assert await intents(sessions) == 0


async def test_an_intent_whose_file_never_came_is_forgotten(sessions: Sessions, files: FileStore) -> None:
    async with transaction(sessions) as session:
        for number in range(orphan_files.BATCH + 1):
            session.add(FileIntent(object_key=f"ab/{number}", created_at=clock.now() - A_DAY))
    assert await orphan_files.collect(sessions, files=files) == orphan_files.BATCH + 1
    assert await intents(sessions) == 0


async def test_while_the_store_is_away_nothing_is_forgotten(sessions: Sessions, tmp_path: Path) -> None:
    async with transaction(sessions) as session:
        session.add(FileIntent(object_key="ab/cd", created_at=clock.now() - A_DAY))
    (tmp_path / "taken").write_text("a file stands where the folder should")
    with pytest.raises(Unavailable):
        await orphan_files.collect(sessions, files=FileStore(tmp_path / "taken"))
    assert await intents(sessions) == 1


@pytest.mark.commits
async def test_two_workers_at_once_collect_the_same_files_without_harm(
    sessions: Sessions, files: FileStore, tmp_path: Path
) -> None:
    async with transaction(sessions) as session:
        for number in range(20):
            await files.put(f"ab/{number}", BytesIO(b"x"))
            session.add(FileIntent(object_key=f"ab/{number}", created_at=clock.now() - A_DAY))
    await asyncio.gather(*(orphan_files.collect(sessions, files=files) for _worker in range(2)))
    assert objects(tmp_path) == []
    assert await intents(sessions) == 0


@pytest.mark.commits
async def test_ten_phones_that_send_the_same_photo_at_once_all_keep_theirs(
    api: Api, sessions: Sessions, files: FileStore, tmp_path: Path
) -> None:
    records = await asyncio.gather(*(uploaded(api, WHO) for _phone in range(10)))
    assert len({record["id"] for record in records}) == 10
    await grow_old(sessions)
    await orphan_files.collect(sessions, files=files)
    for record in records:
        assert (await api.as_(WHO).get(f"{PATH}/{record['id']}/content")).content == jpeg()
    assert 1 <= len(objects(tmp_path)) <= 10


@pytest.mark.commits
async def test_the_same_id_sent_five_times_at_once_is_one_attachment(api: Api) -> None:
    wanted = "0190b0a0-0000-7000-8000-000000000001"
    replies = await asyncio.gather(*(upload(api, WHO, data={"id": wanted}) for _time in range(5)))
    assert sorted(reply.status_code for reply in replies) == [200, 200, 200, 200, 201]
    assert {reply.json()["id"] for reply in replies} == {wanted}


@pytest.mark.commits
async def test_a_server_killed_between_file_and_commit_leaves_a_file_that_is_collected(
    api: Api, database: Database, engine: AsyncEngine, sessions: Sessions, files: FileStore, tmp_path: Path
) -> None:
    folder = tmp_path / "files"
    async with engine.connect() as blocker:
        await blocker.execute(text("LOCK TABLE attachment IN EXCLUSIVE MODE"))
        with server(database, folder) as process:
            await until_somebody_waits(engine)
            process.send_signal(signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL
    assert len(objects(folder)) == 1
    async with transaction(sessions) as session:
        assert await session.scalar(select(func.count()).select_from(Attachment)) == 0
    assert await orphan_files.collect(sessions, files=files) == 0
    await grow_old(sessions)
    assert await orphan_files.collect(sessions, files=files) == 1
    assert objects(folder) == []
    record = await uploaded(api, WHO)
    assert (await api.as_(WHO).get(f"{PATH}/{record['id']}/content")).content == jpeg()


@pytest.mark.commits
@pytest.mark.parametrize("collection", [NAME, UNNAMED])
async def test_the_worker_has_the_collections_on_its_schedule(
    database: Database, engine: AsyncEngine, files: FileStore, collection: str
) -> None:
    stop = asyncio.Event()
    url, dsn = database.url, for_asyncpg(database.url)
    working = asyncio.create_task(
        worker.run(url=url, dsn=dsn, files=files, vault=vault_of_tests(), stop=stop)
    )
    planned = text("SELECT count(*) FROM pgqueuer_schedules WHERE entrypoint = :name")
    async with asyncio.timeout(30), engine.connect() as connection:
        while not await connection.scalar(planned, {"name": collection}):
            await connection.rollback()
    stop.set()
    await working


@contextmanager
def server(database: Database, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that uploads a photo; gone when the block ends."""
    command = [sys.executable, "-m", "tests.support.uploading", database.url, str(folder), WHO]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


async def until_somebody_waits(engine: AsyncEngine) -> None:
    """Return when a connection of this database waits for a lock; TimeoutError after half a minute."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND wait_event_type = 'Lock' AND query LIKE 'INSERT INTO attachment%'"
    )
    async with asyncio.timeout(30), engine.connect() as connection:
        while not await connection.scalar(waiting):
            await connection.rollback()


async def grow_old(sessions: Sessions) -> None:
    """A day passes for every intent."""
    async with transaction(sessions) as session:
        await session.execute(update(FileIntent).values(created_at=FileIntent.created_at - A_DAY))


async def intents(sessions: Sessions) -> int:
    """How many intents there are."""
    async with transaction(sessions) as session:
        return await session.scalar(select(func.count()).select_from(FileIntent)) or 0
