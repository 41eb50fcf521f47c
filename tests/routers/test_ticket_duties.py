"""Duties that one person may not hold together on one ticket, however many posts they have."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.models.access import ApiToken
from app.models.enums import Action, Role
from app.models.staff import Post
from tests.support import ledger, steps
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.staff import give_post
from tests.support.tickets import Loop
from tests.support.world import World


@pytest.fixture
async def declined(api: Api, world: World) -> Loop:
    """A ticket of which the head of the urban office says that it is not theirs."""
    loop = Loop(api, world)
    await loop.to("dispatched")
    await loop.act("dept_head", **steps.plain(Action.DECLINE, world))
    return loop


async def test_whoever_asked_to_decline_may_not_approve_it_as_a_dispatcher(
    world: World, session: AsyncSession, declined: Loop
) -> None:
    await give_post(session, world, "dept_head", Role.DISPATCHER, area_id=world.places["town"].id)
    for action in ("approve_decline", "deny_decline"):
        for _ in range(2):
            refused = await declined.try_("dept_head", action=action, opinion="同意")
            problem_in(refused, 403, "not_your_action")
            await end_own_post(session, world, "dept_head")
    assert (await declined.act("dispatcher", action="approve_decline"))["status"] == "accepted"


async def test_whoever_asked_to_decline_may_void_the_ticket_as_a_supervisor(
    world: World, session: AsyncSession, declined: Loop
) -> None:
    await give_post(session, world, "dept_head", Role.SUPERVISOR, area_id=world.places["town"].id)
    voided = await declined.act("dept_head", action="void", reason="false_data", opinion="虚假上报")
    assert (voided["status"], voided["pending_request"]) == ("voided", None)
    await ledger.audit(session, UUID(declined.id))


async def test_a_handler_with_a_post_as_revisit_agent_still_may_not_revisit_their_own_ticket(
    api: Api, world: World, session: AsyncSession
) -> None:
    loop = Loop(api, world)
    ticket = await loop.to("resolved")
    for who in ("dept_handler", "dept_handler_2"):
        await give_post(session, world, who, Role.REVISIT_AGENT, area_id=world.places["town"].id)
    assert ticket["handler_id"] == str(world["dept_handler"].member_id)
    detail = (await api.as_("dept_handler").get(f"/v1/tickets/{loop.id}")).json()
    assert "revisit" not in {entry["action"] for entry in detail["allowed_actions"]}
    answer = {"action": "revisit", "method": "phone", "reached": False}
    problem_in(await loop.try_("dept_handler", **answer), 403, "not_your_action")
    assert (await loop.act("dept_handler_2", **answer))["revisits"]


async def test_a_role_counts_only_where_its_post_is(api: Api, world: World, session: AsyncSession) -> None:
    await give_post(session, world, "grid_worker", Role.DISPATCHER, area_id=world.places["town_b"].id)
    loop = Loop(api, world)
    await loop.report()
    problem_in(await loop.try_("grid_worker", action="accept"), 403, "not_your_action")
    detail = (await api.as_("grid_worker").get(f"/v1/tickets/{loop.id}")).json()
    assert {entry["action"] for entry in detail["allowed_actions"]} == {
        "withdraw",
        "self_resolve",
        "comment",
    }


async def test_somebody_who_only_looks_at_the_town_reports_in_their_own_grid_alone(
    api: Api, world: World, session: AsyncSession
) -> None:
    await give_post(session, world, "grid_worker", Role.LEADER_VIEWER, area_id=world.places["town"].id)
    body = Loop(api, world).body(area_id=str(world.places["grid_b1"].id))
    assert (await api.as_("grid_worker").get("/v1/tickets", params={"area_id": body["area_id"]})).is_success
    problem_in(await api.as_("grid_worker").post("/v1/tickets", json=body), 404, "not_found", "body.area_id")


@pytest.mark.parametrize("who", ["dept_handler", "revisit_agent", "supervisor", "leader_viewer"])
async def test_who_does_not_report_is_told_who_does(api: Api, world: World, who: str) -> None:
    reply = await api.as_(who).post("/v1/tickets", json=Loop(api, world).body())
    assert "专职网格员" in problem_in(reply, 403, "forbidden")["detail"]


async def test_a_token_that_may_only_read_is_offered_no_action_and_takes_none(
    api: Api, world: World, session: AsyncSession
) -> None:
    body = Loop(api, world).body(area_id=str(world.places["village_a"].id), location=None)
    ticket = (await api.as_("api_client").post("/v1/tickets", json=body)).json()
    assert {entry["action"] for entry in ticket["allowed_actions"]} == {"withdraw", "comment"}
    narrowed = update(ApiToken).where(ApiToken.id == world.client.token_id)
    await session.execute(narrowed.values(scopes=["tickets:read"]))
    await session.commit()
    detail = (await api.as_("api_client").get(f"/v1/tickets/{ticket['id']}")).json()
    assert detail["allowed_actions"] == []
    step = await api.as_("api_client").post(
        f"/v1/tickets/{ticket['id']}/actions", json={"action": "withdraw"}
    )
    problem_in(step, 403, "forbidden")


async def test_a_clock_that_was_paused_in_time_stops_in_time_however_long_the_pause(
    api: Api, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Loop(api, world)
    await loop.report(urgency="critical")
    await loop.act("dispatcher", action="return_for_info", reason="incomplete", opinion="请补充门牌号")
    later = clock.now() + timedelta(minutes=50)
    monkeypatch.setattr(clock, "now", lambda: later)
    await loop.act("grid_worker", action="withdraw")
    events = (await api.as_("dispatcher").get(f"/v1/tickets/{loop.id}/events")).json()["items"]
    stopped = {clock["kind"]: clock["in_time"] for clock in events[-1]["data"]["clocks"]["stopped"]}
    assert stopped == {"accept": True, "overall": True}


async def end_own_post(session: AsyncSession, world: World, who: str) -> None:
    """The post that they had from the beginning ends."""
    ended = update(Post).where(Post.id == world[who].post_id)
    await session.execute(ended.values(valid_to=clock.now()))
    await session.commit()
