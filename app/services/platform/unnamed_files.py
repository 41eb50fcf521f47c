"""Attachments that no record names: sent by a phone whose report never came, or whose last record was erased.

A file may come before the record that names it, so one is kept for a while; its bytes go a day after it, by
the intent that is written here. Objects without a record at all are `orphan_files`' business.
"""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Sessions, transaction
from app.models.attachment import Attachment, FileIntent, TicketAttachment
from app.models.visit import VisitAttachment

PATIENCE = timedelta(days=30)
BATCH = 500
_LINKS = (TicketAttachment, VisitAttachment)


async def collect(sessions: Sessions) -> int:
    """Remove the attachments of a month ago that nothing names; returns how many.

    A record may name one at this very moment, so each is locked and then asked about again.
    """
    before, removed = clock.now() - PATIENCE, 0
    lone = select(Attachment.id).where(Attachment.created_at < before, _lone()).limit(BATCH)
    while True:
        async with transaction(sessions) as session:
            ids = list(await session.scalars(lone.with_for_update(skip_locked=True)))
            removed += await remove(session, attachment_ids=ids)
        if len(ids) < BATCH:
            return removed


async def remove(session: AsyncSession, *, attachment_ids: Collection[UUID]) -> int:
    """Delete those of these attachments that nothing names, and write an intent for each lone object."""
    gone = delete(Attachment).where(Attachment.id.in_(attachment_ids), _lone())
    keys = list(await session.scalars(gone.returning(Attachment.object_key)))
    shared = select(Attachment.object_key).where(Attachment.object_key.in_(keys))
    lone = sorted({*keys} - {*await session.scalars(shared)})
    if lone:
        intents = [{"object_key": key, "created_at": clock.now()} for key in lone]
        await session.execute(insert(FileIntent).on_conflict_do_nothing(), intents)
    return len(keys)


def _lone() -> ColumnElement[bool]:
    return and_(*(~exists().where(table.attachment_id == Attachment.id) for table in _LINKS))
