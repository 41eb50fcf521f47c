"""Bytes of an upload as they come in: kept while they come, counted once they are safe, made a file at last.

A piece is put into the file store and then counted in one short transaction, which only succeeds if the
upload still stands where the piece begins. Of two that send at once one therefore loses, and no lock is
held while a phone is sending. What comes in one go is never stored in pieces. A connection that falls
silent is kept what it sent and given up after a minute; a killed server costs what came in the last seconds.
"""

import hashlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Sessions, transaction
from app.core.errors import BadRequest, Conflict, NotFound, Problem
from app.core.files import FileStore
from app.core.ids import uuid7
from app.core.media_types import HEAD_BYTES
from app.core.spool import Spool
from app.models.attachment import FileIntent
from app.models.upload import Upload, UploadPiece
from app.services.mobile import awaited, uploads
from app.services.mobile.arriving import Arriving
from app.services.platform import attachments
from app.services.platform.actor import Actor

PIECE_SECONDS = QUIET_SECONDS = 3.0
SILENT_SECONDS = 60.0
MAX_PIECES = 1_000
ALGORITHMS = ("sha1", "sha256")


class WrongOffset(Conflict):
    """The upload stands elsewhere: another connection sent meanwhile, or a reply was lost."""

    code = "wrong_offset"
    title_zh, title_en = "续传位置不对，请先查询已收到的字节数", "Ask first how much has been received"


class BeyondTheEnd(BadRequest):
    """More bytes than the upload was said to have."""

    code = "beyond_the_end"
    title_zh, title_en = "发送的内容超过了声明的长度", "These are more bytes than were announced"


class TooManyPieces(Conflict):
    """The upload comes in crumbs."""

    code = "too_many_pieces"
    title_zh, title_en = (
        "分片过多，请取消后用更大的分片重新上传",
        "Send fewer and larger pieces, from the start",
    )


class ChecksumMismatch(Problem):
    """The bytes are not those that were sent; none of them is kept (460 by the protocol)."""

    status, code = 460, "checksum_mismatch"
    title_zh, title_en = (
        "传输中出现差错，请重新发送这一段",
        "The bytes differ from the checksum, send them again",
    )


@dataclass(frozen=True, slots=True)
class Checksum:
    """What all bytes of one request must hash to; algorithm is one of `ALGORITHMS`."""

    algorithm: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Sent:
    """One request's bytes: where they begin, the bytes as they come, their checksum if they have one."""

    offset: int
    body: AsyncIterator[bytes]
    checksum: Checksum | None = None


@dataclass(slots=True)
class Receiver:
    """Takes what one request sends to an upload of the caller."""

    sessions: Sessions
    files: FileStore
    actor: Actor
    upload: Upload
    clock: Callable[[], float] = time.monotonic

    async def take(self, sent: Sent) -> int:
        """Take the bytes as they come, also those before a cut; returns how many bytes there are now.

        `WrongOffset`, `BeyondTheEnd`, `ChecksumMismatch`, `TooManyPieces`; with the last byte whatever
        `attachments.place` finds wrong with the file, after which the upload takes no more.
        """
        if sent.offset != self.upload.received:
            raise self._wrong_offset(self.upload.received)
        if self.upload.finished_at is not None:
            return sent.offset
        try:
            return await self._take(sent)
        except attachments.REFUSALS as refused:
            async with transaction(self.sessions) as session:
                await uploads.fail(session, upload_id=self.upload.id, fault=refused.code)
            raise

    async def _take(self, sent: Sent) -> int:
        hashed = hashlib.new(sent.checksum.algorithm, usedforsecurity=False) if sent.checksum else None
        async with Arriving(sent.body) as body:
            return await self._take_all(sent, body, hashed)

    async def _take_all(self, sent: Sent, body: Arriving, hashed: "hashlib._Hash | None") -> int:
        at = sent.offset
        ended = False
        while not ended:
            # Only what came in one go is a file already; of pieces the whole is hashed.
            with Spool(self.upload.length - at + 1, hashed=at == 0) as spool:
                ended = await self._fill(spool, body, at=at, hashed=hashed)
                if ended and hashed and sent.checksum and hashed.digest() != sent.checksum.digest:
                    raise ChecksumMismatch
                if at + spool.size == self.upload.length:
                    await self._finish(spool, at=at)
                    return self.upload.length
                if spool.size:
                    await self._keep(spool, at=at)
                at += spool.size
        return at

    async def _fill(self, spool: Spool, body: Arriving, *, at: int, hashed: "hashlib._Hash | None") -> bool:
        """Take bytes for a few seconds, or until no more come; returns whether that was their end.

        With a checksum none is counted before all have come.
        """
        until = self.clock() + PIECE_SECONDS
        while True:
            data = await body.next(QUIET_SECONDS)
            if data is None:
                if body.silent >= SILENT_SECONDS:
                    return True
                if spool.size and hashed is None:
                    return False
                continue
            if not data:
                return True
            if hashed is not None:
                hashed.update(data)
            await self._put(spool, data, at=at)
            if hashed is None and self.clock() > until:
                return False

    async def _put(self, spool: Spool, data: bytes, *, at: int) -> None:
        if at + spool.size + len(data) > self.upload.length:
            raise BeyondTheEnd
        looked = spool.size >= HEAD_BYTES
        await spool.write(data)
        if at == 0 and spool.size >= HEAD_BYTES and not looked:
            attachments.require_known_type(spool.head)

    async def _keep(self, spool: Spool, *, at: int) -> None:
        """Put a piece into the store, then count it."""
        key = f"uploads/{self.upload.id.hex}/{at:012d}-{uuid7().hex}"
        async with transaction(self.sessions) as session:
            await self._require_few_pieces(session)
            session.add(FileIntent(object_key=key, created_at=clock.now()))
        spool.file.seek(0)
        await self.files.put(key, spool.file)
        async with transaction(self.sessions) as session:
            await self._count(session, at=at, size=spool.size)
            piece = {"upload_id": self.upload.id, "start": at, "size": spool.size, "object_key": key}
            await session.execute(insert(UploadPiece), piece)
            await session.execute(delete(FileIntent).where(FileIntent.object_key == key))

    async def _finish(self, last: Spool, *, at: int) -> None:
        """Make the file of its pieces and the last bytes, and record it as the attachment."""
        if at == 0:
            placed = await attachments.place(self.sessions, files=self.files, spool=last)
        else:
            with Spool(self.upload.length) as whole:
                await self._join(whole, last, at=at)
                placed = await attachments.place(self.sessions, files=self.files, spool=whole)
        async with transaction(self.sessions) as session:
            await self._count(session, at=at, size=last.size, finished_at=clock.now())
            row, is_new = await attachments.record(
                session, actor=self.actor, placed=placed, attachment_id=self.upload.id
            )
            if is_new:
                await awaited.settle(session, attachment=row)
            keys = await uploads.drop_pieces(session, [self.upload.id])
        await uploads.remove(self.sessions, files=self.files, keys=keys)

    async def _join(self, whole: Spool, last: Spool, *, at: int) -> None:
        for piece in await self._pieces():
            if piece.start != whole.size:
                break
            async for data in await self.files.read(piece.object_key, 0, piece.size):
                await whole.write(data)
        if whole.size != at:
            async with transaction(self.sessions) as session:
                await self._refuse(session)
        last.file.seek(0)
        while data := last.file.read(1_048_576):
            await whole.write(data)

    async def _pieces(self) -> Sequence[UploadPiece]:
        statement = select(UploadPiece).where(UploadPiece.upload_id == self.upload.id)
        async with transaction(self.sessions) as session:
            return (await session.scalars(statement.order_by(UploadPiece.start))).all()

    async def _count(self, session: AsyncSession, *, at: int, size: int, **more: object) -> None:
        """Move the upload on, if it still stands there."""
        moved = (
            update(Upload)
            .where(
                Upload.id == self.upload.id,
                Upload.received == at,
                Upload.finished_at.is_(None),
                Upload.fault.is_(None),
            )
            .values(received=at + size, expires_at=clock.now() + uploads.LASTS, **more)
            .returning(Upload.id)
        )
        if await session.scalar(moved.execution_options(synchronize_session=False)) is None:
            await self._refuse(session)

    async def _require_few_pieces(self, session: AsyncSession) -> None:
        last = select(UploadPiece.start).where(UploadPiece.upload_id == self.upload.id)
        if await session.scalar(last.order_by(UploadPiece.start).offset(MAX_PIECES - 1).limit(1)) is not None:
            raise TooManyPieces

    async def _refuse(self, session: AsyncSession) -> NoReturn:
        """Say where the upload stands, which is not where these bytes begin; `NotFound` if given up."""
        stands = await session.scalar(select(Upload.received).where(Upload.id == self.upload.id))
        raise NotFound if stands is None else self._wrong_offset(stands)

    def _wrong_offset(self, stands: int) -> WrongOffset:
        return WrongOffset(headers={"Upload-Offset": str(stands)}, offset=stands)
