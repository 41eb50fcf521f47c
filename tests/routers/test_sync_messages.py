"""A person's messages on their phones: new ones, what was read elsewhere, what is gone; and nobody else's."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from app.core import clock
from app.core.db import Sessions, transaction
from app.core.ids import uuid7
from app.models.message import Notification
from app.models.privacy import RetentionRule
from app.services.mobile import reader
from app.services.platform import masks
from app.services.privacy import retention
from tests.support.clients import Api
from tests.support.phones import PULL, Store, entry, outcomes, push
from tests.support.telling import URL, Telling
from tests.support.tickets import Loop
from tests.support.waiting import until_all_have_ended
from tests.support.world import World

NAME, PHONE, TITLE = "公孙保密", "13933334444", "请查处某企业夜间偷排"


def opened(message_id: Any) -> dict[str, Any]:
    """A message opened on the phone."""
    return entry("notification.read", {}, id=str(message_id))


async def told(sessions: Sessions, count: int) -> None:
    """Let the worker tell until there are so many messages."""
    async with asyncio.timeout(60):
        while True:
            await reader.run(sessions)
            async with sessions() as session:
                if (await session.scalar(select(func.count()).select_from(Notification))) == count:
                    return


async def on_the_list(api: Api, who: str) -> dict[str, dict[str, Any]]:
    """Somebody's messages, as the list shows them."""
    items = (await api.as_(who).get(URL)).json()["items"]
    return {message["id"]: message for message in items}


@pytest.mark.commits
async def test_a_message_comes_to_every_phone_and_is_read_on_all_when_it_was_read_on_one(
    api: Api, world: World, sessions: Sessions
) -> None:
    mine, other = Store(api, "dispatcher", sessions), Store(api, "dispatcher", sessions)
    await mine.sync()
    await other.sync()
    await Loop(api, world).report()
    await told(sessions, 2)
    await mine.sync()
    await other.sync()
    ((message_id, message),) = mine.kept["notifications"].items()
    assert (message["kind"], message["read_at"]) == ("to_accept", None)
    assert message["text"]
    reading = opened(message_id)
    assert outcomes(await push(api, "dispatcher", reading)) == ["applied"]
    assert outcomes(await push(api, "dispatcher", reading)) == ["already_applied"]
    for phone in (mine, other):
        await phone.sync()
        assert phone.kept["notifications"] == await on_the_list(api, "dispatcher")
        assert phone.kept["notifications"][message_id]["read_at"] is not None
    (page,) = await other.sync()
    assert "notifications" not in page


@pytest.mark.commits
async def test_what_was_read_in_a_browser_is_read_on_the_phone(
    api: Api, world: World, sessions: Sessions
) -> None:
    phone = Store(api, "dispatcher", sessions)
    for _number in range(3):
        await Loop(api, world).report()
    await told(sessions, 6)
    await phone.sync(limit=1)
    assert len(phone.kept["notifications"]) == 3
    newest = max(phone.kept["notifications"])
    await api.as_("dispatcher").post(f"{URL}/{newest}/read")
    await phone.sync()
    assert [one for one, told in phone.kept["notifications"].items() if told["read_at"]] == [newest]
    await api.as_("dispatcher").post(f"{URL}/read-all", json={})
    await phone.sync()
    assert phone.kept["notifications"] == await on_the_list(api, "dispatcher")
    assert all(message["read_at"] for message in phone.kept["notifications"].values())


@pytest.mark.commits
async def test_a_message_that_is_committed_late_is_not_skipped(
    api: Api, world: World, sessions: Sessions
) -> None:
    phone = Store(api, "dispatcher")
    await phone.sync()
    async with sessions() as late:
        slow = await put(late, world)
        async with transaction(sessions) as early:
            quick = await put(early, world)
        await phone.sync()
        await late.commit()
    await until_all_have_ended(sessions)
    await phone.sync()
    assert set(phone.kept["notifications"]) == {slow, quick}


@pytest.mark.commits
async def test_a_message_whose_time_is_over_leaves_the_phone(
    api: Api, world: World, sessions: Sessions
) -> None:
    phone, neighbour = Store(api, "dispatcher", sessions), Store(api, "dispatcher_2", sessions)
    async with transaction(sessions) as session:
        old, fresh = await put(session, world), await put(session, world)
        await session.execute(
            update(Notification)
            .where(Notification.id == old)
            .values(created_at=clock.now() - timedelta(days=3))
        )
        await session.execute(update(RetentionRule).where(RetentionRule.subject == "messages").values(days=2))
    await phone.sync()
    await neighbour.sync()
    assert set(phone.kept["notifications"]) == {old, fresh}
    await retention.run(sessions)
    await phone.sync()
    await neighbour.sync()
    assert phone.gone == [("notifications", old)]
    assert set(phone.kept["notifications"]) == {fresh}
    assert neighbour.gone == []


async def test_nobody_reads_anybody_elses_messages(api: Api, world: World, sessions: Sessions) -> None:
    telling, loop = Telling(api, sessions), Loop(api, world)
    await loop.report()
    (message,) = await telling.messages("dispatcher")
    (result,) = await push(api, "grid_worker", opened(message["id"]))
    assert (result["outcome"], result["problem"]["code"]) == ("refused", "not_found")
    assert outcomes(await push(api, "grid_worker", opened(uuid7()))) == ["refused"]
    assert (await telling.messages("dispatcher"))[0]["read_at"] is None
    phone = Store(api, "grid_worker")
    await phone.sync()
    assert phone.kept["notifications"] == {}


async def test_whoever_has_no_post_any_more_still_reads_their_messages(
    api: Api, world: World, sessions: Sessions
) -> None:
    telling, loop = Telling(api, sessions), Loop(api, world)
    await loop.report()
    (message,) = await telling.messages("dispatcher")
    ended = await api.as_("system_admin").post(f"/v1/posts/{world['dispatcher'].post_id}/end", json={})
    assert ended.status_code == 200, ended.text
    assert outcomes(await push(api, "dispatcher", opened(message["id"]))) == ["applied"]


async def test_trap_9_no_phone_of_a_handler_is_told_who_made_a_confidential_report_nor_any_message_what_it_is(
    api: Api, world: World, sessions: Sessions
) -> None:
    loop = Loop(api, world)
    contact = {"name": NAME, "phone": PHONE}
    await loop.report(confidential=True, title=TITLE, contact=contact, address="保密巷 9 号")
    telling, reporter = Telling(api, sessions), world["grid_worker"]
    who = {NAME, masks.name(NAME), PHONE, PHONE[-4:], reporter.name, str(reporter.member_id)}
    for status in ("accepted", "dispatched", "processing", "resolved"):
        await loop.to(status)
        await telling.tell()
    for person in ("dept_handler", "dept_head", "dept_handler_2", "dispatcher", "revisit_agent"):
        page = await api.as_(person).get(PULL)
        messages = page.json()["notifications"]["items"]
        assert not [word for word in {*who, TITLE, "保密巷"} if word in str(messages)], person
        if person.startswith("dept"):
            assert loop.id in page.text
            assert not [word for word in who if word in page.text], person
    assert await telling.messages("dept_handler")


async def put(session: Any, world: World) -> str:
    """A message to the dispatcher, about no ticket in particular."""
    message_id = uuid7()
    values = {
        "id": message_id,
        "member_id": world["dispatcher"].member_id,
        "category": "registry",
        "kind": "transfer.create",
        "entity": "transfer",
        "entity_id": uuid7(),
        "data": {},
        "created_at": clock.now(),
    }
    await session.execute(insert(Notification).values(**values))
    return str(message_id)
