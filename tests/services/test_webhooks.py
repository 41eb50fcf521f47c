"""Webhooks on real receivers: signed, in order, at least once, to those who may know and to nobody else."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from standardwebhooks import WebhookVerificationError

from app.core import clock
from app.core.db import Sessions, transaction
from app.core.ids import uuid7
from app.core.writes import together
from app.schemas.webhook import PingMessage, TicketMessage
from app.services.exchange.webhooks import fanout, sending
from app.services.platform import outbox
from tests.support.clients import Api
from tests.support.hooks import PATH, Later, Post, Receiver, answer, dead_port, id_of, replayed
from tests.support.orders import ORDER, push
from tests.support.third_parties import mapped, registered_as
from tests.support.tickets import Loop
from tests.support.world import World

pytestmark = pytest.mark.commits
STEPS = ["report", "accept", "dispatch", "sign", "resolve", "revisit", "evaluate", "close"]


@pytest.fixture
def loop(api: Api, world: World) -> Loop:
    """A ticket of village A."""
    return Loop(api, world)


async def test_every_step_of_a_ticket_comes_once_in_order_and_with_a_signature_that_holds(
    post: Post, hook: Receiver, loop: Loop
) -> None:
    webhook = await post.subscribe(hook.url)
    await loop.to("closed")
    assert await post.deliver(webhook) == len(STEPS)
    assert hook.types == [f"ticket.{step}" for step in STEPS]
    assert hook.seqs(loop.id) == list(range(1, 9))
    for got in hook.got:
        message = TicketMessage.model_validate(got.verified(webhook["secret"]))
        assert message.data.left_area is False
    assert len({got.headers["webhook-id"] for got in hook.got}) == len(STEPS)
    assert [(row["state"], row["status"]) for row in await post.log(webhook)] == [("delivered", 204)] * 8
    assert await post.deliver(webhook) == 0
    assert (await post.read(webhook))["delivered_at"]


async def test_a_sender_hears_of_its_tickets_by_its_own_numbers_and_in_its_own_words(
    api: Api, post: Post, hook: Receiver, loop: Loop, world: World
) -> None:
    await registered_as(api, world, "别的热线", "village_a")
    await mapped(api, world.client.id, statuses={"reported": "待受理"})
    webhook = await post.subscribe(hook.url)
    loop.id, ref = (await push(api))["id"], ORDER["external_ref"]
    await loop.to("accepted")
    foreign = await push(api, "别的热线", content="别的热线的同号工单")
    await post.deliver(webhook)
    told = {(got.data["ticket_id"], got.data["external_ref"], got.data["status_word"]) for got in hook.got}
    assert told == {(loop.id, ref, "待受理"), (loop.id, ref, "已受理待推送"), (foreign["id"], None, "待受理")}


async def test_somebody_elses_secret_or_a_changed_body_does_not_verify(
    post: Post, hook: Receiver, loop: Loop
) -> None:
    webhook, other = await post.subscribe(hook.url), await post.subscribe(hook.url)
    await loop.report()
    await post.deliver(webhook)
    (got,) = hook.got
    with pytest.raises(WebhookVerificationError):
        got.verified(other["secret"])
    with pytest.raises(WebhookVerificationError):
        type(got)(got.headers, got.body.replace(b"report", b"accept")).verified(webhook["secret"])


async def test_while_a_secret_is_on_its_way_out_both_sign_and_afterwards_the_new_one_alone(
    api: Api, post: Post, hook: Receiver, loop: Loop, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook, later = await post.subscribe(hook.url), Later(monkeypatch, world)
    reply = await api.as_("system_admin").post(f"{PATH}/{webhook['id']}/secret", json={"overlap_hours": 2})
    secret = reply.json()["secret"]
    await loop.report()
    await post.deliver(webhook)
    assert hook.got[0].headers["webhook-signature"].count("v1,") == 2
    for each in (webhook["secret"], secret):
        assert hook.got[0].verified(each)
    later.on(timedelta(hours=2))
    await loop.to("accepted")
    await post.deliver(webhook)
    assert hook.got[1].headers["webhook-signature"].count("v1,") == 1


async def test_a_message_that_failed_holds_back_its_ticket_and_no_other(
    post: Post, hook: Receiver, loop: Loop, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook, later = await post.subscribe(hook.url), Later(monkeypatch, world)
    await loop.to("accepted")
    other = await loop.another()
    hook.answers = lambda got: answer(500 if got.data["ticket_id"] == loop.id else 200)
    await post.deliver(webhook)
    assert hook.seqs(loop.id) == [1]
    assert hook.seqs(other.id) == [1]
    failed = hook.got[[got.data["ticket_id"] for got in hook.got].index(loop.id)]
    hook.got.clear()
    hook.answers = lambda _got: answer(200)
    assert await post.carry(webhook) == 0, "the first wait is a minute"
    later.on(timedelta(minutes=1, seconds=1))
    assert await post.overdue() == [id_of(webhook)]
    assert await post.carry(webhook) == 2
    assert hook.seqs(loop.id) == [1, 2]
    assert hook.got[0].headers["webhook-id"] == failed.headers["webhook-id"]
    assert hook.got[0].headers["webhook-timestamp"] != failed.headers["webhook-timestamp"]
    assert await post.overdue() == []


async def test_a_step_that_commits_late_still_comes_after_the_one_before_it(
    post: Post, hook: Receiver, loop: Loop, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fanout, "CHUNK", 1)
    webhook = await post.subscribe(hook.url)
    await loop.to("accepted")
    await post.deliver(webhook)
    async with sessions() as early:
        # Takes its number first, and is the second to take the ticket.
        await early.execute(text("SELECT pg_current_xact_id()"))
        async with transaction(sessions) as first:
            await _step(first, loop.id, 3)
        await _step(early, loop.id, 4)
        assert await fanout.run(sessions) == 0, "somebody who began before is not done"
        await early.commit()
    await post.collect()
    async with sessions() as session:
        made = text("SELECT seq FROM webhook_delivery ORDER BY CAST(CAST(xmin AS text) AS bigint)")
        written = text("SELECT CAST(data ->> 'seq' AS integer) FROM outbox ORDER BY txid, id")
        assert (await session.scalars(made)).all()[-2:] == [3, 4]
        assert (await session.scalars(written)).all()[-2:] == [4, 3], "as a reader by number would see them"
    await post.carry(webhook)
    assert hook.seqs(loop.id) == [1, 2, 3, 4]


async def test_a_run_that_is_killed_before_it_could_write_sends_again_under_the_same_id(
    post: Post, hook: Receiver, loop: Loop, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook, later = await post.subscribe(hook.url), Later(monkeypatch, world)
    await loop.report()
    await post.collect()
    hook.hangs = True
    killed = asyncio.create_task(post.carry(webhook))
    await hook.waiting.wait()
    killed.cancel()
    with pytest.raises(asyncio.CancelledError):
        await killed
    hook.hangs = False
    assert await post.carry(webhook) == 0, "the dead run's lease still holds"
    later.on(timedelta(minutes=4))
    assert await post.overdue() == [id_of(webhook)]
    assert await post.carry(webhook) == 1
    assert hook.got[0].headers["webhook-id"] == hook.got[1].headers["webhook-id"]


async def test_two_runs_at_once_send_everything_once(post: Post, hook: Receiver, loop: Loop) -> None:
    webhook = await post.subscribe(hook.url)
    for _number in range(5):
        await loop.another()
    await post.collect()
    await asyncio.gather(*(post.carry(webhook) for _number in range(4)))
    assert len(hook.got) == 5


async def test_a_worker_that_is_told_to_stop_does_not_wait_for_a_receiver(
    post: Post, hook: Receiver, loop: Loop
) -> None:
    webhook = await post.subscribe(hook.url)
    await loop.report()
    await post.collect()
    hook.hangs = True
    going = asyncio.create_task(post.carry(webhook))
    await hook.waiting.wait()
    post.leave.set()
    async with asyncio.timeout(2):
        assert await going == 0
    assert [row["attempts"] for row in await post.log(webhook)] == [0]


async def test_a_receiver_that_is_dead_for_three_days_is_switched_off_and_administrators_are_told(
    api: Api, post: Post, loop: Loop, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook, later = await post.subscribe(f"http://127.0.0.1:{dead_port()}/"), Later(monkeypatch, world)
    await loop.report()
    await post.deliver(webhook)
    assert [row["failure"] for row in await post.log(webhook)] == ["unreachable"]
    for wait in ("1m", "5m", "30m", "2h", "5h", "10h", "12h", "18h", "24h"):
        assert (await post.read(webhook))["state"] == "active"
        later.on(_span(wait) - timedelta(seconds=2))
        await post.carry(webhook)
        later.on(timedelta(seconds=3))
        await post.carry(webhook)
    found = await post.read(webhook)
    assert (found["state"], found["disabled_reason"]) == ("disabled", "unreachable")
    assert [(row["state"], row["attempts"]) for row in await post.log(webhook)] == [("waiting", 10)]
    audited = await api.as_("auditor").get("/v1/audit-log", params={"action": "webhook.disable"})
    assert [row["entity_id"] for row in audited.json()["items"]] == [webhook["id"]]


async def test_a_receiver_that_says_410_is_switched_off_at_once_and_can_be_switched_on_again(
    api: Api, post: Post, hook: Receiver, loop: Loop
) -> None:
    webhook = await post.subscribe(hook.url)
    await loop.report()
    hook.answers = lambda _got: answer(410)
    await post.deliver(webhook)
    assert (await post.read(webhook))["disabled_reason"] == "gone"
    await loop.to("accepted")
    hook.answers = lambda _got: answer(200)
    assert await post.deliver(webhook) == 0
    reply = await api.as_("system_admin").patch(f"{PATH}/{webhook['id']}", json={"active": True})
    assert (reply.json()["state"], reply.json()["disabled_at"]) == ("active", None)
    assert await post.carry(webhook) == 1, "what waited goes out; what happened meanwhile is replayed"


async def test_a_dead_receiver_is_asked_a_few_times_a_minute_however_much_waits_for_it(
    post: Post, hook: Receiver, loop: Loop, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook, later = await post.subscribe(hook.url), Later(monkeypatch, world)
    for _number in range(20):
        await loop.another()
    hook.answers = lambda _got: answer(503)
    await post.deliver(webhook)
    asked = len(hook.got)
    assert asked < 20
    await loop.report()
    assert await post.deliver(webhook) == 0
    assert len(hook.got) == asked, "news do not wake it"
    hook.answers = lambda _got: answer(200)
    later.on(timedelta(minutes=2))
    assert await post.overdue() == [id_of(webhook)]
    assert await post.carry(webhook) == 21


async def test_a_receiver_that_asks_for_a_pause_has_it_and_then_gets_everything(
    post: Post, hook: Receiver, loop: Loop, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook, later = await post.subscribe(hook.url), Later(monkeypatch, world)
    for _number in range(sending.AT_ONCE * 2):
        await loop.another()
    hook.answers = lambda _got: answer(429, b"", **{"Retry-After": "600"})
    await post.deliver(webhook)
    assert len(hook.got) <= sending.AT_ONCE, "those that were on their way"
    hook.answers = lambda _got: answer(200)
    later.on(timedelta(minutes=9))
    assert await post.overdue() == []
    assert await post.carry(webhook) == 0
    later.on(timedelta(minutes=2))
    assert await post.overdue() == [id_of(webhook)]
    assert await post.carry(webhook) == sending.AT_ONCE * 2


async def test_one_poisoned_ticket_is_given_up_after_three_days_and_its_later_steps_go_out(
    post: Post, hook: Receiver, loop: Loop, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook, later = await post.subscribe(hook.url), Later(monkeypatch, world)
    await loop.report()
    hook.answers = lambda got: answer(500 if got.data.get("seq") == 1 else 200)
    await post.deliver(webhook)
    for wait in ("1m", "5m", "30m", "2h", "5h", "10h", "12h", "18h", "24h"):
        await _ping(post, webhook)
        later.on(_span(wait) + timedelta(seconds=1))
        await post.carry(webhook)
    await loop.to("accepted")
    assert await post.deliver(webhook) == 1
    assert hook.got[-1].data["seq"] == 2
    assert (await post.read(webhook))["state"] == "active"
    assert {row["state"] for row in await post.log(webhook) if row["seq"] == 1} == {"failed"}


async def test_everything_since_a_moment_is_sent_again_in_order_and_under_the_same_ids(
    api: Api,
    post: Post,
    hook: Receiver,
    loop: Loop,
    sessions: Sessions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fanout, "CHUNK", 1)
    webhook = await post.subscribe(hook.url)
    await loop.to("dispatched")
    await post.deliver(webhook)
    first = [got.headers["webhook-id"] for got in hook.got]
    hook.got.clear()
    since = (clock.now() - timedelta(hours=1)).isoformat()
    reply = await api.as_("system_admin").post(f"{PATH}/{webhook['id']}/replay", json={"since": since})
    assert reply.status_code == 202, reply.text
    assert await replayed(sessions, webhook, since) == 3
    assert await post.carry(webhook) == 3
    assert [got.headers["webhook-id"] for got in hook.got] == first
    late = await post.subscribe(hook.url)
    assert await replayed(sessions, late, since) == 3, "also what happened before there was a subscription"


async def test_a_replay_does_not_wait_for_what_had_failed_before(
    post: Post, hook: Receiver, loop: Loop, sessions: Sessions, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook, later = await post.subscribe(hook.url), Later(monkeypatch, world)
    since = (clock.now() - timedelta(hours=1)).isoformat()
    await loop.to("accepted")
    hook.answers = lambda _got: answer(500)
    await post.deliver(webhook)
    for minutes in (1, 5):
        later.on(timedelta(minutes=minutes, seconds=1))
        await post.carry(webhook)
    hook.answers = lambda _got: answer(200)
    assert await post.carry(webhook) == 0, "the next attempt is in half an hour"
    await replayed(sessions, webhook, since)
    hook.got.clear()
    assert await post.carry(webhook) == 2
    assert hook.seqs(loop.id) == [1, 2]


async def test_a_replay_beside_live_news_loses_nothing_and_keeps_the_order(
    post: Post, hook: Receiver, loop: Loop, sessions: Sessions
) -> None:
    webhook, loops = await post.subscribe(hook.url), [await loop.another() for _number in range(6)]
    since = (clock.now() - timedelta(hours=1)).isoformat()

    async def again() -> None:
        for _number in range(8):
            await replayed(sessions, webhook, since)

    async def live() -> None:
        for each in loops:
            await each.to("dispatched")

    async def carried() -> None:
        for _number in range(8):
            await fanout.run(sessions)
            await post.carry(webhook)

    await asyncio.gather(again(), live(), carried(), carried())
    await post.deliver(webhook)
    for each in loops:
        assert list(dict.fromkeys(hook.seqs(each.id))) == [1, 2, 3]
    assert {row["state"] for row in await post.log(webhook)} == {"delivered"}


async def test_a_test_message_arrives_and_one_waits_at_a_time(api: Api, post: Post, hook: Receiver) -> None:
    webhook = await post.subscribe(hook.url)
    address = f"{PATH}/{webhook['id']}/test"
    made = await api.as_("system_admin").post(address)
    assert made.status_code == 202
    assert (await api.as_("system_admin").post(address)).json()["code"] == "test_waiting"
    assert await post.carry(webhook) == 1
    message = PingMessage.model_validate(hook.got[0].verified(webhook["secret"]))
    assert (message.type, str(message.data.webhook_id)) == ("webhook.test", webhook["id"])
    assert hook.got[0].headers["webhook-id"] == made.json()["message_id"]


async def _step(session: Any, ticket_id: str, seq: int) -> None:
    """A comment on a ticket, as its row of the timeline and of the log."""
    insert = text(
        "INSERT INTO ticket_event (id, ticket_id, seq, action, to_status, at, actor_role, data)"
        " VALUES (:id, :ticket, :seq, 'comment', 'accepted', :at, 'dispatcher', '{}')"
    )
    await session.execute(insert, {"id": uuid7(), "ticket": ticket_id, "seq": seq, "at": clock.now()})
    area = await session.scalar(text("SELECT area_id::text FROM ticket WHERE id = :id"), {"id": ticket_id})
    await together(session, [outbox.append("ticket.comment", UUID(ticket_id), {"seq": seq, "area_id": area})])


async def _ping(post: Post, webhook: dict[str, Any]) -> None:
    """A test message, which the receiver takes."""
    reply = await post._api.as_("system_admin").post(f"{PATH}/{webhook['id']}/test")
    assert reply.status_code == 202, reply.text
    assert await post.carry(webhook) == 1


def _span(text: str) -> timedelta:
    units = {"m": "minutes", "h": "hours"}
    return timedelta(**{units[text[-1]]: int(text[:-1])})
