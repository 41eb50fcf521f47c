"""Messages: who is told what of a ticket's life, in which words, and what reading them does."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Sessions
from app.models.access import Account
from app.models.enums import AccountStatus, Action, Role
from app.models.message import Notification
from app.models.platform import Outbox
from app.models.ticket import Ticket
from app.services.mobile import tells
from app.services.mobile.wording import WORDS
from app.services.platform import masks
from tests.support import steps
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.statements import Counter
from tests.support.telling import URL, Telling
from tests.support.tickets import REPORT, Loop
from tests.support.world import CALLERS, World

PEOPLE = tuple(who for who in CALLERS if who is not Role.API_CLIENT)
NAME, PHONE, TITLE = "公孙保密", "13933334444", "请查处某企业夜间偷排"


@pytest.fixture
def loop(api: Api, world: World) -> Loop:
    """A ticket to be told of."""
    return Loop(api, world)


@pytest.fixture
def telling(api: Api, sessions: Sessions) -> Telling:
    """What the worker would tell."""
    return Telling(api, sessions)


async def test_whoever_has_the_next_step_is_told_and_whoever_took_the_last_is_not(
    loop: Loop, telling: Telling
) -> None:
    people = ("grid_worker", "dispatcher", "dispatcher_2", "dept_handler", "dept_head", "revisit_agent")
    for status in ("reported", "accepted", "dispatched", "processing", "resolved", "evaluating"):
        await loop.to(status)
        await telling.tell()
    assert {who: await telling.kinds(who) for who in people} == {
        "grid_worker": ["reporter.accept", "reporter.resolve"],
        "dispatcher": ["to_accept"],
        "dispatcher_2": ["to_accept"],
        "dept_handler": ["to_sign"],
        "dept_head": ["to_sign"],
        "revisit_agent": ["to_revisit"],
    }


async def test_nobody_elsewhere_is_told(loop: Loop, telling: Telling) -> None:
    await loop.to("evaluating")
    for who in ("grid_worker_b", "dispatcher_c", "dept_handler_fire", "village_admin_b", "system_admin"):
        assert await telling.kinds(who) == []


async def test_a_task_that_somebody_took_before_it_was_told_is_no_news(loop: Loop, telling: Telling) -> None:
    await loop.to("processing")
    assert await telling.kinds("dept_handler_2") == []
    assert await telling.kinds("dispatcher_2") == []


async def test_a_message_says_what_is_to_do_until_when_by_the_tickets_number(
    loop: Loop, telling: Telling
) -> None:
    ticket = await loop.to("dispatched")
    (message,) = await telling.messages("dept_handler")
    assert (message["title"], message["category"]) == ("待签收", "task")
    assert (message["entity"], message["entity_id"]) == ("ticket", loop.id)
    assert ticket["no"] in message["text"]
    assert "期限" in message["text"]
    assert REPORT["title"] not in message["text"]


async def test_trap_9_no_text_tells_the_handler_or_anybody_who_reported_confidentially(
    session: AsyncSession, world: World, loop: Loop, telling: Telling
) -> None:
    contact = {"name": NAME, "phone": PHONE}
    await loop.report(confidential=True, title=TITLE, contact=contact, address="保密巷 9 号")
    told = []
    for status in ("reported", "accepted", "dispatched", "processing"):
        await loop.to(status)
        told += [message for who in PEOPLE for message in await telling.messages(who)]
    for action in (Action.REQUEST_EXTENSION, Action.DENY_EXTENSION, Action.SUPERVISE, Action.INSTRUCT):
        who = steps.WAYS[action][1]
        await loop.act(who, **steps.plain(action, world))
        told += [message for who in PEOPLE for message in await telling.messages(who)]
    await loop.to("resolved")
    told += [message for who in PEOPLE for message in await telling.messages(who)]
    reporter = world["grid_worker"]
    marks = (
        NAME,
        masks.name(NAME),
        PHONE,
        PHONE[-4:],
        TITLE,
        "保密巷",
        reporter.name,
        str(reporter.member_id),
    )
    assert len({message["kind"] for message in told}) > 8
    assert not [mark for mark in marks if mark in str(told)]
    kept = (await session.scalars(select(Notification))).all()
    assert not [mark for mark in marks if mark in str([(row.kind, row.data) for row in kept])]


async def test_who_is_told_to_the_reporter_is_told_to_the_reporter_alone(
    loop: Loop, telling: Telling
) -> None:
    await loop.report(confidential=True)
    await loop.to("resolved")
    for who in PEOPLE:
        if who is not Role.GRID_WORKER:
            assert not [kind for kind in await telling.kinds(who) if kind.startswith("reporter.")], who


async def test_requests_are_told_to_whoever_decides_and_decisions_to_whoever_asked(
    world: World, loop: Loop, telling: Telling
) -> None:
    await loop.to("processing")
    await telling.tell()
    await loop.act("dept_handler", **steps.plain(Action.REQUEST_EXTENSION, world))
    assert (await telling.kinds("dispatcher"))[-1:] == ["to_approve"]
    await loop.act("dispatcher", action="approve_extension", opinion="同意")
    assert (await telling.kinds("dept_handler"))[-1:] == ["approved"]
    assert (await telling.kinds("grid_worker"))[-1:] == ["reporter.approve_extension"]
    await loop.act("dept_handler", **steps.plain(Action.REQUEST_EXTENSION, world))
    assert (await telling.kinds("leader_viewer"))[-1:] == ["to_approve"]
    await loop.act("supervisor", action="deny_extension", opinion="不同意")
    assert (await telling.kinds("dept_handler"))[-1:] == ["denied"]


async def test_supervision_and_its_answer_are_told_both_ways(loop: Loop, telling: Telling) -> None:
    await loop.to("processing")
    await loop.act("supervisor", action="supervise", level="yellow", opinion="限期")
    (card,) = [one for one in await telling.messages("dept_handler") if one["category"] == "card"]
    assert card["kind"] == "supervised"
    await loop.act("dept_handler", action="reply_supervision", opinion="正在办")
    assert await telling.kinds("supervisor") == ["card.answered"]


async def test_helpers_are_told_and_the_lead_is_not_asked_to_help(
    world: World, loop: Loop, telling: Telling
) -> None:
    await loop.to("processing")
    await telling.tell()
    helper = [str(world.orgs["fire"].id)]
    await loop.act("dispatcher", action="request_joint", helper_org_ids=helper, opinion="请协助")
    assert await telling.kinds("dept_handler_fire") == ["to_help"]
    assert "to_help" not in await telling.kinds("dept_head")


async def test_an_offered_household_is_told_to_the_side_that_takes_and_the_answer_to_the_side_that_gives(
    api: Api, world: World, telling: Telling
) -> None:
    home = {"area_id": str(world.places["grid_a1"].id), "address": "一巷 1 号", "household_type": "resident"}
    home["residents"] = [{"name": "关大婶", "relation": "02"}]  # type: ignore[assignment]
    made = (await api.as_("grid_worker").post("/v1/households", json=home)).json()
    offer = {"household_id": made["id"], "to_code": world.places["village_b"].code}
    transfer = await api.as_("grid_worker").post("/v1/transfers", json=offer)
    (told,) = await telling.messages("village_admin_b")
    assert (told["kind"], told["entity_id"]) == ("transfer.create", transfer.json()["id"])
    refused = await api.as_("village_admin_b").post(
        f"/v1/transfers/{told['entity_id']}/refuse", json={"refusal": "not_here"}
    )
    assert refused.status_code == 200, refused.text
    assert await telling.kinds("grid_worker") == ["transfer.refuse"]


async def test_who_cannot_sign_in_any_more_is_told_nothing(
    session: AsyncSession, world: World, loop: Loop, telling: Telling
) -> None:
    account = update(Account).where(Account.id == world["dept_head"].account_id)
    await session.execute(account.values(status=AccountStatus.DISABLED.value))
    await session.commit()
    await loop.to("dispatched")
    await telling.tell()
    told = await session.scalars(select(Notification.member_id).where(Notification.kind == "to_sign"))
    assert set(told) == {world["dept_handler"].member_id, world["dept_handler_2"].member_id}


async def test_news_of_a_month_ago_is_no_news(session: AsyncSession, loop: Loop, telling: Telling) -> None:
    await loop.to("dispatched")
    await session.execute(update(Outbox).values(created_at=clock.now() - timedelta(days=8)))
    await session.commit()
    assert await telling.tell() == 0


async def test_reading_counts_once_and_reading_all_leaves_what_came_later(
    api: Api, world: World, loop: Loop, telling: Telling
) -> None:
    await loop.to("reported")
    (first,) = await telling.messages("dispatcher")
    read = (await api.as_("dispatcher").post(f"{URL}/{first['id']}/read")).json()
    again = (await api.as_("dispatcher").post(f"{URL}/{first['id']}/read")).json()
    assert read["read_at"] == again["read_at"] is not None
    for _ in range(3):
        await Loop(api, world).report()
    newest = (await telling.messages("dispatcher"))[0]
    later = Loop(api, world)
    await later.report()
    await telling.tell()
    counted = await api.as_("dispatcher").post(f"{URL}/read-all", json={"up_to": newest["id"]})
    assert counted.json() == {"count": 3}
    (left,) = await telling.messages("dispatcher", "unread=true")
    assert left["entity_id"] == later.id
    badge = (await api.as_("dispatcher").get("/v1/todo")).json()
    assert (badge["unread"]["task"]["count"], badge["unread_total"]["count"]) == (1, 1)


async def test_read_all_of_a_category_leaves_the_others(api: Api, loop: Loop, telling: Telling) -> None:
    await loop.to("processing")
    await loop.act("supervisor", action="supervise", level="yellow", opinion="限期")
    await loop.act("supervisor", action="urge", opinion="请快")
    await telling.tell()
    assert (await api.as_("dept_handler").post(f"{URL}/read-all", json={"category": "card"})).json() == {
        "count": 1
    }
    (left,) = await telling.messages("dept_handler", "unread=true")
    assert left["kind"] == "urged"


async def test_nobody_reads_or_marks_anybody_elses_messages(api: Api, loop: Loop, telling: Telling) -> None:
    await loop.to("reported")
    (message,) = await telling.messages("dispatcher")
    for who in ("dispatcher_2", "system_admin", "auditor"):
        problem_in(await api.as_(who).get(f"{URL}/{message['id']}"), 404, "not_found")
        problem_in(await api.as_(who).post(f"{URL}/{message['id']}/read"), 404, "not_found")
    assert (await telling.messages("dispatcher"))[0]["read_at"] is None
    problem_in(await api.as_("api_client").get(URL), 403, "forbidden")


async def test_a_list_of_messages_costs_two_statements(
    api: Api, loop: Loop, telling: Telling, statements: Counter
) -> None:
    await loop.to("dispatched")
    await telling.tell()
    with statements(at_most=2):
        await api.as_("dept_handler").get(URL)


async def test_telling_a_hundred_news_costs_as_many_statements_as_telling_one(
    api: Api, session: AsyncSession, world: World, telling: Telling, statements: Counter
) -> None:
    await Loop(api, world).to("dispatched")
    with statements() as one:
        await telling.tell()
    for _ in range(10):
        await Loop(api, world).to("dispatched")
    with statements(at_most=one.count):
        assert await telling.tell() >= 10
    assert await session.scalar(select(Ticket.id).limit(1))


def test_every_line_of_the_table_has_words_and_every_word_is_told() -> None:
    told = {tell.kind for tells_of in tells.TABLE.values() for tell in tells_of}
    assert told <= WORDS.keys()
    notices = {kind for kind in WORDS if kind.startswith(("reporter.", "clock.", "card.", "suspension."))}
    assert WORDS.keys() - told - notices == set()
