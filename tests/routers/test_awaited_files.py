"""Photos that a record names before they are there: reported in the lift, sent from the office."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Sessions
from app.core.ids import uuid7
from app.models.platform import Outbox
from app.models.ticket import Category
from app.models.upload import AwaitedFile
from app.services.mobile import awaited
from tests.support import households, media
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.tickets import Loop
from tests.support.tus import Phone
from tests.support.uploads import upload, uploaded
from tests.support.visits import body, recorded
from tests.support.world import World

WHO = "grid_worker"


@pytest.fixture
def loop(api: Api, world: World) -> Loop:
    """A ticket of the grid worker's, not reported yet."""
    return Loop(api, world)


def later(purpose: str = "before") -> dict[str, Any]:
    """A photo as a step names it that has none yet."""
    return {"id": str(uuid7()), "purpose": purpose, "arrives_later": True}


async def shown(loop: Loop) -> list[tuple[str, str]]:
    return [(one["id"], one["purpose"]) for one in (await loop.read())["attachments"]]


@pytest.mark.parametrize("way", ["tus", "form"])
async def test_a_photo_that_comes_after_the_report_is_linked_when_it_comes(
    api: Api, loop: Loop, session: AsyncSession, way: str
) -> None:
    photo = later()
    told = await loop.report(attachments=[photo])
    assert told["attachments"] == []
    coming = (await loop.read())["awaited_attachments"]
    assert [(one["purpose"], one["event_seq"]) for one in coming] == [("before", 1)]
    assert photo["id"] not in str(coming)
    waits = (await api.as_(WHO).get("/v1/uploads/awaited")).json()["items"]
    assert [(one["attachment_id"], one["ticket_id"]) for one in waits] == [(photo["id"], loop.id)]
    if way == "tus":
        phone = Phone(api, WHO, media.jpeg())
        phone.id = photo["id"]
        await phone.create(media.jpeg())
    else:
        await upload(api, WHO, data={"id": photo["id"]})
    assert await shown(loop) == [(photo["id"], "before")]
    assert (await loop.read())["awaited_attachments"] == []
    assert (await api.as_("dispatcher").get(f"/v1/attachments/{photo['id']}/content")).status_code == 200
    assert (await api.as_(WHO).get("/v1/uploads/awaited")).json() == {"items": []}
    news = select(func.count()).where(Outbox.topic == awaited.TICKET_TOPIC)
    assert await session.scalar(news) == 1


async def test_a_photo_that_came_before_may_be_said_to_come_later(api: Api, loop: Loop) -> None:
    photo = {**later(), "id": (await uploaded(api, WHO))["id"]}
    await loop.report(attachments=[photo])
    assert await shown(loop) == [(photo["id"], "before")]
    assert (await api.as_(WHO).get("/v1/uploads/awaited")).json() == {"items": []}


async def test_nobody_else_can_send_the_photo_that_is_waited_for(api: Api, loop: Loop) -> None:
    photo = later()
    await loop.report(attachments=[photo])
    await upload(api, "grid_worker_b", data={"id": photo["id"]})
    assert await shown(loop) == []
    problem_in(await upload(api, WHO, data={"id": photo["id"]}), 409, "attachment_exists")


async def test_a_matter_mended_on_the_spot_may_send_its_photos_afterwards(
    api: Api, loop: Loop, session: AsyncSession
) -> None:
    await session.execute(update(Category).values(self_handled=True))
    await session.commit()
    await loop.report()
    before, after = later("before"), later("after")
    done = await loop.act(WHO, action="self_resolve", measures="当场清运", attachments=[before, after])
    assert done["attachments"] == []
    for photo in (after, before):
        await upload(api, WHO, data={"id": photo["id"]})
    assert {purpose for _id, purpose in await shown(loop)} == {"before", "after"}


async def test_a_visits_photos_may_come_before_and_after_it(
    api: Api, session: AsyncSession, world: World
) -> None:
    home = await households.add(session, world, world.places["grid_a1"], 1)
    early, late = (await uploaded(api, WHO))["id"], str(uuid7())
    sent = body(world, home, awaited_attachment_ids=[early, late])
    visit = await recorded(api, WHO, sent)
    assert visit["attachment_ids"] == [early]
    seen = (await api.as_("village_admin").get(f"/v1/visits/{visit['id']}")).json()
    assert seen["awaited_attachment_count"] == 1
    await upload(api, WHO, media.png(), data={"id": late})
    seen = (await api.as_(WHO).get(f"/v1/visits/{visit['id']}")).json()
    assert set(seen["attachment_ids"]) == {early, late}
    assert seen["awaited_attachment_count"] == 0


async def test_what_does_not_come_for_two_weeks_is_waited_for_no_longer(
    api: Api, loop: Loop, session: AsyncSession, sessions: Sessions
) -> None:
    photo = later()
    await loop.report(attachments=[photo])
    assert await awaited.give_up(sessions) == 0
    await session.execute(update(AwaitedFile).values(created_at=clock.now() - timedelta(days=15)))
    await session.commit()
    assert await awaited.give_up(sessions) == 1
    await upload(api, WHO, data={"id": photo["id"]})
    assert await shown(loop) == []


@pytest.mark.commits
async def test_a_photo_and_the_report_that_names_it_may_come_at_the_same_moment(
    api: Api, world: World
) -> None:
    for _round in range(5):
        loop, photo = Loop(api, world), later()
        new = str(uuid7())
        report = loop.body(id=new, title=f"垃圾 {new}", attachments=[photo])
        told, sent = await asyncio.gather(
            api.as_(WHO).post("/v1/tickets", json=report), upload(api, WHO, data={"id": photo["id"]})
        )
        assert (told.status_code, sent.status_code) == (201, 201)
        seen = (await api.as_(WHO).get(f"/v1/tickets/{new}")).json()
        assert [one["id"] for one in seen["attachments"]] == [photo["id"]]
