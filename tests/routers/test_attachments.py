"""Uploaded files over HTTP: what is taken, what comes back, whose they are."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import uuid7
from app.models.access import ApiToken
from app.models.attachment import Attachment, FileIntent
from tests.support import media
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.statements import Counter
from tests.support.uploads import PATH, objects, upload, uploaded
from tests.support.world import World

WHO = "grid_worker"


async def test_a_photo_comes_back_byte_for_byte(api: Api) -> None:
    content = media.jpeg(b"a comment")
    record = await uploaded(api, WHO, content)
    assert (record["kind"], record["mime"], record["size"]) == ("photo", "image/jpeg", len(content))
    reply = await api.as_(WHO).get(f"{PATH}/{record['id']}/content")
    assert reply.content == content
    assert reply.headers["content-type"] == "image/jpeg"
    assert reply.headers["content-length"] == str(len(content))


async def test_a_file_goes_out_to_be_saved_and_never_to_be_shown(api: Api) -> None:
    record = await uploaded(api, WHO)
    headers = (await api.as_(WHO).get(f"{PATH}/{record['id']}/content")).headers
    assert headers["content-disposition"] == f'attachment; filename="{record["id"]}.jpg"'
    assert headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in headers["content-security-policy"]
    assert headers["cache-control"].startswith("private")


@pytest.mark.parametrize(("content", "mime"), media.TAKEN.values(), ids=media.TAKEN)
async def test_the_type_is_told_by_the_content_whatever_the_name_says(
    api: Api, content: bytes, mime: str
) -> None:
    record = await uploaded(api, WHO, content, name="setup.exe")
    kinds = {"image": "photo", "video": "video", "audio": "audio", "application": "document"}
    assert (record["mime"], record["kind"]) == (mime, kinds[mime.partition("/")[0]])


@pytest.mark.parametrize("content", media.REFUSED.values(), ids=media.REFUSED)
async def test_a_photos_name_does_not_make_a_photo(api: Api, tmp_path: Path, content: bytes) -> None:
    problem = problem_in(await upload(api, WHO, content, name="照片.jpg"), 415, "unsupported_file_type")
    assert "照片" in problem["detail"]
    assert objects(tmp_path) == []


@pytest.mark.parametrize("content", media.TWO_FACED.values(), ids=media.TWO_FACED)
async def test_a_file_with_something_else_inside_is_refused(api: Api, tmp_path: Path, content: bytes) -> None:
    problem_in(await upload(api, WHO, content), 415, "two_faced_file")
    assert objects(tmp_path) == []


async def test_an_empty_file_is_refused(api: Api) -> None:
    problem_in(await upload(api, WHO, b""), 422, "invalid", "body.file")


async def test_the_same_upload_with_the_same_id_is_one_attachment(
    api: Api, session: AsyncSession, tmp_path: Path
) -> None:
    wanted = str(uuid7())
    first = await upload(api, WHO, data={"id": wanted})
    second = await upload(api, WHO, data={"id": wanted})
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert first.json()["id"] == wanted
    assert first.headers["location"] == f"{PATH}/{wanted}"
    assert await count(session, Attachment) == 1
    assert len(objects(tmp_path)) == 1


async def test_an_id_that_is_taken_is_refused_for_other_contents_and_to_others(api: Api) -> None:
    taken = await uploaded(api, WHO)
    other = await upload(api, WHO, media.png(), data={"id": taken["id"]})
    problem_in(other, 409, "attachment_exists")
    others = await upload(api, "grid_worker_b", data={"id": taken["id"]})
    problem_in(others, 409, "attachment_exists")


async def test_a_key_gives_the_first_answer_again_though_the_forms_bytes_differ(
    api: Api, session: AsyncSession
) -> None:
    key = {"Idempotency-Key": "again"}
    first = await upload(api, WHO, headers=key)
    second = await upload(api, WHO, headers=key, name="another name.jpg")
    assert second.headers["idempotency-replayed"] == "true"
    assert second.content == first.content
    assert await count(session, Attachment) == 1
    problem_in(await upload(api, WHO, media.png(), headers=key), 422, "idempotency_key_reused")
    problem_in(await upload(api, WHO, headers=key, data={"id": str(uuid7())}), 422, "idempotency_key_reused")


async def test_equal_contents_of_two_people_are_two_attachments_and_one_file(
    api: Api, session: AsyncSession, tmp_path: Path
) -> None:
    mine, theirs = await uploaded(api, WHO), await uploaded(api, "grid_worker_b")
    assert mine["id"] != theirs["id"]
    assert mine["sha256"] == theirs["sha256"]
    assert len(objects(tmp_path)) == 1
    for who, record in ((WHO, mine), ("grid_worker_b", theirs)):
        assert (await api.as_(who).get(f"{PATH}/{record['id']}/content")).content == media.jpeg()
    assert await count(session, FileIntent) == 0


async def test_until_it_is_linked_a_file_is_its_uploaders_alone(api: Api, world: World) -> None:
    record = await uploaded(api, WHO)
    assert (await api.as_(WHO).get(f"{PATH}/{record['id']}")).json() == record
    for who in {*world.people, "api_client"} - {WHO, "disabled"}:
        for path in (f"{PATH}/{record['id']}", f"{PATH}/{record['id']}/content"):
            assert (await api.as_(who).get(path)).status_code in {403, 404}, who
    problem_in(await api.as_("dispatcher").get(f"{PATH}/{record['id']}"), 404, "not_found")
    problem_in(await api.as_(WHO).get(f"{PATH}/{uuid7()}"), 404, "not_found")


async def test_a_third_party_uploads_with_the_right_to_write_tickets(
    api: Api, session: AsyncSession, world: World
) -> None:
    record = await uploaded(api, "api_client")
    assert (await api.as_("api_client").get(f"{PATH}/{record['id']}/content")).status_code == 200
    problem_in(await api.as_("dispatcher").get(f"{PATH}/{record['id']}"), 404, "not_found")
    await session.execute(
        update(ApiToken).where(ApiToken.id == world.client.token_id).values(scopes=["tickets:read"])
    )
    problem_in(await upload(api, "api_client"), 403, "forbidden")


@pytest.mark.parametrize("who", ["system_admin", "auditor", "former"])
async def test_who_has_nothing_to_do_with_tickets_uploads_nothing(api: Api, who: str) -> None:
    problem_in(await upload(api, who), 403, "forbidden")


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=2-5", 2, 6),
        ("bytes=100-", 100, None),
        ("bytes=-7", -7, None),
        ("bytes=-100000", 0, None),
        ("bytes=5-100000", 5, None),
    ],
)
async def test_a_part_of_a_file_can_be_had(api: Api, wanted: str, start: int, end: int | None) -> None:
    content = media.jpeg(bytes(range(256)))
    record = await uploaded(api, WHO, content)
    reply = await api.as_(WHO).get(f"{PATH}/{record['id']}/content", headers={"Range": wanted})
    assert (reply.status_code, reply.content) == (206, content[start:end])
    first = content.index(reply.content) if len(reply.content) > 1 else 0
    last = first + len(reply.content) - 1
    assert reply.headers["content-range"] == f"bytes {first}-{last}/{len(content)}"


@pytest.mark.parametrize("wanted", ["bytes=5-2", "bytes=-", "bytes=0-1,3-4", "items=0-1", "bytes=a-b", "x"])
async def test_a_range_that_makes_no_sense_gives_the_whole_file(api: Api, wanted: str) -> None:
    record = await uploaded(api, WHO)
    reply = await api.as_(WHO).get(f"{PATH}/{record['id']}/content", headers={"Range": wanted})
    assert (reply.status_code, reply.content) == (200, media.jpeg())


@pytest.mark.parametrize("wanted", ["bytes=100000-", "bytes=100000-100001", "bytes=-0"])
async def test_a_range_behind_the_end_is_refused_with_the_size(api: Api, wanted: str) -> None:
    record = await uploaded(api, WHO)
    reply = await api.as_(WHO).get(f"{PATH}/{record['id']}/content", headers={"Range": wanted})
    problem_in(reply, 416, "range_not_satisfiable")
    assert reply.headers["content-range"] == f"bytes */{record['size']}"


async def test_a_file_that_the_caller_has_is_not_sent_again(api: Api) -> None:
    record = await uploaded(api, WHO)
    client, path = api.as_(WHO), f"{PATH}/{record['id']}/content"
    etag = (await client.get(path)).headers["etag"]
    assert etag == f'"{record["sha256"]}"'
    again = await client.get(path, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    for condition, status in ((etag, 206), ('"another"', 200)):
        headers = {"Range": "bytes=0-1", "If-Range": condition}
        assert (await client.get(path, headers=headers)).status_code == status


async def test_a_lost_file_is_told_and_stored_again_by_the_next_upload(api: Api, tmp_path: Path) -> None:
    record = await uploaded(api, WHO)
    objects(tmp_path)[0].unlink()
    reply = await api.as_(WHO).get(f"{PATH}/{record['id']}/content")
    problem_in(reply, 404, "file_lost")
    assert str(tmp_path) not in reply.text
    again = await uploaded(api, WHO)
    assert (await api.as_(WHO).get(f"{PATH}/{again['id']}/content")).content == media.jpeg()


async def test_a_store_that_is_away_is_503_and_leaves_no_record(
    api: Api, session: AsyncSession, tmp_path: Path
) -> None:
    (tmp_path / "files").write_text("a file stands where the folder should")
    problem_in(await upload(api, WHO), 503, "unavailable")
    assert await count(session, Attachment) == 0


@pytest.mark.parametrize(
    "name",
    [
        "关大婶家门口 身份证.jpg",
        "../../etc/passwd",
        "C:\\Windows\\system32\\cmd.exe",
        'a"; filename="b.exe',
        "nul\x00byte.jpg",
        "\u202egpj.exe",
        "\U0001f4f7" * 60,
        "",
        "." * 250,
        "a\r\nX-Evil: 1",
        "%00%0d%0a",
    ],
)
async def test_a_files_name_is_neither_kept_nor_trusted(
    api: Api, session: AsyncSession, tmp_path: Path, name: str
) -> None:
    record = await uploaded(api, WHO, name=name)
    row = (await session.execute(select(Attachment.__table__))).mappings().one()
    kept = "".join(map(str, [*row.values(), record, *objects(tmp_path / "files")]))
    assert not name or name not in kept
    content = await api.as_(WHO).get(f"{PATH}/{record['id']}/content")
    assert content.headers["content-disposition"] == f'attachment; filename="{record["id"]}.jpg"'


async def test_the_statements_of_each_call_are_few(api: Api, statements: Counter) -> None:
    with statements(at_most=5):
        record = await uploaded(api, WHO)
    with statements(at_most=4):
        await uploaded(api, WHO)
    with statements(at_most=6):
        await uploaded(api, WHO, data={"id": str(uuid7())})
    for path in (f"{PATH}/{record['id']}", f"{PATH}/{record['id']}/content"):
        with statements(at_most=2):
            await api.as_(WHO).get(path)


async def count(session: AsyncSession, table: Any) -> int:
    """How many rows a table has."""
    return await session.scalar(select(func.count()).select_from(table)) or 0
