"""Files that nobody will ever ask for: placed by a process that died before it could record them.

Works from the intents, so its cost follows what went wrong and not how much is stored. A key is used by
one upload alone, and a day is far longer than any request; therefore no lock is needed, and no transaction
is open while the file store works. Run twice at once or cut off, it does the same.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, exists, select

from app.core import clock
from app.core.db import Sessions, transaction
from app.core.files import FileStore
from app.models.attachment import Attachment, FileIntent
from app.services.platform import thumbnails

GRACE = timedelta(hours=24)
BATCH = 100


async def collect(sessions: Sessions, *, files: FileStore) -> int:
    """Remove the files whose intent is older than a day and that no attachment names; returns how many."""
    before, removed = clock.now() - GRACE, 0
    while old := await _old(sessions, before):
        for key, named in old:
            if not named:
                await files.delete(key)
                await files.delete(thumbnails.key_of(key))
                removed += 1
        await _forget(sessions, [key for key, _named in old], before)
    return removed


async def _old(sessions: Sessions, before: datetime) -> Sequence[tuple[str, bool]]:
    named = exists().where(Attachment.object_key == FileIntent.object_key)
    statement = (
        select(FileIntent.object_key, named)
        .where(FileIntent.created_at < before)
        .order_by(FileIntent.created_at)
        .limit(BATCH)
    )
    async with transaction(sessions) as session:
        return [(key, found) for key, found in (await session.execute(statement)).all()]


async def _forget(sessions: Sessions, keys: Sequence[str], before: datetime) -> None:
    async with transaction(sessions) as session:
        await session.execute(
            delete(FileIntent).where(FileIntent.object_key.in_(keys), FileIntent.created_at < before)
        )
