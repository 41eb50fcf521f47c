"""Looking at an uploaded file: what it tells, whether it may be taken, and its copy without metadata.

The file is mapped, not read, and never decoded; two at a time, beside the event loop. Kinds that carry no
known metadata (AMR), or that cannot be told from the content (PDF), are kept as they are.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from tempfile import SpooledTemporaryFile
from types import MappingProxyType
from typing import IO

from app.core.pictures import boxes, exif, gif, jpeg, png, sound, webp
from app.core.pictures.exif import Hint
from app.core.pictures.found import Data, Found
from app.core.spool import IN_MEMORY_BYTES, Spool

AT_ONCE = 2
_PIECE = 1_048_576
NOTHING = Hint()
_LOOKS: Mapping[str, Callable[[Data], Found]] = MappingProxyType(
    {
        "image/jpeg": jpeg.look,
        "image/png": png.look,
        "image/gif": gif.look,
        "image/webp": webp.look,
        "image/heic": boxes.look_at_picture,
        "image/heif": boxes.look_at_picture,
        "video/mp4": boxes.look_at_film,
        "video/quicktime": boxes.look_at_film,
        "video/3gpp": boxes.look_at_film,
        "audio/mp4": boxes.look_at_film,
        "audio/mpeg": sound.look,
        "audio/aac": sound.look,
    }
)
_threads = ThreadPoolExecutor(AT_ONCE, "pictures")


@dataclass(frozen=True, slots=True)
class Inspected:
    """A file that may be taken: its copy that may leave and the bytes of that, and what it told."""

    clean: IO[bytes]
    size: int
    width: int | None = None
    height: int | None = None
    hint: Hint = NOTHING


async def inspect(spool: Spool, mime: str) -> Inspected:
    """Look at a file that came in whole; `BrokenPicture`, `PictureTooLarge`.

    The clean copy is the file itself where there is nothing to leave out; else it has no name, and is
    gone when nobody holds it.
    """
    look = _LOOKS.get(mime)
    if look is None:
        return Inspected(spool.file, spool.size)
    return await asyncio.get_running_loop().run_in_executor(_threads, _inspect, spool, look)


def _inspect(spool: Spool, look: Callable[[Data], Found]) -> Inspected:
    with _mapped(spool) as data:
        found = look(data)
        clean, size = _copy(spool, data, found)
    hint = exif.read(found.exif) if found.exif else NOTHING
    return Inspected(clean, size, found.width, found.height, hint)


def _copy(spool: Spool, data: Data, found: Found) -> tuple[IO[bytes], int]:
    if list(found.pieces) == [(0, spool.size)]:
        return spool.file, spool.size
    copy = SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 - ends with its last holder
    for piece in found.pieces:
        if isinstance(piece, bytes):
            copy.write(piece)
            continue
        for start in range(*piece, _PIECE):
            copy.write(data[start : min(start + _PIECE, piece[1])])
    size = copy.tell()
    copy.seek(0)
    return copy, size


@contextmanager
def _mapped(spool: Spool) -> Iterator[Data]:
    """The file's bytes: those in memory as they are, those on the disk without reading them."""
    spool.file.seek(0)
    if spool.size <= IN_MEMORY_BYTES:
        yield spool.file.read()
    else:
        spool.file.flush()
        with mmap(spool.file.fileno(), spool.size, access=ACCESS_READ) as data:
            yield data
    spool.file.seek(0)
