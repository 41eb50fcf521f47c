"""Uploaded files: told by their content, placed in the file store, recorded with who uploaded them.

What is placed is the copy without metadata; when and where a picture says to have been taken is recorded.
The file is placed before its row is committed and outside of any transaction, so that a crash in between
leaves an object without a row and never a row without an object. Equal contents are stored once. What a
file belongs to, and who may therefore see it, is the business of the wing that it is linked in.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, false, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock, media_types
from app.core.db import Sessions, transaction
from app.core.errors import Conflict, Problem, invalid_field
from app.core.files import FileStore
from app.core.ids import uuid7
from app.core.pictures import inspection
from app.core.pictures.found import BrokenPicture, PictureTooLarge
from app.core.spool import Spool
from app.models.attachment import Attachment, FileIntent
from app.models.enums import Role
from app.models.enums.attachment import AttachmentKind
from app.services.platform.actor import Actor

_KINDS: Mapping[str, AttachmentKind] = MappingProxyType(
    {
        "image": AttachmentKind.PHOTO,
        "video": AttachmentKind.VIDEO,
        "audio": AttachmentKind.AUDIO,
        "application": AttachmentKind.DOCUMENT,
    }
)


class UnknownFileType(Problem):
    """By its content the file is none of the kinds that are taken."""

    status, code = 415, "unsupported_file_type"
    title_zh, title_en = "不支持这种文件", "This kind of file is not taken"

    def __init__(self) -> None:
        names = "、".join(dict.fromkeys(media_types.EXTENSIONS.values()))
        super().__init__(
            f"按内容判断，不是可以上传的照片、视频、录音或 PDF（可以上传：{names}），改后缀名没有用",
            f"By its content this is none of: {', '.join(media_types.EXTENSIONS)}",
        )


class TwoFacedFile(UnknownFileType):
    """The file is of a known type and at the same time something else."""

    code = "two_faced_file"
    title_zh, title_en = "文件中夹带了别的内容", "The file holds something else besides"

    def __init__(self) -> None:
        Problem.__init__(
            self,
            "文件里夹带了压缩包、网页或其他内容，请重新拍照或另存后再上传",
            "The file is also an archive, a web page or a PDF",
        )


class NotAPhoto(UnknownFileType):
    """By its content the file is no photo, and only photos are taken here."""

    code = "photo_needed"
    title_zh, title_en = "这里只能上传照片", "Only photos are taken here"

    def __init__(self) -> None:
        Problem.__init__(
            self,
            "按内容判断，这不是照片；这里只能上传照片",
            "By its content this is no photo; only photos are taken here",
        )


class AttachmentExists(Conflict):
    """The id is taken by another file."""

    code = "attachment_exists"
    title_zh, title_en = "该编号的附件已存在且内容不同", "Another attachment has this id"


# What is wrong with a file itself, however often it is sent.
REFUSALS = (UnknownFileType, BrokenPicture, PictureTooLarge)
_HOLD = text(
    "SELECT pg_advisory_xact_lock(hashtextextended(id, 0)) FROM unnest(CAST(:ids AS text[])) AS each (id)"
)
_TOLD = ("object_key", "sha256", "size", "mime", "width", "height", "taken_at", "lng", "lat")


@dataclass(frozen=True, slots=True)
class Placed:
    """A file that stands in the store and has no row yet; `size` is that of the copy that is kept."""

    object_key: str
    sha256: bytes
    size: int
    mime: str
    width: int | None = None
    height: int | None = None
    taken_at: datetime | None = None
    lng: float | None = None
    lat: float | None = None


async def place(sessions: Sessions, *, files: FileStore, spool: Spool) -> Placed:
    """Put a file into the store, unless its content is there already; no transaction is open meanwhile.

    `Invalid` for an empty file, `UnknownFileType` and `TwoFacedFile`, `BrokenPicture` and `PictureTooLarge`,
    `Unavailable` without a store.
    """
    mime = await _type_of(spool)
    known = await _known(sessions, spool.sha256)
    if known is not None and await files.size(known.object_key) == known.size:
        return known
    found = await inspection.inspect(spool, mime)
    hashed = spool.sha256.hex()
    key = f"{hashed[:2]}/{hashed}-{uuid7().hex}"
    async with transaction(sessions) as session:
        session.add(FileIntent(object_key=key, created_at=clock.now()))
    await files.put(key, found.clean)
    hint = found.hint
    told = (found.width, found.height, hint.taken_at, hint.lng, hint.lat)
    return Placed(key, spool.sha256, found.size, mime, *told)


async def _known(sessions: Sessions, sha256: bytes) -> Placed | None:
    """The same content, placed before."""
    columns = [getattr(Attachment, name) for name in _TOLD]
    async with transaction(sessions) as session:
        row = (
            await session.execute(select(*columns).where(Attachment.sha256 == sha256).limit(1))
        ).one_or_none()
    return None if row is None else Placed(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public mapping


async def hold(session: AsyncSession, ids: Iterable[UUID]) -> None:
    """Let nobody else name these files as awaited, or record them, until the transaction ends."""
    await session.execute(_HOLD, {"ids": sorted(str(one) for one in ids)})


def require_known_type(head: bytes) -> None:
    """`UnknownFileType` as soon as a file's first bytes show it: the rest need not come."""
    if media_types.sniff(head) is None:
        raise UnknownFileType


async def record(
    session: AsyncSession, *, actor: Actor, placed: Placed, attachment_id: UUID | None = None
) -> tuple[Attachment, bool]:
    """Store the row of a placed file; returns it and whether it is new (False: sent before, same id).

    `AttachmentExists` when the id belongs to another content or to somebody else.
    """
    if attachment_id is not None:
        await hold(session, [attachment_id])
    made = insert(Attachment).values(
        id=attachment_id or uuid7(),
        member_id=actor.member_id,
        client_id=actor.client_id,
        kind=_KINDS[placed.mime.partition("/")[0]].value,
        created_at=clock.now(),
        **{name: getattr(placed, name) for name in _TOLD},
    )
    new = await session.scalar(made.on_conflict_do_nothing().returning(Attachment))
    if new is not None:
        await session.execute(delete(FileIntent).where(FileIntent.object_key == placed.object_key))
        return new, True
    old = await session.scalar(
        select(Attachment).where(
            Attachment.id == attachment_id, Attachment.sha256 == placed.sha256, owned(actor)
        )
    )
    if old is None:
        raise AttachmentExists
    return old, False


def owned(actor: Actor) -> ColumnElement[bool]:
    """The attachments that the caller uploaded, as a condition; all residents are one caller."""
    if actor.member_id is not None:
        return Attachment.member_id == actor.member_id
    if actor.client_id is not None:
        return Attachment.client_id == actor.client_id
    nobodys = and_(Attachment.member_id.is_(None), Attachment.client_id.is_(None))
    return nobodys if Role.RESIDENT in actor.roles else false()


def require_photo(head: bytes) -> None:
    """`NotAPhoto` for what a file's first bytes show to be anything else."""
    mime = media_types.sniff(head) or ""
    if _KINDS.get(mime.partition("/")[0]) is not AttachmentKind.PHOTO:
        raise NotAPhoto


async def _type_of(spool: Spool) -> str:
    if spool.size == 0:
        raise invalid_field("body.file", "文件是空的", "is empty", "empty")
    mime = media_types.sniff(spool.head)
    if mime is None:
        raise UnknownFileType
    if media_types.hides_another(spool.head, await spool.tail()):
        raise TwoFacedFile
    return mime
