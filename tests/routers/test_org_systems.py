"""An organisation's own system, by token: what it has, what it does in its stead, and no more."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Sessions
from app.models.enums.third_party import ClientField
from tests.support.clients import Api
from tests.support.looks import logged, look
from tests.support.orders import try_push
from tests.support.problems import problem_in
from tests.support.races import PATIENCE
from tests.support.statements import Counter
from tests.support.third_parties import SCOPES, registered_as
from tests.support.tickets import Loop
from tests.support.uploads import uploaded
from tests.support.world import World

SYSTEM, NEWS = "执法系统", "/v1/dispatches"
DONE = {"action": "resolve", "resolution_type": "solved", "measures": "已清运并冲洗路面"}


@pytest.fixture
async def client(api: Api, world: World) -> dict[str, Any]:
    """The urban department's own system, with a token for the town."""
    return await registered_as(api, world, SYSTEM, "town", org="urban", fields=list(ClientField))


@pytest.fixture
async def loop(api: Api, world: World) -> Loop:
    """A ticket that was dispatched to the urban department."""
    found = Loop(api, world)
    await found.to("dispatched")
    return found


async def news(api: Api, cursor: str | None = None, who: str = SYSTEM, **query: Any) -> dict[str, Any]:
    """What was dispatched since."""
    reply = await api.as_(who).get(NEWS, params=query | ({"cursor": cursor} if cursor else {}))
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


async def until(api: Api, count: int, cursor: str | None = None, who: str = SYSTEM) -> list[tuple[str, bool]]:
    """Each ticket dispatched since, and whether to lead, once there are so many.

    Transactions of other databases hold it up.
    """
    async with asyncio.timeout(PATIENCE):
        while True:
            found = (await news(api, cursor, who))["items"]
            if len(found) >= count:
                return [(one["ticket_id"], one["is_lead"]) for one in found]
            await asyncio.sleep(0.01)


@pytest.mark.usefixtures("client")
async def test_it_signs_reports_progress_and_the_result_and_the_timeline_names_it(
    api: Api, loop: Loop
) -> None:
    signed = await loop.act(SYSTEM, action="sign")
    assert (signed["status"], signed["handler_name"], signed["handler_id"]) == ("processing", SYSTEM, None)
    await loop.act(SYSTEM, action="contact", method="phone", opinion="已电话联系")
    await loop.act(SYSTEM, action="progress", opinion="清运车已出发")
    resolved = await loop.act(SYSTEM, **DONE)
    assert (resolved["status"], resolved["outcome"]["measures"]) == ("resolved", DONE["measures"])
    told = (await api.as_("dispatcher").get(f"/v1/tickets/{loop.id}/events")).json()["items"]
    assert {(one["actor_name"], one["actor_role"]) for one in told[-4:]} == {(SYSTEM, "dept_handler")}
    assert all(one["stopped_at"] for one in resolved["clocks"] if one["kind"] in {"sign", "handle"})
    closed = await loop.to("evaluating")
    assert closed["status"] == "evaluating"


@pytest.mark.usefixtures("client")
async def test_what_people_there_do_and_what_it_does_keep_out_of_each_others_way(loop: Loop) -> None:
    await loop.act(SYSTEM, action="sign")
    problem_in(await loop.try_("dept_handler", action="sign"), 409, "action_refused")
    problem_in(await loop.try_("dept_handler", **DONE), 403, "not_your_action")
    await loop.act("dept_head", action="transfer_down", member_id=str(loop._world["dept_handler"].member_id))
    problem_in(await loop.try_(SYSTEM, action="sign"), 409, "action_refused")
    await loop.act("dept_handler", action="sign")
    problem_in(await loop.try_(SYSTEM, action="progress", opinion="进展"), 403, "not_your_action")


@pytest.mark.usefixtures("client")
async def test_a_rework_goes_back_to_it(loop: Loop) -> None:
    await loop.act(SYSTEM, action="sign")
    await loop.act(SYSTEM, **DONE)
    again = await loop.act("dispatcher", action="reject_resolution", opinion="还有垃圾")
    assert (again["status"], again["handler_name"]) == ("processing", SYSTEM)
    assert (await loop.act(SYSTEM, **DONE))["status"] == "resolved"


@pytest.mark.usefixtures("client")
async def test_it_answers_a_supervision_and_its_photos_come_with_the_result(api: Api, loop: Loop) -> None:
    await loop.act(SYSTEM, action="sign")
    await loop.act("supervisor", action="supervise", level="yellow", opinion="请尽快")
    pressed = await loop.act(SYSTEM, action="reply_supervision", opinion="今日完成")
    assert pressed["supervision"]["replied_at"]
    photo = await uploaded(api, SYSTEM)
    await loop.act(SYSTEM, **DONE, attachments=[{"id": photo["id"], "purpose": "after"}])
    assert [(one["id"], one["purpose"]) for one in (await loop.read())["attachments"]] == [
        (photo["id"], "after")
    ]


@pytest.mark.usefixtures("client")
async def test_it_declines_and_helps_like_the_people_there(loop: Loop, world: World) -> None:
    fire = str(world.orgs["fire"].id)
    asked = {"reason": "wrong_duty", "basis": "按职责清单归消防", "proposed_org_id": fire}
    await loop.act(SYSTEM, action="decline", **asked)
    problem_in(await loop.try_(SYSTEM, action="sign"), 409, "action_refused")
    await loop.act("dispatcher", action="approve_decline", org_id=fire)
    urban = [str(world.orgs["urban"].id)]
    await loop.act("dept_handler_fire", action="sign")
    await loop.act("dept_handler_fire", action="request_joint", helper_org_ids=urban, opinion="请协助")
    helped = await loop.act(SYSTEM, action="finish_joint", opinion="已协助清场")
    assert [one["done_at"] is not None for one in helped["helpers"]] == [True]


@pytest.mark.usefixtures("client")
async def test_it_sees_only_what_its_organisation_has(api: Api, world: World, loop: Loop) -> None:
    another = Loop(api, world)
    await another.report(title="没有派给它的")
    await another.act("dispatcher", action="accept")
    listed = (await api.as_(SYSTEM).get("/v1/tickets")).json()["items"]
    assert [one["id"] for one in listed] == [loop.id]
    problem_in(await api.as_(SYSTEM).get(f"/v1/tickets/{another.id}"), 404, "not_found")
    await another.act("dispatcher", action="dispatch", org_id=str(world.orgs["fire"].id))
    problem_in(await another.try_(SYSTEM, action="sign"), 404, "not_found")
    await loop.act(SYSTEM, action="sign")
    await loop.act("dispatcher", action="reroute", org_id=str(world.orgs["fire"].id), opinion="归口消防")
    problem_in(await loop.try_(SYSTEM, action="progress", opinion="进展"), 404, "not_found")


@pytest.mark.usefixtures("client")
async def test_it_does_nothing_that_only_people_may(api: Api, loop: Loop) -> None:
    problem_in(await try_push(api, SYSTEM), 403, "forbidden")
    problem_in(await loop.try_(SYSTEM, action="approve_decline"), 403, "not_your_action")
    for path in ("/v1/todo", "/v1/households", "/v1/exports", "/v1/screens"):
        problem_in(await api.as_(SYSTEM).get(path), 403, "forbidden")
    kind = {"kind": "tickets", "reason": "月报"}
    assert (await api.as_(SYSTEM).post("/v1/exports", json=kind)).status_code in {403, 422}


async def test_its_token_reaches_all_that_its_organisation_may_be_given(
    api: Api, world: World, client: dict[str, Any]
) -> None:
    end = (clock.now() + timedelta(days=1)).isoformat()
    asked = {"scopes": SCOPES, "area_id": str(world.places["village_a"].id), "expires_at": end}
    refused = await api.as_("system_admin").post(f"/v1/clients/{client['id']}/tokens", json=asked)
    problem_in(refused, 422, "invalid", "body.area_id")
    about = {"name": "无此单位", "purpose": "-", "contact": "-", "org_id": client["id"]}
    unknown = await api.as_("system_admin").post("/v1/clients", json=about)
    problem_in(unknown, 422, "invalid", "body.org_id")


@pytest.mark.commits
async def test_what_it_is_given_comes_in_order_and_goes_on_where_it_stopped(api: Api, world: World) -> None:
    await registered_as(api, world, SYSTEM, "town", org="urban")
    start = await news(api)
    assert (start["items"], start["more"]) == ([], False)
    first, second = Loop(api, world), Loop(api, world)
    for one in (first, second):
        await one.to("dispatched")
    assert await until(api, 2, start["cursor"]) == [(first.id, True), (second.id, True)]
    page = await news(api, start["cursor"], limit=1)
    assert ([one["ticket_id"] for one in page["items"]], page["more"]) == ([first.id], True)
    assert page["items"][0]["ticket"]["title"]
    rest = await news(api, page["cursor"])
    assert ([one["ticket_id"] for one in rest["items"]], rest["more"]) == ([second.id], False)
    assert (await news(api, rest["cursor"]))["items"] == []
    fire = str(world.orgs["fire"].id)
    await first.act("dispatcher", action="reroute", org_id=fire, opinion="归口消防")
    taken, kept = (await news(api))["items"]
    assert (taken["ticket"], taken["end_reason"]) == (None, "reroute")
    assert kept["ticket"]["id"] == second.id
    assert [one["ticket_id"] for one in (await news(api, running=True))["items"]] == [second.id]
    await second.act("dept_handler", action="sign")
    asked = {"action": "request_joint", "helper_org_ids": [fire], "opinion": "请协助"}
    await second.act("dept_handler", **asked)
    helping = await until(api, 2, who="dept_handler_fire")
    assert helping == [(first.id, True), (second.id, False)]


@pytest.mark.commits
async def test_of_a_confidential_ticket_it_is_told_no_title(api: Api, world: World) -> None:
    await registered_as(api, world, SYSTEM, "town", org="urban", fields=list(ClientField))
    for confidential in (False, True):
        one = Loop(api, world)
        await one.report(title="电梯困人标题", confidential=confidential)
        await one.to("dispatched")
    await until(api, 2)
    told = (await news(api))["items"]
    assert [one["ticket"]["title"] for one in told] == ["电梯困人标题", "***"]


async def test_whoever_complained_is_shown_in_full_to_no_system(
    api: Api, session: AsyncSession, client: dict[str, Any], loop: Loop
) -> None:
    await loop.act(SYSTEM, action="sign")
    looked = await look(api, SYSTEM, f"/v1/tickets/{loop.id}/contact", "phone")
    assert looked.status_code == 403, looked.text
    assert [(row.actor_id, row.refusal is None) for row in await logged(session)] == [
        (UUID(client["id"]), False)
    ]


@pytest.mark.commits
async def test_what_was_given_by_a_transaction_that_commits_late_is_not_skipped(
    api: Api, world: World, sessions: Sessions
) -> None:
    await registered_as(api, world, SYSTEM, "town", org="urban")
    early, late = Loop(api, world), Loop(api, world)
    for one in (early, late):
        await one.to("accepted")
    async with sessions() as slow:
        given = {"ticket": late.id, "org": world.orgs["urban"].id}
        await slow.execute(
            text(
                "INSERT INTO ticket_assignment (id, ticket_id, round, org_id, dispatched_at)"
                " VALUES (gen_random_uuid(), CAST(:ticket AS uuid), 1, :org, now())"
            ),
            given,
        )
        await early.to("dispatched")
        held_back = await news(api)
        await slow.commit()
    assert held_back["items"] == []
    assert await until(api, 2, held_back["cursor"]) == [(late.id, True), (early.id, True)]


async def test_a_cursor_that_is_none_is_refused(api: Api, client: dict[str, Any]) -> None:
    assert client["org_id"]
    for broken in ("x", "WyI5OTk5OTk5OTk5OTk5OTk5OTk5OTk5IiwiMCJd"):
        reply = await api.as_(SYSTEM).get(NEWS, params={"cursor": broken})
        problem_in(reply, 422, "invalid", "query.cursor")


async def test_no_more_statements_than_a_list_may_have(
    api: Api, statements: Counter, client: dict[str, Any], loop: Loop
) -> None:
    assert client["org_id"], loop.id
    with statements(at_most=3):
        await news(api)
