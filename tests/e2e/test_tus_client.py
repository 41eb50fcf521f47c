"""A tus client that knows nothing of us uploads to a real server through a network that breaks."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import httpx
import psutil
import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError
from tusclient.uploader.uploader import Uploader

from app.core.ids import uuid7
from tests.support.database import Database, Server
from tests.support.media import jpeg
from tests.support.served import HOST, Lift, free_port, served
from tests.support.world import World

WHO = "grid_worker"
MIB = 2**20


@pytest.fixture
async def database(server: Server) -> Database:
    """A town that real processes may write to."""
    return await server.create(f"wangge_tus_{uuid7().hex[-8:]}")


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client finds the server on this machine, whatever the surroundings say."""
    monkeypatch.setenv("NO_PROXY", HOST)


def photo(size: int) -> bytes:
    """A JPEG with so many bytes of noise for pixels."""
    tiny, noise = jpeg(), random.Random(size).randbytes(size).replace(b"\xff", b"\xfe")  # noqa: S311 - noise
    return tiny[:-2] + noise + tiny[-2:]


def uploader(world: World, port: int, content: bytes, upload_id: str, **options: object) -> Uploader:
    """The client's upload of a photo; it takes up one that was begun, when told where."""
    client = TusClient(f"http://{HOST}:{port}/v1/uploads", headers=world.as_(WHO))
    told = {"metadata": {"id": upload_id, "filename": "IMG_1.jpg"}, "retry_delay": 0.05, **options}
    found: Uploader = client.uploader(file_stream=BytesIO(content), **told)
    return found


def stored(world: World, port: int, upload_id: str) -> bytes:
    url = f"http://{HOST}:{port}/v1/attachments/{upload_id}/content"
    return httpx.get(url, headers=world.as_(WHO), trust_env=False).raise_for_status().content


@pytest.mark.parametrize("checksums", [False, True])
def test_a_photo_comes_through_a_network_that_drops_every_connection(
    database: Database, world: World, tmp_path: Path, checksums: bool
) -> None:
    content, upload_id, port = photo(2 * MIB), str(uuid7()), free_port()
    piece = {"chunk_size": 100_000, "upload_checksum": True} if checksums else {}
    with served(database, tmp_path, port, "--workers", "2"):
        lift = Lift(port, after=300_000)
        lift.start()
        uploader(world, lift.port, content, upload_id, retries=200, **piece).upload()
        lift.close()
        assert stored(world, port, upload_id) == content
    assert lift.cuts >= (0 if checksums else 6)


def test_a_photo_whose_server_is_killed_half_way_goes_on_when_there_is_one_again(
    database: Database, world: World, tmp_path: Path
) -> None:
    content, upload_id, port = photo(2 * MIB), str(uuid7()), free_port()
    with served(database, tmp_path, port) as process:
        first = uploader(world, port, content, upload_id, chunk_size=250_000)
        first.upload(stop_at=1_000_000)
        lift = Lift(port, after=200_000)
        lift.start()
        url = str(first.url).replace(str(port), str(lift.port))
        half = uploader(world, lift.port, content, upload_id, url=url)
        with pytest.raises(TusCommunicationError):
            half.upload()
        process.kill()
    with served(database, tmp_path, port):
        again = uploader(world, port, content, upload_id, url=first.url)
        assert 1_000_000 <= again.offset < len(content)
        again.upload()
        assert stored(world, port, upload_id) == content


def test_memory_stays_flat_while_phones_upload(database: Database, world: World, tmp_path: Path) -> None:
    content, port = photo(8 * MIB), free_port()
    with served(database, tmp_path, port) as process:

        def send(_number: int) -> None:
            uploader(world, port, content + uuid7().bytes, str(uuid7()), chunk_size=4 * MIB).upload()

        before = process.memory_info().rss
        with ThreadPoolExecutor(8) as phones:
            with watching(process) as some:
                list(phones.map(send, range(8)))
            with watching(process) as many:
                list(phones.map(send, range(32)))
    # Of 64 MiB that are on their way at once.
    assert some[0] - before < 80 * MIB
    assert many[0] - some[0] < 24 * MIB


class watching:  # noqa: N801 - reads as a verb where it is used
    """Looks at a process' memory while the block runs; the most of it comes first in the list."""

    def __init__(self, process: psutil.Process) -> None:
        self._process, self._most, self._over = process, [0], threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> list[int]:
        self._thread.start()
        return self._most

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.02):
            self._most[0] = max(self._most[0], self._process.memory_info().rss)
