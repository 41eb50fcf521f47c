"""Attachments that no record ever named: they go after a month with their bytes, and nothing else does."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Sessions, transaction
from app.core.files import FileStore
from app.models.attachment import Attachment, FileIntent
from app.services.platform import orphan_files, unnamed_files
from tests.support import households, media
from tests.support.clients import Api
from tests.support.tickets import Loop
from tests.support.uploads import PATH, objects, uploaded
from tests.support.visits import body, recorded
from tests.support.world import World

WHO = "grid_worker"


async def age(session: AsyncSession, days: int) -> None:
    await session.execute(update(Attachment).values(created_at=clock.now() - timedelta(days=days)))
    await session.commit()


async def bytes_go(sessions: Sessions, files: FileStore) -> None:
    async with transaction(sessions) as session:
        await session.execute(update(FileIntent).values(created_at=clock.now() - timedelta(hours=25)))
    await orphan_files.collect(sessions, files=files)


async def test_a_photo_that_no_record_names_goes_after_a_month_with_its_bytes(
    api: Api, session: AsyncSession, sessions: Sessions, files: FileStore, tmp_path: Path
) -> None:
    photo = await uploaded(api, WHO)
    await age(session, 29)
    assert await unnamed_files.collect(sessions) == 0
    await age(session, 31)
    assert await unnamed_files.collect(sessions) == 1
    assert (await api.as_(WHO).get(f"{PATH}/{photo['id']}")).status_code == 404
    assert len(objects(tmp_path)) == 1
    await bytes_go(sessions, files)
    assert objects(tmp_path) == []


async def test_what_a_ticket_or_a_visit_names_stays_however_old_it_is(
    api: Api, session: AsyncSession, sessions: Sessions, world: World
) -> None:
    of_ticket, of_visit = await uploaded(api, WHO), await uploaded(api, WHO, media.png())
    await Loop(api, world).report(attachments=[{"id": of_ticket["id"], "purpose": "before"}])
    home = await households.add(session, world, world.places["grid_a1"], 1)
    await recorded(api, WHO, body(world, home, attachment_ids=[of_visit["id"]]))
    await age(session, 4_000)
    assert await unnamed_files.collect(sessions) == 0
    for photo in (of_ticket, of_visit):
        assert (await api.as_(WHO).get(f"{PATH}/{photo['id']}/content")).status_code == 200


async def test_the_same_picture_of_somebody_else_stays(
    api: Api, session: AsyncSession, sessions: Sessions, files: FileStore, world: World
) -> None:
    await uploaded(api, "grid_worker_b")
    kept = await uploaded(api, WHO)
    await Loop(api, world).report(attachments=[{"id": kept["id"], "purpose": "before"}])
    await age(session, 31)
    assert await unnamed_files.collect(sessions) == 1
    await bytes_go(sessions, files)
    assert (await api.as_(WHO).get(f"{PATH}/{kept['id']}/content")).content == media.jpeg()


@pytest.mark.commits
async def test_a_photo_that_a_report_is_just_naming_stays(
    api: Api, session: AsyncSession, sessions: Sessions, world: World
) -> None:
    photo = await uploaded(api, WHO)
    await age(session, 31)
    async with transaction(sessions) as naming:
        # What the link's foreign key takes until the report has committed.
        row = select(Attachment.id).where(Attachment.id == photo["id"])
        await naming.scalar(row.with_for_update(read=True, key_share=True))
        assert await unnamed_files.collect(sessions) == 0
    await Loop(api, world).report(attachments=[{"id": photo["id"], "purpose": "before"}])
    assert await unnamed_files.collect(sessions) == 0
