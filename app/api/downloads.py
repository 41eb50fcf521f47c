"""One stored file as a reply: whole, a part of it, or not at all when the caller has it already.

It always goes out as something to save, never to show: whatever a file claims to be, no browser may run it
under our name. Who may have it is decided before.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import IO

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from app.api import etags
from app.api.documented import Responses, refusals
from app.core.errors import Problem
from app.core.files import PIECE_BYTES, FileStore
from app.core.media_types import EXTENSIONS
from app.core.pictures import thumbnail
from app.models.attachment import Attachment
from app.services.platform.thumbnails import Small

CACHE, UNCACHED = "private, no-cache", "no-store"
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


class RangeNotSatisfiable(Problem):
    """The wanted part begins behind the file's end."""

    status, code = 416, "range_not_satisfiable"
    title_zh, title_en = "请求的范围超出文件末尾", "The range lies behind the end of the file"


# What `reply` answers beside the whole file.
REPLIES: Responses = {
    206: {"description": "文件的一段"},
    304: {"description": "没有变化"},
    **refusals(RangeNotSatisfiable),
}


@dataclass(frozen=True, slots=True)
class Download:
    """A file to send: its key and size in bytes, its type, hash (hex) and a name of ASCII letters.

    cache: what the receiver may keep of it.
    """

    key: str
    size: int
    mime: str
    sha256: str
    name: str
    cache: str = CACHE


def whole(row: Attachment) -> Download:
    """An attachment's file."""
    return Download(row.object_key, row.size, row.mime, row.sha256.hex(), f"{row.id}.{EXTENSIONS[row.mime]}")


def small(row: Attachment, found: Small) -> Download:
    """An attachment's small picture."""
    return Download(found.key, found.size, thumbnail.MIME, f"{row.sha256.hex()}-small", f"{row.id}-small.jpg")


async def reply(request: Request, *, files: FileStore, file: Download) -> Response:
    """200, 206 for one `Range`, or 304; `RangeNotSatisfiable`; `FileLost` before anything is sent."""
    etag = f'"{file.sha256}"'
    if etags.matches(request, etag):
        return etags.not_modified(etag, file.cache)
    part = _wanted(request, etag, file.size)
    start, end = part or (0, file.size)
    headers = {
        "ETag": etag,
        "Cache-Control": file.cache,
        "Accept-Ranges": "bytes",
        "Content-Length": str(end - start),
        "Content-Disposition": f'attachment; filename="{file.name}"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
    }
    if part is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.size}"
    status = HTTPStatus.OK if part is None else HTTPStatus.PARTIAL_CONTENT
    pieces = await files.read(file.key, start, end)
    return StreamingResponse(pieces, status, headers, file.mime)


def made(file: IO[bytes], *, mime: str, name: str) -> StreamingResponse:
    """A file that was made for this reply, from its start; it is closed when it was sent."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    headers = {
        "Cache-Control": UNCACHED,
        "Content-Length": str(size),
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
    }

    def pieces() -> Iterator[bytes]:
        with file:
            while piece := file.read(PIECE_BYTES):
                yield piece

    return StreamingResponse(pieces(), HTTPStatus.OK, headers, mime)


def _wanted(request: Request, etag: str, size: int) -> tuple[int, int] | None:
    """The part [start, end) that `Range` asks for; None for the whole file.

    Several ranges at once, other units and anything malformed mean the whole file (RFC 9110, 14.2).
    """
    found = _RANGE.fullmatch(request.headers.get("range", "").strip())
    if found is None or request.headers.get("if-range", etag) != etag:
        return None
    first, last = found.groups()
    if first:
        start, end = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return None
    elif last:
        start, end = max(0, size - int(last)), size
    else:
        return None
    if start >= end:
        raise RangeNotSatisfiable(headers={"Content-Range": f"bytes */{size}"})
    return start, end
