"""What messages say and to whom: what a client may know when they are sent, and nothing of anybody else."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, text, update

from app.core import clock
from app.core.db import Sessions, transaction
from app.models.access import ApiClient, ApiClientArea, ApiToken
from app.models.ticket import Ticket
from app.services.exchange.webhooks import excerpts
from app.services.privacy import erasure
from tests.support.clients import Api
from tests.support.hooks import Post, Receiver, answer, replayed
from tests.support.third_parties import registered_as
from tests.support.tickets import REPORT, Loop
from tests.support.world import World

pytestmark = pytest.mark.commits
STEPS = ["report", "accept", "dispatch", "sign", "resolve", "revisit", "evaluate", "close"]


@pytest.fixture
def loop(api: Api, world: World) -> Loop:
    """A ticket of village A."""
    return Loop(api, world)


@pytest.mark.parametrize(
    ("wanted", "types"),
    [
        ({"event_types": ["ticket.accept", "ticket.close"]}, ["ticket.accept"]),
        ({"category_code": "0501"}, ["ticket.report", "ticket.accept"]),
        ({"category_code": "05"}, ["ticket.report", "ticket.accept"]),
        ({"category_code": "0502"}, []),
        ({"area": "grid_a1"}, ["ticket.report", "ticket.accept"]),
        ({"area": "grid_a2"}, []),
    ],
)
async def test_a_subscription_is_told_of_what_it_asked_for(
    post: Post, hook: Receiver, loop: Loop, world: World, wanted: dict[str, Any], types: list[str]
) -> None:
    if "area" in wanted:
        wanted = {"area_id": str(world.places[wanted["area"]].id)}
    webhook = await post.subscribe(hook.url, **wanted)
    await loop.to("accepted")
    await post.deliver(webhook)
    assert hook.types == types


async def test_those_whose_category_a_ticket_leaves_are_told_and_hear_of_it_no_more(
    post: Post, hook: Receiver, loop: Loop, sessions: Sessions
) -> None:
    old = await post.subscribe(hook.url, category_code="0501", payload="full")
    await loop.report()
    await loop.act("dispatcher", action="accept", category_code="0502")
    await loop.act("dispatcher", action="dispatch", org_id=str(loop._world.orgs["urban"].id))
    new = await post.subscribe(hook.url, category_code="0502")
    await post.deliver(old)
    assert hook.types == ["ticket.report", "ticket.accept"]
    assert hook.got[-1].data["ticket"]["category_code"] == "0502"
    hook.got.clear()
    await replayed(sessions, new, (clock.now() - timedelta(hours=1)).isoformat())
    await post.carry(new)
    assert hook.types == ["ticket.accept", "ticket.dispatch"]


async def test_a_draft_is_nobodys_news_until_it_is_sent(post: Post, hook: Receiver, loop: Loop) -> None:
    webhook = await post.subscribe(hook.url)
    await loop.report(draft=True)
    await loop.act("grid_worker", action="withdraw")
    assert await post.deliver(webhook) == 0
    await loop.report(draft=True)
    await loop.act("grid_worker", action="submit")
    await loop.act("grid_worker", action="withdraw")
    await post.deliver(webhook)
    assert hook.types == ["ticket.submit", "ticket.withdraw"]


async def test_a_token_of_village_a_never_gets_news_of_village_b(
    api: Api, post: Post, hook: Receiver, loop: Loop, world: World, sessions: Sessions
) -> None:
    village, town = await post.subscribe(hook.url), world.places["town"]
    whole = await post.subscribe(hook.url, area_id=str(town.id))
    foreign = await post.subscribe(hook.url, area_id=str(world.places["village_b"].id))
    await loop.report()
    there = loop.body(area_id=str(world.places["grid_b1"].id), location=None)
    reply = await api.as_("grid_worker_b").post("/v1/tickets", json=there)
    assert reply.status_code == 201
    await post.deliver(village, whole, foreign)
    since = (clock.now() - timedelta(hours=1)).isoformat()
    for webhook in (village, whole, foreign):
        await replayed(sessions, webhook, since)
        await post.carry(webhook)
    assert {got.data["ticket_id"] for got in hook.got} == {loop.id}
    assert reply.json()["id"] not in str([got.body for got in hook.got])


async def test_a_ticket_that_leaves_the_village_is_told_to_have_left_and_no_more(
    post: Post, hook: Receiver, loop: Loop, world: World
) -> None:
    await post.give("title", "content", "address", "opinion")
    webhook = await post.subscribe(hook.url, payload="full")
    await loop.to("accepted")
    there = str(world.places["grid_b1"].id)
    await loop.act("dispatcher", action="change", area_id=there, opinion="实际在河清村地界")
    await loop.act("dispatcher", action="dispatch", org_id=str(world.orgs["urban"].id))
    await post.deliver(webhook)
    assert hook.types == ["ticket.report", "ticket.accept", "ticket.change"]
    for got in hook.got:
        assert got.data == {"ticket_id": loop.id, "seq": got.data["seq"], "left_area": True}
        assert there not in got.body.decode()


async def test_an_organisations_system_is_told_of_what_it_has_and_of_its_going_away(
    api: Api, post: Post, hook: Receiver, loop: Loop, world: World
) -> None:
    await registered_as(api, world, "执法系统", "town", org="urban")
    webhook = await post.subscribe(hook.url, "执法系统")
    await loop.to("processing")
    await post.deliver(webhook)
    assert hook.types == ["ticket.dispatch", "ticket.sign"]
    fire = {"action": "reroute", "org_id": str(world.orgs["fire"].id), "opinion": "归口消防"}
    await loop.act("dispatcher", **fire)
    await loop.act("dept_handler_fire", action="sign")
    await post.deliver(webhook)
    assert hook.types[2:] == ["ticket.reroute"]
    assert hook.got[-1].data == {"ticket_id": loop.id, "seq": hook.got[-1].data["seq"], "left_area": True}


@pytest.mark.parametrize(
    "way",
    [
        "token revoked",
        "token ended",
        "token without the scope",
        "token of a part of the area",
        "client disabled",
        "client ended",
        "client without the scope",
        "client kept to another area",
    ],
)
async def test_what_a_client_may_not_see_any_more_is_not_sent_even_if_it_waits(
    post: Post, hook: Receiver, loop: Loop, world: World, sessions: Sessions, way: str
) -> None:
    webhook = await post.subscribe(hook.url)
    await loop.report()
    await post.collect()
    part, elsewhere = world.places["grid_a1"].id, world.places["village_b"].id
    change: Any = {
        "token revoked": update(ApiToken).values(revoked_at=clock.now()),
        "token ended": update(ApiToken).values(expires_at=clock.now()),
        "token without the scope": update(ApiToken).values(scopes=["areas:read"]),
        "token of a part of the area": update(ApiToken).values(area_id=part),
        "client disabled": update(ApiClient).values(status="disabled"),
        "client ended": update(ApiClient).values(expires_at=clock.now()),
        "client without the scope": update(ApiClient).values(scopes=["areas:read"]),
        "client kept to another area": insert(ApiClientArea).values(
            client_id=world.client.id, area_id=elsewhere
        ),
    }[way]
    async with transaction(sessions) as session:
        await session.execute(change)
    await loop.to("accepted")
    assert await post.deliver(webhook) == 0
    assert hook.got == []
    assert len(await post.log(webhook)) == 1, "nothing new was made for it"
    since = (clock.now() - timedelta(hours=1)).isoformat()
    assert await replayed(sessions, webhook, since) == 0


async def test_a_message_that_waited_says_what_may_be_said_when_it_is_sent(
    post: Post, hook: Receiver, loop: Loop, sessions: Sessions
) -> None:
    await post.give("title", "content", "address", "opinion")
    webhook = await post.subscribe(hook.url, payload="full")
    await loop.report()
    await loop.act("dispatcher", action="accept", opinion="请保护举报人关大婶")
    await post.collect()
    await post.give("title", "opinion")
    async with transaction(sessions) as session:
        await erasure._texts_of_tickets(session, [UUID(loop.id)])
    await post.carry(webhook)
    told = "".join(got.body.decode() for got in hook.got)
    assert hook.types == ["ticket.report", "ticket.accept"]
    assert not [
        mark for mark in (REPORT["title"], REPORT["content"], "沙龙路", "关大婶") if str(mark) in told
    ]
    assert "content" not in hook.got[0].data["ticket"]


async def test_trap_9_a_message_that_waited_says_nothing_of_a_ticket_that_became_confidential(
    post: Post, hook: Receiver, loop: Loop, sessions: Sessions
) -> None:
    await post.give("title", "content", "address", "location", "opinion")
    webhook = await post.subscribe(hook.url, payload="full")
    await loop.to("accepted")
    await post.collect()
    async with transaction(sessions) as session:
        await session.execute(update(Ticket).values(confidential=True))
    await post.carry(webhook)
    assert hook.types == ["ticket.report", "ticket.accept"]
    for got in hook.got:
        assert got.data["actor_role"] is None
        assert not got.data["ticket"].keys() & {"title", "content", "address", "location"}
        assert "opinion" not in got.data


async def test_trap_9_no_message_tells_of_a_confidential_reporter_or_of_what_the_report_says(
    post: Post, hook: Receiver, loop: Loop, world: World
) -> None:
    await post.give("title", "content", "address", "location", "opinion", "measures", "public_reply")
    webhook = await post.subscribe(hook.url, payload="full")
    await loop.report(confidential=True)
    for who, body in loop.story():
        await loop.act(who, **body, **({"opinion": "请保护举报人关大婶"} if body["action"] == "sign" else {}))
    await post.deliver(webhook)
    told = "".join(got.body.decode() for got in hook.got)
    worker = world["grid_worker"]
    secret = (
        str(worker.member_id),
        worker.name,
        "grid_worker",
        "关大婶",
        "1381234",
        "沙龙路",
        "清运",
        "113.0",
    )
    assert len(hook.got) == len(STEPS)
    assert not [mark for mark in secret if mark in told]
    assert str(REPORT["title"]) not in told


async def test_no_message_tells_who_reported_who_acted_or_whom_to_call(
    post: Post, hook: Receiver, loop: Loop, world: World
) -> None:
    await post.give("title", "content", "address", "location", "opinion", "measures", "public_reply")
    webhook = await post.subscribe(hook.url, payload="full")
    await loop.to("closed")
    await post.deliver(webhook)
    told = "".join(got.body.decode() for got in hook.got)
    assert str(REPORT["title"]) in told
    people = [mark for person in world.people.values() for mark in (str(person.member_id), person.name)]
    assert not [mark for mark in (*people, "关大婶", "关*", "13812345678", "***") if mark in told]


async def test_a_number_that_stands_in_a_text_is_starred_whatever_the_client_was_given(
    post: Post, hook: Receiver, loop: Loop
) -> None:
    await post.give("title", "content", "opinion")
    webhook = await post.subscribe(hook.url, payload="full")
    await loop.report(
        title="请回电 138 1234 5678", content="来电人 13812345678，证件 44068119900101123X，灯杆 10086001。"
    )
    await loop.act("dispatcher", action="accept", opinion="已致电 138-1234-5678 核实")
    await post.deliver(webhook)
    ticket = hook.got[-1].data["ticket"]
    assert ticket["title"] == "请回电 ***"
    assert ticket["content"] == "来电人 ***，证件 ***，灯杆 10086001。"
    assert hook.got[-1].data["opinion"] == "已致电 *** 核实"


async def test_an_answer_that_repeats_the_message_leaves_nothing_of_it_in_the_log(
    post: Post, hook: Receiver, loop: Loop, sessions: Sessions
) -> None:
    await post.give("title", "content", "address")
    webhook = await post.subscribe(hook.url, payload="full")
    hook.answers = lambda got: answer(500, b"cannot read " + got.body)
    await loop.report()
    await post.deliver(webhook)
    (row,) = await post.log(webhook)
    assert (row["status"], row["excerpt"]) == (500, excerpts.REPEATED)
    async with sessions() as session:
        kept = "".join(await session.scalars(text("SELECT t::text FROM webhook_delivery AS t")))
    assert not [mark for mark in (REPORT["title"], REPORT["content"], "沙龙路") if str(mark) in kept]


async def test_a_full_message_has_the_fields_that_the_client_was_given_and_a_thin_one_has_none(
    post: Post, hook: Receiver, loop: Loop
) -> None:
    await post.give("title")
    thin, full = await post.subscribe(hook.url), await post.subscribe(hook.url, payload="full")
    await loop.report()
    await post.deliver(thin, full)
    assert "ticket" not in hook.got[0].data
    ticket = hook.got[1].data["ticket"]
    assert ticket["title"] == REPORT["title"]
    assert ticket["no"]
    assert not ticket.keys() & {"content", "address", "location", "contact", "reporter_id", "household_id"}
