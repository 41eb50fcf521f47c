"""Small pictures, and links that need no token: who gets them, and for how long."""

import asyncio
import io
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Sessions
from app.core.files import FileStore
from app.core.pictures import thumbnail
from app.models.attachment import Attachment, FileIntent
from app.services.platform import orphan_files
from tests.support import media
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.uploads import PATH, objects, uploaded
from tests.support.world import World

WHO = "grid_worker"


def photo(width: int, height: int, turn: int = 1) -> bytes:
    """A photo that is red on its left half."""
    shown = Image.new("RGB", (width, height), "white")
    shown.paste("red", (0, 0, width // 2, height))
    told, out = Image.Exif(), io.BytesIO()
    told[0x0112] = turn
    shown.save(out, "JPEG", exif=told.tobytes())
    return out.getvalue()


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


@pytest.mark.parametrize(("turn", "size"), [(1, (320, 160)), (6, (160, 320))])
async def test_a_photos_small_picture_is_small_upright_and_made_once(
    api: Api, tmp_path: Path, turn: int, size: tuple[int, int]
) -> None:
    record = await uploaded(api, WHO, photo(4000, 2000, turn))
    first = await api.as_(WHO).get(f"{PATH}/{record['id']}/thumbnail")
    assert (first.status_code, first.headers["content-type"]) == (200, "image/jpeg")
    assert opened(first.content).size == size
    assert len(first.content) < 20_000
    assert len(objects(tmp_path)) == 2
    again = await api.as_(WHO).get(f"{PATH}/{record['id']}/thumbnail")
    assert again.content == first.content
    known = {"If-None-Match": first.headers["etag"]}
    assert (await api.as_(WHO).get(f"{PATH}/{record['id']}/thumbnail", headers=known)).status_code == 304


@pytest.mark.parametrize("content", [media.mp3(), media.boxed(b"heic", b"mif1"), media.png(b"nonsense")])
async def test_what_cannot_be_made_small_says_so_each_time(api: Api, content: bytes) -> None:
    record = await uploaded(api, WHO, content)
    for _ in range(2):
        problem_in(await api.as_(WHO).get(f"{PATH}/{record['id']}/thumbnail"), 404, "no_thumbnail")


async def test_a_picture_that_would_fill_the_memory_hurts_only_the_process_that_opens_it(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = io.BytesIO()
    Image.new("1", (8_900, 8_900)).save(out, "PNG")
    record = await uploaded(api, WHO, out.getvalue())
    assert len(out.getvalue()) < 20_000
    with monkeypatch.context() as busy:
        busy.setattr(thumbnail, "SECONDS", 0.0)
        reply = await api.as_(WHO).get(f"{PATH}/{record['id']}/thumbnail")
        problem_in(reply, 503, "unavailable")
    assert (await api.get("/healthz")).status_code == 200
    small = await api.as_(WHO).get(f"{PATH}/{record['id']}/thumbnail")
    assert (small.status_code, opened(small.content).size) == (200, (320, 320))


async def test_who_waits_too_long_behind_others_pictures_is_asked_to_come_again(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thumbnail, "PATIENCE", 0.0)
    record = await uploaded(api, WHO, photo(640, 320))
    busy = asyncio.Lock()
    await busy.acquire()
    monkeypatch.setattr(thumbnail, "_turn", busy)
    for _ in range(2):
        problem_in(await api.as_(WHO).get(f"{PATH}/{record['id']}/thumbnail"), 503, "unavailable")
    busy.release()
    monkeypatch.setattr(thumbnail, "PATIENCE", 20.0)
    assert (await api.as_(WHO).get(f"{PATH}/{record['id']}/thumbnail")).status_code == 200


async def test_a_small_picture_is_seen_by_whom_the_picture_is(api: Api) -> None:
    record = await uploaded(api, WHO)
    for who in ("grid_worker_b", "dispatcher"):
        problem_in(await api.as_(who).get(f"{PATH}/{record['id']}/thumbnail"), 404, "not_found")
        problem_in(await api.as_(who).post(f"{PATH}/{record['id']}/links", json={}), 404, "not_found")


async def test_a_small_picture_goes_with_its_picture(
    api: Api, session: AsyncSession, sessions: Sessions, files: FileStore, tmp_path: Path
) -> None:
    record = await uploaded(api, WHO, photo(640, 640))
    await api.as_(WHO).get(f"{PATH}/{record['id']}/thumbnail")
    row = await session.get(Attachment, record["id"])
    assert row is not None
    session.add(FileIntent(object_key=row.object_key, created_at=clock.now() - timedelta(days=2)))
    await session.delete(row)
    await session.commit()
    assert len(objects(tmp_path)) == 2
    await orphan_files.collect(sessions, files=files)
    assert objects(tmp_path) == []


async def test_a_link_works_for_whoever_has_it_until_it_expires(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = photo(640, 320)
    record = await uploaded(api, WHO, content)
    made = (await api.as_(WHO).post(f"{PATH}/{record['id']}/links", json={"minutes": 5})).json()
    small = await api.as_(WHO).post(f"{PATH}/{record['id']}/links", json={"thumbnail": True})
    reply = await api.get(made["url"])
    assert (reply.status_code, reply.headers["content-type"]) == (200, "image/jpeg")
    assert opened(reply.content).size == (640, 320)
    assert reply.headers["cache-control"].startswith("private")
    assert opened((await api.get(small.json()["url"])).content).size == (320, 160)
    part = await api.get(made["url"], headers={"Range": "bytes=0-9"})
    assert (part.status_code, len(part.content)) == (206, 10)
    present = clock.now()
    monkeypatch.setattr(clock, "now", lambda: present + timedelta(minutes=6))
    problem_in(await api.get(made["url"]), 404, "link_expired")


async def test_who_made_a_link_and_until_when_it_works_is_on_record(api: Api, world: World) -> None:
    record = await uploaded(api, WHO)
    made = (await api.as_(WHO).post(f"{PATH}/{record['id']}/links", json={"minutes": 5})).json()
    query = f"entity=attachment&entity_id={record['id']}"
    (line,) = (await api.as_("auditor").get(f"/v1/audit-log?{query}")).json()["items"]
    assert (line["action"], line["actor_id"]) == ("attachment.link", str(world[WHO].member_id))
    assert datetime.fromisoformat(line["data"]["expires_at"]) == datetime.fromisoformat(made["expires_at"])
    assert made["url"].rpartition("/")[2] not in str(line)


async def test_a_link_that_was_changed_leads_nowhere(api: Api) -> None:
    record = await uploaded(api, WHO)
    url = (await api.as_(WHO).post(f"{PATH}/{record['id']}/links", json={})).json()["url"]
    folder, _, link = url.rpartition("/")
    assert record["id"] not in url
    for at in range(len(link)):
        changed = link[:at] + ("A" if link[at] != "A" else "B") + link[at + 1 :]
        if at < len(link) - 1:
            problem_in(await api.get(f"{folder}/{changed}"), 404, "link_expired")
    for other in ("x", "%00", "é", link + link, link[:-4]):
        problem_in(await api.get(f"{folder}/{other}"), 404, "link_expired")


async def test_a_link_ends_with_its_file_and_lasts_an_hour_at_most(api: Api, session: AsyncSession) -> None:
    record = await uploaded(api, WHO)
    longer = await api.as_(WHO).post(f"{PATH}/{record['id']}/links", json={"minutes": 61})
    problem_in(longer, 422, "invalid", "body.minutes")
    url = (await api.as_(WHO).post(f"{PATH}/{record['id']}/links", json={})).json()["url"]
    await session.execute(update(Attachment).values(id=record["id"][:-4] + "0000"))
    await session.commit()
    problem_in(await api.get(url), 404, "link_expired")
