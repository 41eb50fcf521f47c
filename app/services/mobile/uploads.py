"""Uploads that can be cut off and resumed: beginning one, looking at it, giving it up, and its end in time.

An upload has the id of the attachment that comes of it; a phone makes it while offline, so that nothing
depends on a reply that may be lost. What is kept of a failed one is why it failed. How bytes come in is
owned by `receiving`.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Sessions, transaction
from app.core.errors import Conflict, NotFound, Problem, invalid_field
from app.core.files import FileStore
from app.core.spool import FileTooLarge
from app.models.attachment import Attachment, FileIntent
from app.models.upload import Upload, UploadPiece
from app.services.platform.actor import Actor
from app.services.platform.attachments import AttachmentExists

LASTS = timedelta(days=7)
MAX_OPEN, MAX_OPEN_BYTES = 200, 1_073_741_824
BATCH = 100


class UploadGone(Problem):
    """The upload was given up by the server: its file is none that is taken, or it was left alone."""

    status, code = 410, "upload_gone"
    title_zh, title_en = "这次上传已经作废", "This upload is over"


class TooManyUploads(Conflict):
    """The caller has begun more uploads than anyone finishes."""

    code = "too_many_uploads"
    title_zh, title_en = "未完成的上传过多，请先完成或取消一部分", "Too many uploads are unfinished"


async def create(
    session: AsyncSession, *, actor: Actor, length: int, limit: int, upload_id: UUID
) -> tuple[Upload, bool]:
    """Begin an upload of so many bytes; returns it and whether it is new (False: begun before, same length).

    `FileTooLarge`, `Invalid` for no bytes, `AttachmentExists` for an id that is taken, `TooManyUploads`.
    """
    if length == 0:
        raise invalid_field("header.Upload-Length", "文件是空的", "is empty", "empty")
    if length > limit:
        raise FileTooLarge(limit)
    known = await session.get(Upload, upload_id)
    if known is not None:
        if not _is_of(known, actor) or (known.fault is None and known.length != length):
            raise AttachmentExists
        if known.fault is None:
            return known, False
        # Another file in place of the one that could not be taken.
        await session.delete(known)
        await session.flush()
    if await session.get(Attachment, upload_id) is not None:
        raise AttachmentExists
    await _require_few(session, actor, length)
    now = clock.now()
    begun = insert(Upload).values(
        id=upload_id,
        member_id=actor.member_id,
        client_id=actor.client_id,
        length=length,
        created_at=now,
        expires_at=now + LASTS,
    )
    made = await session.scalar(begun.on_conflict_do_nothing().returning(Upload))
    if made is None:
        # The same request, sent twice at once.
        return await find(session, actor=actor, upload_id=upload_id), False
    return made, True


async def find(session: AsyncSession, *, actor: Actor, upload_id: UUID) -> Upload:
    """The caller's upload, in whatever state; `NotFound` for anybody else's."""
    found = await session.scalar(select(Upload).where(Upload.id == upload_id, owned(actor)))
    if found is None:
        raise NotFound
    return found


async def find_alive(session: AsyncSession, *, actor: Actor, upload_id: UUID) -> Upload:
    """As `find`; `UploadGone`, with the code of the reason, for one that takes no more bytes."""
    found = await find(session, actor=actor, upload_id=upload_id)
    if found.fault is not None:
        raise UploadGone(fault=found.fault)
    return found


async def stop(session: AsyncSession, *, actor: Actor, upload_id: UUID) -> None:
    """Give an upload up; its bytes are collected. What it has become already stays."""
    found = await find(session, actor=actor, upload_id=upload_id)
    await drop_pieces(session, [found.id])
    await session.delete(found)


async def fail(session: AsyncSession, *, upload_id: UUID, fault: str) -> None:
    """Keep why an upload's file cannot be taken, and none of its bytes."""
    found = await session.get(Upload, upload_id, with_for_update=True)
    if found is not None and found.finished_at is None:
        found.fault = fault
        await drop_pieces(session, [upload_id])


async def drop_pieces(session: AsyncSession, upload_ids: Sequence[UUID]) -> list[str]:
    """Forget the pieces of uploads; returns their keys, for which intents were written."""
    gone = delete(UploadPiece).where(UploadPiece.upload_id.in_(upload_ids)).returning(UploadPiece.object_key)
    keys = list(await session.scalars(gone))
    if keys:
        rows = [{"object_key": key, "created_at": clock.now()} for key in keys]
        await session.execute(insert(FileIntent), rows)
    return keys


async def expire(sessions: Sessions, *, files: FileStore) -> int:
    """Forget what was left alone for a week, with its bytes; returns how many uploads that was."""
    forgotten = 0
    while True:
        async with transaction(sessions) as session:
            old = select(Upload.id).where(Upload.expires_at < clock.now()).limit(BATCH)
            ids = list(await session.scalars(old.with_for_update(skip_locked=True)))
            keys = await drop_pieces(session, ids)
            await session.execute(delete(Upload).where(Upload.id.in_(ids)))
        await remove(sessions, files=files, keys=keys)
        forgotten += len(ids)
        if len(ids) < BATCH:
            return forgotten


async def remove(sessions: Sessions, *, files: FileStore, keys: Sequence[str]) -> None:
    """Remove objects at once that nothing names; what fails is left to their intents."""
    for key in keys:
        await files.delete(key)
    if keys:
        async with transaction(sessions) as session:
            await session.execute(delete(FileIntent).where(FileIntent.object_key.in_(keys)))


def owned(actor: Actor) -> ColumnElement[bool]:
    """The uploads that the caller began, as a condition."""
    if actor.member_id is not None:
        return Upload.member_id == actor.member_id
    return Upload.client_id == actor.client_id


def _is_of(upload: Upload, actor: Actor) -> bool:
    return (upload.member_id, upload.client_id) == (actor.member_id, actor.client_id)


async def _require_few(session: AsyncSession, actor: Actor, length: int) -> None:
    told = select(func.count(), func.coalesce(func.sum(Upload.length), 0))
    unfinished = told.where(owned(actor), Upload.finished_at.is_(None), Upload.fault.is_(None))
    number, size = (await session.execute(unfinished)).one()
    if number >= MAX_OPEN or size + length > MAX_OPEN_BYTES:
        raise TooManyUploads
