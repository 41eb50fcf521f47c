"""The file store, on a folder and on a bucket: the same promises on both, and what a folder adds."""

import os
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import pytest

from app.core.errors import Unavailable
from app.core.files import PART_BYTES, PIECE_BYTES, FileLost, FileStore
from app.core.schema import ROOT
from app.core.spool import FileTooLarge, Spool
from tests.support.bucket import running_bucket

KEY = "ab/abcdef"


@pytest.fixture(params=["folder", "folder as an URL", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FileStore]:
    """A store of each kind."""
    if request.param == "bucket":
        with running_bucket():
            yield FileStore("s3://bucket/some/prefix")
    elif request.param == "folder":
        yield FileStore(tmp_path / "not" / "yet" / "there")
    else:
        yield FileStore(f"file://{tmp_path}/files")


@pytest.fixture
def file() -> Iterator[IO[bytes]]:
    """A file of the kind that uploads are held in."""
    with TemporaryFile() as temporary:
        yield temporary


@pytest.mark.parametrize("size", [1, PIECE_BYTES, PIECE_BYTES + 1, 2 * PART_BYTES + 7])
async def test_a_file_comes_back_as_it_was_put(store: FileStore, file: IO[bytes], size: int) -> None:
    content = os.urandom(size)
    file.write(content)
    file.seek(0)
    await store.put(KEY, file)
    assert await store.size(KEY) == size
    assert await everything(store, 0, size) == content


async def test_a_part_of_it_is_that_part(store: FileStore, file: IO[bytes]) -> None:
    content = os.urandom(3 * PIECE_BYTES)
    file.write(content)
    file.seek(0)
    await store.put(KEY, file)
    for start, end in (
        (0, 1),
        (5, 500),
        (PIECE_BYTES - 1, 2 * PIECE_BYTES + 1),
        (len(content) - 1, len(content)),
    ):
        assert await everything(store, start, end) == content[start:end]


async def test_what_is_not_there_is_lost_at_once_and_has_no_size(store: FileStore) -> None:
    assert await store.size(KEY) is None
    with pytest.raises(FileLost):
        await store.read(KEY, 0, 10)


async def test_removing_a_file_twice_removes_it(store: FileStore, file: IO[bytes]) -> None:
    file.write(b"x")
    file.seek(0)
    await store.put(KEY, file)
    await store.delete(KEY)
    assert await store.size(KEY) is None
    await store.delete(KEY)


async def test_a_bucket_that_is_away_is_unavailable(file: IO[bytes]) -> None:
    with running_bucket():
        store = FileStore("s3://bucket/prefix")
        assert await store.size(KEY) is None
        away = FileStore("s3://bucket/prefix")
        os.environ["AWS_ENDPOINT"] = "http://127.0.0.1:9"
        for call in (away.put(KEY, file), away.size(KEY), away.read(KEY, 0, 1), away.delete(KEY)):
            with pytest.raises(Unavailable):
                await call


async def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path, file: IO[bytes]) -> None:
    (tmp_path / "taken").write_text("a file stands where the folder should")
    store = FileStore(tmp_path / "taken" / "files")
    for call in (store.put(KEY, file), store.size(KEY), store.read(KEY, 0, 1), store.delete(KEY)):
        with pytest.raises(Unavailable):
            await call


async def test_nothing_is_made_before_it_is_needed_and_then_only_its_user_may_look(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "files")
    assert not (tmp_path / "files").exists()
    assert await store.size(KEY) is None
    assert (tmp_path / "files").stat().st_mode & 0o077 == 0


async def test_removing_a_file_removes_what_an_interrupted_put_left_of_it(tmp_path: Path) -> None:
    staged, other = tmp_path / f"{KEY}#1", tmp_path / f"{KEY}0"
    staged.parent.mkdir()
    staged.write_bytes(b"half of it")
    other.write_bytes(b"another file")
    await FileStore(tmp_path).delete(KEY)
    assert not staged.exists()
    assert other.exists()


def test_a_process_may_end_right_after_it_stored_a_file(tmp_path: Path) -> None:
    code = (
        "import asyncio, io, sys; from app.core.files import FileStore;"
        "asyncio.run(FileStore(sys.argv[1]).put('ab/cd', io.BytesIO(b'x' * 6_000_000)))"
    )
    for turn in range(5):
        command = [sys.executable, "-c", code, f"file://{tmp_path}/{turn}"]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
        assert (ended.returncode, ended.stderr) == (0, b"")


async def test_a_spool_knows_its_size_its_hash_and_both_its_ends() -> None:
    with Spool(1_000_000) as spool:
        for piece in (b"begin", b"x" * 300_000, b"", b"end"):
            await spool.write(piece)
        assert spool.size == 300_008
        assert spool.sha256 == sha256(b"begin" + b"x" * 300_000 + b"end").digest()
        assert spool.head == b"begin" + b"x" * 4091
        assert (await spool.tail())[-5:] == b"xxend"
        assert spool.file.read() == b"begin" + b"x" * 300_000 + b"end"


async def test_a_spool_takes_its_limit_and_not_a_byte_more() -> None:
    with Spool(10) as spool:
        await spool.write(b"x" * 10)
        with pytest.raises(FileTooLarge):
            await spool.write(b"x")


async def everything(store: FileStore, start: int, end: int) -> bytes:
    """The pieces of a part, put together."""
    return b"".join([piece async for piece in await store.read(KEY, start, end)])
