"""A file on its way in: hashed and measured as it comes, kept in memory while small, then on disk.

The temporary file has no name, so that a killed process leaves nothing behind. Memory stays flat whatever
comes; what is longer than the limit is refused at the first byte too many.
"""

import asyncio
import hashlib
from tempfile import SpooledTemporaryFile
from typing import Self

from app.core.errors import TooLarge
from app.core.media_types import HEAD_BYTES, TAIL_BYTES

IN_MEMORY_BYTES = 262_144


class FileTooLarge(TooLarge):
    """The file is longer than the deployment allows."""

    code = "file_too_large"
    title_zh, title_en = "文件过大", "The file is too large"

    def __init__(self, limit: int) -> None:
        size = f"{limit / 1_048_576:.1f}".removesuffix(".0")
        super().__init__(
            f"文件不能超过 {size} MB，请压缩后再上传",
            f"A file may have at most {size} MB",
            max_bytes=limit,
        )


class Spool:
    """Takes a file's bytes; use as a context, at whose end they are gone."""

    def __init__(self, limit: int, *, hashed: bool = True) -> None:
        """Takes at most limit bytes; not `hashed` where nobody asks for `sha256`."""
        self._limit = limit
        self._is_hashed = hashed
        self._hash = hashlib.sha256()
        self.size = 0
        self.head = b""
        self.file = SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 - closed by __exit__

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.file.close()

    @property
    def sha256(self) -> bytes:
        """The hash of all bytes so far, 32 bytes."""
        return self._hash.digest()

    async def write(self, data: bytes) -> None:
        """Take the next bytes; `FileTooLarge` when there are more than the limit."""
        self.size += len(data)
        if self.size > self._limit:
            raise FileTooLarge(self._limit)
        if len(self.head) < HEAD_BYTES:
            self.head += data[: HEAD_BYTES - len(self.head)]
        await asyncio.to_thread(self._take, data)

    async def tail(self) -> bytes:
        """The last bytes, as many as `hides_another` wants to see."""
        return await asyncio.to_thread(self._last)

    def _take(self, data: bytes) -> None:
        if self._is_hashed:
            self._hash.update(data)
        self.file.write(data)

    def _last(self) -> bytes:
        self.file.seek(max(0, self.size - TAIL_BYTES))
        found = self.file.read()
        self.file.seek(0)
        return found
