"""Resumable uploads by tus 1.0: cut off and gone on with, sent twice, sent wrong, given up."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Sessions
from app.core.files import FileStore
from app.core.ids import uuid7
from app.models.attachment import Attachment, FileIntent
from app.models.upload import Upload, UploadPiece
from app.services.mobile import receiving, uploads
from app.services.platform import orphan_files
from tests.support import media
from tests.support.bucket import running_bucket
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.statements import Counter
from tests.support.tus import BYTES, PATH, SPOKEN, Phone, encoded
from tests.support.uploads import objects

WHO = "grid_worker"
PHOTO = media.jpeg(bytes(range(256)) * 40)


@pytest.fixture
def phone(api: Api) -> Phone:
    """A phone with a photo of some ten thousand bytes."""
    return Phone(api, WHO, PHOTO)


async def test_the_server_says_what_it_speaks_to_whoever_asks(api: Api, app: FastAPI) -> None:
    headers = (await api.options(PATH)).headers
    assert headers["tus-version"] == "1.0.0"
    assert headers["tus-resumable"] == "1.0.0"
    assert set(headers["tus-extension"].split(",")) == {
        *("creation", "creation-with-upload", "expiration", "termination", "checksum")
    }
    assert int(headers["tus-max-size"]) == app.state.settings.max_attachment_bytes


async def test_a_photo_that_comes_in_pieces_becomes_an_attachment_of_the_phones_own_id(
    phone: Phone, session: AsyncSession, tmp_path: Path
) -> None:
    made = await phone.create()
    assert (made.status_code, made.headers["location"]) == (201, phone.url)
    for start in range(0, len(PHOTO), 3000):
        reply = await phone.send(start, start + 3000)
        assert reply.status_code == 204
        assert int(reply.headers["upload-offset"]) == min(start + 3000, len(PHOTO))
        assert "GMT" in reply.headers["upload-expires"]
    record = await phone.attachment()
    assert (record["id"], record["kind"]) == (phone.id, "photo")
    assert record["sha256"] == hashlib.sha256(PHOTO).hexdigest()
    assert await phone.stored() == PHOTO
    assert len(objects(tmp_path)) == 1
    assert await session.scalar(select(func.count()).select_from(UploadPiece)) == 0
    assert await session.scalar(select(func.count()).select_from(FileIntent)) == 0


async def test_a_photo_may_come_with_the_first_request(phone: Phone) -> None:
    reply = await phone.create(PHOTO)
    assert (reply.status_code, int(reply.headers["upload-offset"])) == (201, len(PHOTO))
    assert await phone.stored() == PHOTO


async def test_a_repeated_announcement_is_the_same_upload_and_takes_no_bytes_again(phone: Phone) -> None:
    assert (await phone.create(PHOTO[:500])).headers["upload-offset"] == "500"
    again = await phone.create(PHOTO[:500])
    assert (again.headers["location"], again.headers["upload-offset"]) == (phone.url, "500")
    await phone.send(500)
    assert await phone.stored() == PHOTO
    assert int((await phone.create(PHOTO)).headers["upload-offset"]) == len(PHOTO)


async def test_what_came_before_a_cut_is_kept(phone: Phone) -> None:
    await phone.create()
    await phone.send(0, 1234)
    assert await phone.offset() == 1234
    problem = problem_in(await phone.send(0), 409, "wrong_offset")
    assert problem["offset"] == 1234
    await phone.send(1234)
    assert await phone.stored() == PHOTO


async def test_the_last_request_sent_again_after_a_lost_reply_changes_nothing(phone: Phone) -> None:
    await phone.create(PHOTO)
    assert await phone.offset() == len(PHOTO)
    assert (await phone.send(len(PHOTO), body=b"")).status_code == 204
    problem_in(await phone.send(0), 409, "wrong_offset")
    assert await phone.stored() == PHOTO


async def test_a_photo_in_one_request_costs_few_statements(phone: Phone, statements: Counter) -> None:
    with statements(at_most=5):
        await phone.create()
    with statements(at_most=10):
        await phone.send(0)
    with statements(at_most=2):
        await phone.offset()


async def test_slow_bytes_are_counted_while_they_come(
    phone: Phone, monkeypatch: pytest.MonkeyPatch, session: AsyncSession
) -> None:
    monkeypatch.setattr(receiving, "PIECE_SECONDS", -1.0)
    await phone.create()
    counted = []

    async def slow() -> AsyncIterator[bytes]:
        for start in range(0, len(PHOTO), 2500):
            counted.append(await session.scalar(select(Upload.received)))
            yield PHOTO[start : start + 2500]

    reply = await phone.send(0, body=slow())
    assert reply.status_code == 204, reply.text
    assert counted == list(range(0, len(PHOTO), 2500))
    assert await phone.stored() == PHOTO


@pytest.mark.commits
async def test_of_two_that_send_at_once_one_is_told_where_to_go_on(
    api: Api, sessions: Sessions, files: FileStore, tmp_path: Path
) -> None:
    phone = Phone(api, WHO, PHOTO)
    await phone.create()
    replies = await asyncio.gather(*(phone.send(0, 4000) for _ in range(4)))
    assert sorted(reply.status_code for reply in replies) == [204, 409, 409, 409]
    assert await phone.offset() == 4000
    replies = await asyncio.gather(*(phone.send(4000) for _ in range(4)))
    assert sorted(reply.status_code for reply in replies) == [204, 409, 409, 409]
    assert await phone.stored() == PHOTO
    async with sessions() as session, session.begin():
        assert await session.scalar(select(func.count()).select_from(Attachment)) == 1
        await session.execute(update(FileIntent).values(created_at=clock.now() - timedelta(days=2)))
    await orphan_files.collect(sessions, files=files)
    assert len(objects(tmp_path)) == 1
    assert await phone.stored() == PHOTO


async def test_a_bucket_keeps_and_forgets_pieces_and_photos_as_a_folder_does(
    app: FastAPI, api: Api, session: AsyncSession, sessions: Sessions
) -> None:
    with running_bucket() as bucket:
        app.state.files = FileStore("s3://bucket/town")
        phone = Phone(api, WHO, PHOTO)
        await phone.create(PHOTO[:3000])
        assert len(bucket.objects) == 1
        await phone.send(3000, 9000)
        await phone.send(9000)
        assert await phone.stored() == PHOTO
        assert len(bucket.objects) == 1
        left = Phone(api, WHO, PHOTO[:-1])
        await left.create(PHOTO[:3000])
        await session.execute(update(Upload).values(expires_at=clock.now() - timedelta(seconds=1)))
        await session.commit()
        assert await uploads.expire(sessions, files=app.state.files) == 2
        assert len(bucket.objects) == 1


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from("sawcob"), st.integers(0, 3000), st.integers(-40, 40)), max_size=25)
)
async def test_whatever_a_phone_sends_in_whatever_order_only_the_photo_comes_of_it(
    api: Api, moves: list[tuple[str, int, int]]
) -> None:
    photo = media.jpeg(uuid7().bytes * 150)
    phone, stands = Phone(api, WHO, photo), 0
    await phone.create()
    for move, size, wrong in moves:
        end = min(stands + size, len(photo))
        if move == "s":
            stands = end if (await phone.send(stands, end)).status_code == 204 else -1
        elif move == "a":
            await phone.create(photo[:size])
        elif move == "w" and wrong and stands + wrong >= 0:
            problem_in(await phone.send(stands + wrong, body=b"x" * size), 409, "wrong_offset")
        elif move == "c" and end > stands:
            digest = base64.b64encode(hashlib.sha1(b"other").digest()).decode()  # noqa: S324 - the protocol's
            reply = await phone.send(stands, end, headers={"Upload-Checksum": f"sha1 {digest}"})
            problem_in(reply, 460, "checksum_mismatch")
        elif move == "b" and stands < len(photo):
            surplus = photo[stands:] + b"x" * (1 + size)
            problem_in(await phone.send(stands, body=surplus), 400, "beyond_the_end")
        assert await phone.offset() == stands
    await phone.send(stands)
    assert await phone.stored() == photo


async def test_bytes_with_the_right_checksum_are_taken(phone: Phone) -> None:
    await phone.create()
    for algorithm, start, end in (("sha1", 0, 4000), ("sha256", 4000, len(PHOTO))):
        digest = base64.b64encode(hashlib.new(algorithm, PHOTO[start:end]).digest()).decode()
        reply = await phone.send(start, end, headers={"Upload-Checksum": f"{algorithm} {digest}"})
        assert reply.status_code == 204
    assert await phone.stored() == PHOTO
    other = Phone(phone.client, WHO, media.png())
    await other.create()
    problem_in(await other.send(0, headers={"Upload-Checksum": "crc32 AAAA"}), 400, "bad_request")


async def test_what_is_no_photo_is_refused_with_its_first_bytes_and_says_so_ever_after(
    api: Api, tmp_path: Path
) -> None:
    phone = Phone(api, WHO, b"MZ" + bytes(50_000))
    await phone.create()
    problem_in(await phone.send(0, 10_000), 415, "unsupported_file_type")
    gone = await phone.client.head(phone.url, headers=SPOKEN)
    assert gone.status_code == 410
    problem = problem_in(await phone.send(0), 410, "upload_gone")
    assert problem["fault"] == (await phone.state())["fault"] == "unsupported_file_type"
    assert objects(tmp_path) == []
    better = Phone(api, WHO, PHOTO)
    better.id = phone.id
    assert (await better.create(PHOTO)).status_code == 201
    assert await better.stored() == PHOTO


async def test_a_file_that_turns_out_bad_at_its_end_leaves_nothing(api: Api, session: AsyncSession) -> None:
    phone = Phone(api, WHO, media.archive(PHOTO))
    await phone.create()
    await phone.send(0, 6000)
    problem_in(await phone.send(6000), 415, "two_faced_file")
    assert await session.scalar(select(func.count()).select_from(UploadPiece)) == 0
    assert await session.scalar(select(func.count()).select_from(FileIntent)) == 1


async def test_where_a_proxy_lets_no_patch_through_a_post_does_the_same(phone: Phone) -> None:
    await phone.create()
    patch = {**SPOKEN, **BYTES, "X-HTTP-Method-Override": "PATCH", "Upload-Offset": "0"}
    reply = await phone.client.post(phone.url, headers=patch, content=PHOTO[:4000])
    assert (reply.status_code, reply.headers["upload-offset"]) == (204, "4000")
    bare = await phone.client.post(phone.url, headers={**SPOKEN, **BYTES}, content=PHOTO)
    problem_in(bare, 400, "bad_request")
    stop = {**SPOKEN, "X-HTTP-Method-Override": "DELETE"}
    assert (await phone.client.post(phone.url, headers=stop)).status_code == 204
    problem_in(await phone.client.get(phone.url), 404, "not_found")


async def test_an_upload_that_was_given_up_leaves_nothing(phone: Phone, session: AsyncSession) -> None:
    await phone.create(PHOTO[:4000])
    assert (await phone.client.delete(phone.url, headers=SPOKEN)).status_code == 204
    problem_in(await phone.client.get(phone.url), 404, "not_found")
    assert await session.scalar(select(func.count()).select_from(UploadPiece)) == 0


async def test_an_upload_that_was_left_alone_for_a_week_is_forgotten_with_its_bytes(
    phone: Phone, session: AsyncSession, sessions: Sessions, files: FileStore, tmp_path: Path
) -> None:
    await phone.create(PHOTO[:4000])
    assert await uploads.expire(sessions, files=files) == 0
    assert len(objects(tmp_path)) == 1
    await session.execute(update(Upload).values(expires_at=clock.now() - timedelta(seconds=1)))
    await session.commit()
    assert await uploads.expire(sessions, files=files) == 1
    assert objects(tmp_path) == []
    assert await session.scalar(select(func.count()).select_from(FileIntent)) == 0
    problem_in(await phone.send(4000), 404, "not_found")


async def test_an_upload_is_its_owners_alone(api: Api, phone: Phone) -> None:
    await phone.create(PHOTO[:4000])
    other = Phone(api, "grid_worker_b", PHOTO)
    other.id = phone.id
    problem_in(await other.create(), 409, "attachment_exists")
    problem_in(await other.send(4000), 404, "not_found")
    problem_in(await other.client.delete(other.url, headers=SPOKEN), 404, "not_found")
    assert (await other.client.head(other.url, headers=SPOKEN)).status_code == 404


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Tus-Resumable": "0.2.2"}, 412, "unknown_tus_version"),
        ({"Upload-Length": "-1"}, 400, "bad_request"),
        ({"Upload-Length": "9" * 30}, 400, "bad_request"),
        ({"Upload-Length": "0"}, 422, "invalid"),
        ({"Upload-Length": "10485761"}, 413, "file_too_large"),
        ({"Upload-Metadata": "id zzz"}, 422, "invalid"),
        ({"Upload-Metadata": f"id {encoded('no id')}"}, 422, "invalid"),
        ({"Upload-Metadata": "x" * 3000}, 422, "invalid"),
    ],
    ids=["version", "negative", "endless", "empty", "too large", "no base64", "no id", "long"],
)
async def test_a_wrong_announcement_is_refused(
    phone: Phone, headers: dict[str, str], status: int, code: str
) -> None:
    reply = await phone.create(headers=headers)
    problem_in(reply, status, code)
    assert reply.headers["tus-resumable"] == "1.0.0"


async def test_bytes_of_another_media_type_or_without_an_offset_are_refused(phone: Phone) -> None:
    await phone.create()
    wrong = await phone.send(0, headers={"Content-Type": "image/jpeg"})
    problem_in(wrong, 415, "wrong_body_type")
    bare = await phone.client.patch(phone.url, headers={**SPOKEN, **BYTES}, content=PHOTO)
    problem_in(bare, 400, "bad_request")
    assert await phone.offset() == 0


async def test_nobody_begins_endless_uploads(api: Api, phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_OPEN", 2)
    for _ in range(2):
        assert (await Phone(api, WHO, PHOTO).create()).status_code == 201
    problem_in(await phone.create(), 409, "too_many_uploads")
    monkeypatch.setattr(uploads, "MAX_OPEN", 9)
    monkeypatch.setattr(uploads, "MAX_OPEN_BYTES", 3 * len(PHOTO) - 1)
    problem_in(await phone.create(), 409, "too_many_uploads")
    monkeypatch.setattr(uploads, "MAX_OPEN_BYTES", 3 * len(PHOTO))
    assert (await phone.create()).status_code == 201
    monkeypatch.setattr(receiving, "MAX_PIECES", 2)
    other = Phone(api, "grid_worker_b", PHOTO)
    await other.create(PHOTO[:1])
    assert (await other.send(1, 2)).status_code == 204
    problem_in(await other.send(2, 3), 409, "too_many_pieces")
