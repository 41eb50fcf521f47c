"""Files at rest: a folder of this machine, or a bucket (`s3://…`), behind one small interface.

Keys are relative paths made by the callers; a key is written once and never changed. What was put is on
the disk when the call returns. Owns neither what a file means nor who may see it. The credentials of a
bucket come from the environment in the usual `AWS_*` variables. The only module that knows obstore, of
which it calls the synchronous half from threads of its own: the other half now and then aborts a process
that ends soon after a call, and a slow bucket must not hold up whoever else needs a thread.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import IO, Any, TypeVar

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from app.core import logging
from app.core.errors import NotFound, Unavailable

PIECE_BYTES = 524_288
PART_BYTES = 5_242_880
PARTS_AT_ONCE = 2
THREADS = 8
# Plain HTTP is only used where the operator names such an endpoint, inside their own network.
CLIENT: Any = {"connect_timeout": "5s", "timeout": "60s", "allow_http": True}
RETRIES: Any = {"max_retries": 3, "retry_timeout": timedelta(seconds=20)}
FILE_SCHEME = "file://"

Result = TypeVar("Result")

log = logging.get(__name__)


class FileLost(NotFound):
    """The record is there and its bytes are not: somebody removed them from the store."""

    code = "file_lost"
    title_zh, title_en = "文件内容已丢失，请联系管理员", "The file's content is lost, tell the administrator"


class FileStore:
    """The files of one deployment; `location` is a folder, made at the first use, or an URL."""

    def __init__(self, location: Path | str) -> None:
        self._location = location
        self._threads = ThreadPoolExecutor(THREADS, "files")

    async def put(self, key: str, file: IO[bytes]) -> None:
        """Store a file from its start; all of it or nothing. `Unavailable` when the store is away."""
        await self._apart(lambda: self._put(key, file))

    async def size(self, key: str) -> int | None:
        """How many bytes a file has; None when there is no such file."""
        try:
            return await self._apart(lambda: obstore.head(self._store, key)["size"])
        except FileLost:
            return None

    async def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes [start, end) in pieces; `FileLost` at once, before the first piece is asked for.

        Each piece is a request of its own: a slow reader would outlast the time that one may take.
        """
        first = await self._piece(key, start, end)
        return self._pieces(key, first, start + len(first), end)

    async def delete(self, key: str) -> None:
        """Remove a file, if it is there, and what an interrupted `put` left of it."""
        with suppress(FileLost):
            await self._apart(lambda: self._delete(key))

    async def _pieces(self, key: str, piece: bytes, start: int, end: int) -> AsyncIterator[bytes]:
        yield piece
        while start < end and piece:
            piece = await self._piece(key, start, end)
            start += len(piece)
            yield piece

    async def _piece(self, key: str, start: int, end: int) -> bytes:
        end = min(end, start + PIECE_BYTES)
        return await self._apart(lambda: bytes(obstore.get_range(self._store, key, start=start, end=end)))

    async def _apart(self, call: Callable[[], Result]) -> Result:
        """Run in a thread of the store's own, with its errors as ours."""
        with _troubles():
            return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    def _put(self, key: str, file: IO[bytes]) -> None:
        # A bucket takes no smaller parts; each is held in memory while it is on its way.
        part = PART_BYTES if self._folder is None else PIECE_BYTES
        obstore.put(self._store, key, file, chunk_size=part, max_concurrency=PARTS_AT_ONCE)
        if self._folder is not None:
            _to_the_disk(self._folder, key)

    def _delete(self, key: str) -> None:
        if self._folder is not None:
            _remove_staged(self._folder / key)
        obstore.delete(self._store, key)

    @cached_property
    def _folder(self) -> Path | None:
        """The folder of a local store, made private to its user; None for a bucket."""
        if isinstance(self._location, str) and not self._location.startswith(FILE_SCHEME):
            return None
        folder = Path(str(self._location).removeprefix(FILE_SCHEME)).absolute()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    @cached_property
    def _store(self) -> ObjectStore:
        if self._folder is not None:
            return LocalStore(self._folder)
        return from_url(str(self._location), client_options=CLIENT, retry_config=RETRIES)


@contextmanager
def _troubles() -> Iterator[None]:
    """The store's errors as ours; its own texts hold paths and stay out of replies and logs."""
    try:
        yield
    except FileNotFoundError as missing:
        raise FileLost from missing
    except (BaseError, OSError) as away:
        log.warning("file_store_away", error=type(away).__name__)
        raise Unavailable from away


def _to_the_disk(folder: Path, key: str) -> None:
    """A file that was acknowledged outlives a loss of power, its name too."""
    path = folder / key
    for thing in (path, path.parent, folder):
        handle = os.open(thing, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _remove_staged(path: Path) -> None:
    for staged in path.parent.glob(f"{path.name}#*"):
        staged.unlink(missing_ok=True)
