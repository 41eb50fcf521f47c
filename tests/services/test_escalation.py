"""Escalation: what stays unread goes out through other channels, once, not to everybody, and not for ever."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import Sessions
from app.models.enums import Action
from app.models.enums.message import Channel, DeliveryState, MessageCategory
from app.models.enums.retention import RetentionSubject
from app.models.message import Delivery, EscalationRule, Notification
from app.models.staff import Member
from app.services.mobile import deliveries, escalation
from app.services.mobile.channels import Channels
from app.services.privacy import retention
from tests.support import steps
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.receivers import HttpReceiver, Mailbox, channels_to, http_receiver, mail_receiver
from tests.support.settings import vault_of_tests
from tests.support.telling import URL, Telling
from tests.support.tickets import Loop
from tests.support.world import World

RULES = "/v1/escalation-rules"


class Office:
    """A deployment with all channels, one member with an unread task, and time that passes when told."""

    def __init__(self, sessions: Sessions, session: AsyncSession, channels: Channels) -> None:
        self._sessions, self._session, self.channels = sessions, session, channels

    async def rule(self, category: MessageCategory, **minutes: int) -> None:
        """Only these channels ring for a category, after so many minutes, at any hour."""
        await self._session.execute(update(EscalationRule).values(enabled=False))
        for channel, after in minutes.items():
            await self._session.execute(
                update(EscalationRule)
                .where(EscalationRule.category == category, EscalationRule.channel == channel)
                .values(enabled=True, after_minutes=after, quiet_from=None, quiet_until=None)
            )
        await self._session.commit()

    async def wait(self, minutes: int) -> int:
        """Let time pass and escalation run; how many deliveries came of it."""
        for table, columns in (("notification", ("created_at", "next_at")), ("delivery", ("ended_at",))):
            sets = ", ".join(f"{name} = {name} - CAST(:past AS interval)" for name in columns)
            past = {"past": timedelta(minutes=minutes)}
            await self._session.execute(text(f"UPDATE {table} SET {sets}"), past)  # noqa: S608 - own names
        await self._session.commit()
        return await escalation.run(self._sessions, channels=self.channels)

    async def deliver(self) -> list[DeliveryState | None]:
        """Send what waits, as the queue would."""
        waiting = select(Delivery.id).where(Delivery.state == DeliveryState.WAITING).order_by(Delivery.id)
        return [await self._send(one) for one in (await self._session.scalars(waiting)).all()]

    async def log(self) -> Sequence[Delivery]:
        """The log of deliveries, the oldest first."""
        self._session.expire_all()
        return (await self._session.scalars(select(Delivery).order_by(Delivery.id))).all()

    async def _send(self, delivery_id: UUID) -> DeliveryState | None:
        return await deliveries.deliver(
            self._sessions, delivery_id=delivery_id, channels=self.channels, vault=vault_of_tests()
        )


@pytest.fixture
async def web() -> AsyncIterator[HttpReceiver]:
    """Somebody on the web."""
    async with http_receiver() as receiver:
        yield receiver


@pytest.fixture
async def box() -> AsyncIterator[Mailbox]:
    """A mail server."""
    async with mail_receiver() as mailbox:
        yield mailbox


@pytest.fixture
async def office(sessions: Sessions, session: AsyncSession, web: HttpReceiver, box: Mailbox) -> Office:
    """The deployment."""
    return Office(sessions, session, channels_to(web, box))


@pytest.fixture
def telling(api: Api, sessions: Sessions) -> Telling:
    """What the worker would tell."""
    return Telling(api, sessions)


@pytest.fixture
async def loop(api: Api, telling: Telling, world: World, office: Office) -> Loop:
    """A ticket that was dispatched to one handler, who was told and does not look."""
    await office.rule(MessageCategory.TASK, wecom=30, sms=60)
    loop = Loop(api, world)
    await loop.to("accepted")
    given = {"org_id": str(world.orgs["urban"].id), "member_id": str(world["dept_handler"].member_id)}
    await loop.act("dispatcher", action="dispatch", **given)
    await telling.tell()
    return loop


async def test_what_stays_unread_goes_out_by_one_channel_after_the_other(
    world: World, office: Office, web: HttpReceiver, loop: Loop
) -> None:
    assert await office.wait(29) == 0
    assert await office.wait(1) == 1
    assert await office.deliver() == [DeliveryState.SENT]
    name = world["dept_handler"].name
    assert web.got[0][2]["text"]["content"] == f"{name} 有 1 条未读消息：待签收，请打开应用查看。"
    assert await office.wait(29) == 0
    web.answer(200, {"code": 0})
    assert await office.wait(1) == 1
    assert await office.deliver() == [DeliveryState.SENT]
    assert web.got[1][2]["phone"] == world["dept_handler"].phone
    assert (await loop.read())["no"] in web.got[1][2]["params"]["text"]
    assert [await office.wait(600), await office.wait(6000)] == [0, 0]
    assert [(row.channel, row.state) for row in await office.log()] == [("wecom", "sent"), ("sms", "sent")]


async def test_trap_9_what_a_group_reads_names_no_record_and_nobody_who_reported(
    api: Api, telling: Telling, world: World, office: Office, web: HttpReceiver, loop: Loop
) -> None:
    secret = Loop(api, world)
    await secret.report(confidential=True, title="请查处某企业夜间偷排", contact={"name": "公孙保密"})
    await secret.to("dispatched")
    await telling.tell()
    numbers = [(await one.read())["no"] for one in (loop, secret)]
    await office.wait(60)
    web.answers = [(200, b'{"errcode": 0, "code": 0}', {})]
    await office.deliver()
    told = str([body for _path, _headers, body in web.got])
    for mark in ("公孙", "偷排", world["grid_worker"].name, "13812345678", "沙龙路"):
        assert mark not in told
    group = str([body for path, _headers, body in web.got if "webhook" in path])
    assert group
    assert not [number for number in numbers if number in group]


async def test_whoever_reads_in_time_is_left_alone(api: Api, office: Office, loop: Loop) -> None:
    assert loop.id
    await api.as_("dept_handler").post(f"{URL}/read-all", json={})
    assert await office.wait(90) == 0


async def test_whoever_reads_before_it_is_sent_is_left_alone(
    api: Api, office: Office, web: HttpReceiver, loop: Loop
) -> None:
    assert loop.id
    assert await office.wait(30) == 1
    await api.as_("dept_handler").post(f"{URL}/read-all", json={})
    assert await office.deliver() == [DeliveryState.READ_BEFORE]
    assert web.got == []


async def test_what_a_colleague_has_done_meanwhile_rings_nobody(
    api: Api, telling: Telling, office: Office, world: World
) -> None:
    await office.rule(MessageCategory.TASK, wecom=30)
    loop = Loop(api, world)
    await loop.to("dispatched")
    await telling.tell()
    await loop.act("dept_handler", action="sign")
    assert await office.wait(60) == 0


async def test_what_was_decided_or_closed_meanwhile_rings_nobody(
    api: Api, telling: Telling, office: Office, world: World
) -> None:
    await office.rule(MessageCategory.TASK, sms=30)
    decided = Loop(api, world)
    await decided.to("processing")
    await telling.tell()
    await decided.act("dept_handler", **steps.plain(Action.REQUEST_EXTENSION, world))
    assert (await telling.kinds("dispatcher"))[-1:] == ["to_approve"]
    await decided.act("dispatcher", action="deny_extension", opinion="不同意")
    await telling.tell()
    assert await office.wait(60) == 0
    await office.rule(MessageCategory.CARD, sms=30)
    for seen in (True, False):
        closed = Loop(api, world)
        await closed.to("processing")
        await closed.act("supervisor", action="supervise", level="yellow", opinion="限期")
        await telling.tell()
        if not seen:
            await closed.to("closed")
        assert bool(await office.wait(31)) is seen


async def test_many_messages_are_one_delivery_and_half_an_hour_lies_between_two(
    api: Api, telling: Telling, world: World, office: Office, web: HttpReceiver, loop: Loop
) -> None:
    assert loop.id
    for _ in range(3):
        await Loop(api, world).to("dispatched")
    await telling.tell()
    assert await office.wait(31) == 3  # the handler's, and those of the two colleagues in the office
    assert set(await office.deliver()) == {DeliveryState.SENT}
    told = [body["text"]["content"] for _path, _headers, body in web.got]
    assert any("有 4 条未读消息：待签收" in text for text in told)
    await office.rule(MessageCategory.TASK, wecom=1)
    await Loop(api, world).to("dispatched")
    await telling.tell()
    await office.wait(2)
    waiting = [row for row in await office.log() if row.state == "waiting"]
    ended = max(row.ended_at for row in await office.log() if row.ended_at)
    assert waiting
    assert min(row.not_before for row in waiting) >= ended + escalation.GAP - timedelta(minutes=1)


async def test_a_failure_is_tried_again_later_and_later_and_then_no_more(
    office: Office, web: HttpReceiver, loop: Loop, session: AsyncSession
) -> None:
    assert loop.id
    web.answer(503)
    await office.wait(30)
    for wait in deliveries.WAITS:
        before = (await office.log())[0].created_at
        assert await office.deliver() == [DeliveryState.WAITING]
        (row,) = await office.log()
        assert row.failure == "http_503"
        assert row.not_before - before >= wait
    assert await office.deliver() == [DeliveryState.FAILED]
    assert await office.deliver() == []
    jobs = await session.scalar(text("SELECT count(*) FROM pgqueuer WHERE entrypoint = 'deliver_wecom'"))
    assert jobs == 1 + len(deliveries.WAITS)


async def test_what_can_never_arrive_is_not_tried_again(
    office: Office, web: HttpReceiver, loop: Loop
) -> None:
    assert loop.id
    web.answer(200, {"errcode": 93000, "errmsg": "invalid webhook url"})
    await office.wait(30)
    assert await office.deliver() == [DeliveryState.FAILED]
    assert [(row.failure, row.attempts) for row in await office.log()] == [("wecom_93000", 1)]


async def test_who_has_no_number_gets_no_text_and_the_log_says_so(
    session: AsyncSession, world: World, office: Office, web: HttpReceiver, loop: Loop
) -> None:
    assert loop.id
    await office.rule(MessageCategory.TASK, sms=30)
    gone = update(Member).where(Member.id == world["dept_handler"].member_id)
    await session.execute(gone.values(phone_sealed=None, phone_index=None, phone_last4=None))
    await session.commit()
    await office.wait(30)
    assert await office.deliver() == [DeliveryState.NO_ADDRESS]
    assert web.got == []


async def test_mail_goes_where_the_member_said_and_nobody_sees_where(
    api: Api, session: AsyncSession, office: Office, box: Mailbox, loop: Loop
) -> None:
    assert loop.id
    await office.rule(MessageCategory.TASK, mail=30)
    own = api.as_("dept_handler")
    written = await own.put("/v1/me/mail-address", json={"address": "liangjb@town.example"})
    assert written.json() == {"address": "l***@town.example"}
    assert (await own.get("/v1/me/mail-address")).json() == {"address": "l***@town.example"}
    kept = (await session.execute(text("SELECT row_to_json(mail_address)::text FROM mail_address"))).scalar()
    assert "liangjb" not in str(kept)
    await office.wait(30)
    assert await office.deliver() == [DeliveryState.SENT]
    assert box.got[0]["To"] == "liangjb@town.example"
    assert (await own.delete("/v1/me/mail-address")).status_code == 204
    assert (await own.get("/v1/me/mail-address")).json() == {"address": None}


async def test_a_channel_that_was_switched_off_meanwhile_sends_nothing(office: Office, loop: Loop) -> None:
    assert loop.id
    await office.wait(30)
    office.channels = Channels()
    assert await office.deliver() == [DeliveryState.NO_CHANNEL]


async def test_without_channels_nothing_is_escalated_and_everything_stays_in_the_app(
    office: Office, session: AsyncSession, loop: Loop
) -> None:
    assert loop.id
    office.channels = Channels()
    assert await office.wait(90) == 0
    assert await session.scalar(select(Notification.id).where(Notification.read_at.is_(None)).limit(1))


async def test_an_administrator_changes_a_rule_and_reads_the_log_and_nobody_else_does(
    api: Api, office: Office, loop: Loop
) -> None:
    assert loop.id
    admin = api.as_("system_admin")
    listed = (await admin.get(RULES)).json()
    assert len(listed["items"]) == len(MessageCategory) * len(Channel)
    assert listed["channels"] == {"wecom": False, "mail": False, "sms": False}
    rule = next(one for one in listed["items"] if (one["category"], one["channel"]) == ("card", "sms"))
    change = {"after_minutes": 20, "quiet_from": "22:00", "quiet_until": "06:30"}
    changed = (await admin.patch(f"{RULES}/{rule['id']}", json=change)).json()
    assert {name: changed[name] for name in change} == change
    half = await admin.patch(f"{RULES}/{rule['id']}", json={"quiet_until": None})
    problem_in(half, 422, "invalid", "body.quiet_until")
    await office.wait(30)
    (line,) = (await admin.get("/v1/deliveries")).json()["items"]
    assert (line["channel"], line["state"], line["messages"]) == ("wecom", "waiting", 1)
    for path in (RULES, "/v1/deliveries"):
        problem_in(await api.as_("dept_handler").get(path), 403, "forbidden")


async def test_messages_and_the_log_of_their_deliveries_are_forgotten_when_their_time_is_over(
    office: Office, sessions: Sessions, session: AsyncSession, loop: Loop
) -> None:
    assert loop.id
    await office.wait(30)
    await office.deliver()
    assert (await retention.run(sessions))[RetentionSubject.MESSAGES] == 0
    await office.wait(181 * 24 * 60)
    gone = await retention.run(sessions)
    assert gone[RetentionSubject.MESSAGES] > 0
    assert (await session.scalars(select(Notification.id))).all() == []
    assert await office.log() == []
