"""How files come in: broken, hostile and endless forms, and what they cost the server."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.pool import QueuePool
from starlette.types import Message

from app.core.ids import uuid7
from tests.support.clients import BASE_URL, Api
from tests.support.media import jpeg
from tests.support.problems import problem_in
from tests.support.unchanged import checksums
from tests.support.uploads import BOUNDARY, FORM, PATH, form, objects, part, send, upload
from tests.support.world import World

WHO = "grid_worker"
MEGABYTE = 1_048_576
WHOLE = form(part("file", jpeg(b"x" * 500), b"a.jpg"))


@pytest.mark.parametrize("cut", [0, 1, 10, 60, 150, len(WHOLE) // 2, len(WHOLE) - 8, len(WHOLE) - 5])
async def test_an_upload_that_was_cut_off_is_refused_and_leaves_nothing(
    api: Api, session: AsyncSession, tmp_path: Path, cut: int
) -> None:
    before = await checksums(session)
    problem = problem_in(await send(api, WHO, WHOLE[:cut]), 400, "upload_cut")
    assert "重新上传" in problem["detail"]
    assert objects(tmp_path) == []
    assert await checksums(session) == before


async def test_an_upload_whose_phone_went_away_is_forgotten(
    app: FastAPI, world: World, session: AsyncSession, tmp_path: Path
) -> None:
    before, sent = await checksums(session), list[Message]()
    half: Message = {"type": "http.request", "body": WHOLE[:200], "more_body": True}
    messages = iter((half, {"type": "http.disconnect"}))

    async def receive() -> Message:
        return next(messages)

    async def reply(message: Message) -> None:
        sent.append(message)

    headers = {**FORM, **world.as_(WHO)}
    scope = {
        "type": "http",
        "method": "POST",
        "path": PATH,
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    await app(scope, receive, reply)
    assert sent[0]["status"] == 400
    assert objects(tmp_path) == []
    assert await checksums(session) == before


async def test_every_way_of_cutting_a_form_into_pieces_gives_the_same_file(api: Api) -> None:
    hashes = set()
    for size in (1, 7, 64, 300, 100_000):
        reply = await send(api, WHO, pieces(WHOLE, size))
        assert reply.status_code == 201, reply.text
        hashes.add((reply.json()["sha256"], reply.json()["size"]))
    assert len(hashes) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (form(part("file", jpeg(), b"1.jpg"), part("file", jpeg(), b"2.jpg")), "body.file"),
        (form(part("id", str(uuid7()).encode())), "body.file"),
        (form(part("file", jpeg(), b"1.jpg"), part("id", b"x")), "body.id"),
        (form(part("file", jpeg(), b"1.jpg"), part("id", b"")), "body.id"),
        (form(part("file", jpeg(), b"1.jpg"), part("id", b"\xff\x00" * 30)), "body.id"),
        (form(part("file", jpeg(), b"1.jpg"), part("id", b"1"), part("id", b"2")), "body.id"),
        (form(part("file", jpeg(), b"1.jpg"), part("title", b"x")), "body.title"),
        (form(part("file", jpeg(), b"1.jpg"), part("photo", jpeg(), b"2.jpg")), "body.photo"),
        (form(part("", jpeg(), b"1.jpg")), "body.file"),
        (form(), "body.file"),
    ],
    ids=["two files", "no file", "a bad id", "no id", "bytes as id", "two ids", "a field too many",
         "a file under another name", "no name", "nothing"],
)  # fmt: skip
async def test_a_wrong_form_is_refused_with_the_name_of_its_field(
    api: Api, tmp_path: Path, body: bytes, field: str
) -> None:
    problem_in(await send(api, WHO, body), 422, "invalid", field)
    assert objects(tmp_path) == []


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "image/jpeg",
        "multipart/form-data",
        "multipart/mixed; boundary=x",
        "",
        "?;;=",
        "\xff",
    ],
)
async def test_anything_but_a_form_is_refused(api: Api, kind: str) -> None:
    headers = [(b"Content-Type", kind.encode("latin-1"))]
    reply = await api.as_(WHO).post(PATH, content=WHOLE, headers=headers)
    problem = problem_in(reply, 422, "invalid", "body")
    assert "multipart/form-data" in problem["detail"]


@pytest.mark.parametrize(
    "body",
    [
        b"no form at all",
        b"\x00" * 1000,
        f"--{BOUNDARY}x\r\n".encode() + WHOLE,
        f"--{BOUNDARY}\r\nno header\r\n\r\nx\r\n".encode(),
        form(part("file", jpeg(), b"x" * 10_000)),
        form(part("file", jpeg(), b"1.jpg"), part("id", b"x" * 100_000)),
        form(part("x" * 5_000, b"")),
        form(*(part(f"field{number}", b"x") for number in range(1000))),
    ],
    ids=["text", "zeros", "another boundary", "a broken header", "an endless file name", "an endless id",
         "an endless field name", "a thousand fields"],
)  # fmt: skip
async def test_a_malformed_form_is_a_bad_request(api: Api, tmp_path: Path, body: bytes) -> None:
    problem_in(await send(api, WHO, body), 400, "bad_request")
    assert objects(tmp_path) == []


@pytest.mark.parametrize(
    "name", [b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"..\\..\\x", "\u202e照片".encode(), b"", b"'", b"a;b=c"]
)
async def test_any_bytes_may_be_a_files_name(api: Api, name: bytes) -> None:
    reply = await send(api, WHO, form(part("file", jpeg(), name)))
    assert reply.status_code == 201, reply.text


async def test_a_file_needs_no_name_and_the_id_may_come_last(api: Api) -> None:
    wanted = str(uuid7())
    reply = await send(api, WHO, form(part("file", jpeg()), part("id", wanted.encode())))
    assert reply.status_code == 201, reply.text
    assert reply.json()["id"] == wanted


async def test_what_follows_the_forms_end_is_no_part_of_it(api: Api) -> None:
    reply = await send(api, WHO, WHOLE + b"\r\nepilogue" + WHOLE)
    assert reply.status_code == 201, reply.text


async def test_a_file_may_be_as_long_as_the_limit_and_not_a_byte_longer(
    api: Api, app: FastAPI, tmp_path: Path
) -> None:
    limit = app.state.settings.max_attachment_bytes
    assert limit > app.state.settings.max_body_bytes
    most = b"%PDF-" + bytes(limit - 5)
    assert (await upload(api, WHO, most)).json()["size"] == limit
    stored = objects(tmp_path)
    for longer in (most + b"x", most + most):
        problem = problem_in(await upload(api, WHO, longer), 413, "file_too_large")
        assert problem["max_bytes"] == limit
        assert "10 MB" in problem["detail"]
    assert objects(tmp_path) == stored


async def test_an_endless_upload_is_refused_early_and_memory_stays_flat(
    api: Api, app: FastAPI, tmp_path: Path
) -> None:
    taken, piece = 0, bytes(65_536)

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        yield form(part("file", jpeg(), b"1.jpg"))[: -len(f"\r\n--{BOUNDARY}--\r\n")]
        while taken < 200 * MEGABYTE:
            taken += len(piece)
            yield piece

    await upload(api, WHO)
    tracemalloc.start()
    reply = await send(api, WHO, endless())
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    problem_in(reply, 413, "file_too_large")
    assert taken <= app.state.settings.max_attachment_bytes + 2 * len(piece)
    assert most < 2 * MEGABYTE
    assert len(objects(tmp_path)) == 1


@pytest.mark.parametrize("headers", [{"Content-Length": str(200 * MEGABYTE)}, {}], ids=["said", "not said"])
@pytest.mark.parametrize("who", ["nobody", "auditor"])
async def test_who_may_not_upload_is_refused_before_the_first_byte(
    api: Api, headers: dict[str, str], who: str
) -> None:
    asked = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal asked
        asked += 1
        yield WHOLE

    client = api if who == "nobody" else api.as_(who)
    reply = await client.post(PATH, content=body(), headers={**FORM, **headers})
    assert reply.status_code == (401 if who == "nobody" else 403)
    assert asked == 0


async def test_a_length_over_the_limit_is_refused_before_the_first_byte(api: Api) -> None:
    asked = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal asked
        asked += 1
        yield WHOLE

    reply = await send(api, WHO, body(), **{"Content-Length": str(200 * MEGABYTE)})
    problem_in(reply, 413, "file_too_large")
    assert asked == 0


@pytest.mark.commits
async def test_no_connection_to_the_database_is_held_while_a_phone_uploads(
    app: FastAPI, engine: AsyncEngine, world: World
) -> None:
    halfway, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield WHOLE[:100]
        halfway.set()
        await go_on.wait()
        yield WHOLE[100:]

    transport, headers = httpx.ASGITransport(app), {**FORM, **world.as_(WHO)}
    async with httpx.AsyncClient(transport=transport, base_url=BASE_URL, headers=headers) as client:
        uploading = asyncio.create_task(client.post(PATH, content=slow()))
        await halfway.wait()
        pool = engine.pool
        assert isinstance(pool, QueuePool)
        held = pool.checkedout()
        go_on.set()
        assert (await uploading).status_code == 201
    assert held == 0


async def pieces(body: bytes, size: int) -> AsyncIterator[bytes]:
    """A body in pieces of so many bytes."""
    for start in range(0, len(body), size):
        yield body[start : start + size]
