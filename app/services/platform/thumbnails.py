"""Small pictures of uploaded ones: made when the first asks, kept beside the picture, gone with it.

Their key follows from the picture's, so that equal contents share one. A picture that cannot be decoded is
remembered as an empty object and not tried again.
"""

from dataclasses import dataclass
from io import BytesIO

from app.core.errors import NotFound
from app.core.files import FileStore
from app.core.pictures import thumbnail
from app.core.spool import Spool
from app.models.attachment import Attachment

_SUFFIX = "-small"


class NoThumbnail(NotFound):
    """There is no small picture: the file is none, of a kind that is not decoded, or broken inside."""

    code = "no_thumbnail"
    title_zh, title_en = "这个附件没有缩略图", "This attachment has no thumbnail"


@dataclass(frozen=True, slots=True)
class Small:
    """A small picture in the store: its key and size in bytes."""

    key: str
    size: int


async def find(files: FileStore, *, picture: Attachment) -> Small:
    """The small picture of an uploaded one, made now if nobody asked before; `NoThumbnail`, `Unavailable`."""
    if picture.mime not in thumbnail.MIMES:
        raise NoThumbnail
    key = key_of(picture.object_key)
    size = await files.size(key)
    if size is None:
        size = await _make(files, picture, key)
    if not size:
        raise NoThumbnail
    return Small(key, size)


def key_of(object_key: str) -> str:
    """Where the small picture of an object stands, if there is one."""
    return object_key + _SUFFIX


async def _make(files: FileStore, picture: Attachment, key: str) -> int:
    with Spool(picture.size) as whole:
        async for piece in await files.read(picture.object_key, 0, picture.size):
            await whole.write(piece)
        made = await thumbnail.make(whole.file) or b""
    await files.put(key, BytesIO(made))
    return len(made)
