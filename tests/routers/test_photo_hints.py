"""What a photo tells of itself: recorded as a hint, and gone from every copy."""

from datetime import datetime

import pytest

from tests.support.clients import Api
from tests.support.photos import LAT, LNG, SECRET, TAKEN, picture
from tests.support.problems import problem_in
from tests.support.tickets import Loop
from tests.support.tus import Phone
from tests.support.uploads import PATH, upload, uploaded
from tests.support.world import World

WHO = "grid_worker"


async def test_time_place_and_size_are_recorded_and_what_is_downloaded_tells_nothing(api: Api) -> None:
    content = picture()
    record = await uploaded(api, WHO, content)
    assert datetime.fromisoformat(record["taken_at"]) == TAKEN
    assert (record["lng"], record["lat"]) == (pytest.approx(LNG, abs=1e-4), pytest.approx(LAT, abs=1e-4))
    assert (record["width"], record["height"]) == (64, 48)
    reply = await api.as_(WHO).get(f"{PATH}/{record['id']}/content")
    assert len(reply.content) == record["size"] < len(content)
    assert SECRET in content
    assert SECRET not in reply.content
    assert b"Exif" not in reply.content


async def test_the_same_photo_from_two_people_is_kept_once_and_tells_both_the_same(api: Api) -> None:
    first, second = await uploaded(api, WHO, picture()), await uploaded(api, "grid_worker_b", picture())
    told = ("sha256", "size", "taken_at", "lng", "lat", "width", "height")
    assert [first[name] for name in told] == [second[name] for name in told]
    reply = await api.as_("grid_worker_b").get(f"{PATH}/{second['id']}/content")
    assert SECRET not in reply.content


async def test_a_resumed_photo_is_cleaned_like_any_other(api: Api) -> None:
    phone = Phone(api, WHO, picture())
    await phone.create(phone.content[:700])
    await phone.send(700)
    assert (await phone.attachment())["taken_at"] is not None
    assert SECRET not in await phone.stored()


async def test_a_photo_that_is_cut_off_is_refused_by_either_way(api: Api) -> None:
    content = picture()[:-40]
    problem_in(await upload(api, WHO, content), 422, "broken_picture")
    phone = Phone(api, WHO, content)
    problem_in(await phone.create(content), 422, "broken_picture")
    assert (await phone.state())["fault"] == "broken_picture"


async def test_trap_9_a_photos_place_tells_no_handler_who_reported_confidentially(
    api: Api, world: World
) -> None:
    told = {}
    for confidential in (True, False):
        photo = await uploaded(api, WHO, picture("JPEG"))
        loop = Loop(api, world)
        await loop.report(confidential=confidential, attachments=[{"id": photo["id"], "purpose": "before"}])
        await loop.to("processing")
        for who in ("dept_handler", "dispatcher", WHO):
            found = (await api.as_(who).get(f"{PATH}/{photo['id']}")).json()
            told[who, confidential] = [found[name] is not None for name in ("taken_at", "lng", "lat")]
    assert told.pop(("dept_handler", True)) == [False] * 3
    assert set(map(tuple, told.values())) == {(True, True, True)}
