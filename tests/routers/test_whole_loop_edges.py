"""What must not slip in the whole loop: exact returns, nobody left at work, nobody judging their own work."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.ids import uuid7
from app.models.enums import Action, Role
from app.models.staff import Post
from app.services.tickets import actions
from tests.support import ledger, steps
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.tickets import Loop
from tests.support.world import World

RETURN = {"action": "return_for_info", "reason": "incomplete", "opinion": "请补充门牌号"}


@pytest.fixture
async def loop(api: Api, world: World) -> Loop:
    """A ticket of the grid worker's, not reported yet."""
    return Loop(api, world)


async def suspend(loop: Loop) -> dict[str, Any]:
    """Suspend a ticket that is being handled."""
    await loop.act(
        "dept_handler",
        action="request_suspend",
        reason="funds",
        resume_on=str(clock.today() + timedelta(days=30)),
        opinion="等待立项资金",
    )
    return await loop.act("dispatcher", action="approve_suspend")


async def test_a_returned_ticket_that_was_merged_comes_back_with_its_accept_clock_still_paused(
    loop: Loop, session: AsyncSession
) -> None:
    await loop.report()
    await loop.act("dispatcher", **RETURN)
    master = await loop.another()
    await loop.act("dispatcher", action="merge", master_id=master.id)
    back = await loop.act("dispatcher", action="unmerge", opinion="不是同一处")
    paused = {c["kind"]: c["paused_at"] is not None for c in back["clocks"]}
    assert (back["status"], back["due_at"], paused) == ("returned", None, {"accept": True, "overall": False})
    await ledger.audit(session, UUID(loop.id))


async def test_a_ticket_is_not_merged_into_somebodys_draft(api: Api, world: World, loop: Loop) -> None:
    draft = Loop(api, world)
    await draft.report(draft=True)
    await loop.report()
    refused = await loop.try_("dispatcher", action="merge", master_id=draft.id)
    problem_in(refused, 422, "invalid", "body.master_id")


async def test_voiding_a_suspended_ticket_sends_its_helpers_home_and_leaves_the_ledger(
    api: Api, world: World, session: AsyncSession, loop: Loop
) -> None:
    await loop.to("processing")
    fire = str(world.orgs["fire"].id)
    await loop.act("dispatcher", action="request_joint", helper_org_ids=[fire], opinion="请协助")
    await suspend(loop)
    await loop.act("supervisor", action="void", reason="false_data", opinion="虚假上报")
    assert (await api.as_("dept_handler_fire").get(f"/v1/tickets/{loop.id}")).status_code == 404
    ticket = await ledger.audit(session, UUID(loop.id))
    assert (ticket["status"], ticket["resume_on"]) == ("voided", None)


@pytest.mark.parametrize("amount", [6, 21_600])
async def test_an_extension_is_no_longer_than_the_limit_itself(loop: Loop, amount: int) -> None:
    await loop.to("processing")
    ask = {"action": "request_extension", "reason": "workload", "opinion": "需要协调机械"}
    problem_in(await loop.try_("dept_handler", amount=amount, **ask), 422, "invalid", "body.amount")
    assert (await loop.act("dept_handler", amount=5, **ask))["pending_request"]["amount"] == 5


async def test_a_review_that_waits_is_decided_before_the_ticket_is_reworked(loop: Loop) -> None:
    await loop.to("resolved")
    await loop.revisit(solved="unsolved", satisfaction="dissatisfied")
    await loop.act("dept_handler", action="request_review", opinion="不可抗力")
    rework = {"action": "rework", "opinion": "垃圾还在"}
    problem_in(await loop.try_("revisit_agent", **rework), 409, "action_refused")
    await loop.act("dispatcher", action="deny_review", opinion="不属于不可抗力")
    assert (await loop.act("revisit_agent", **rework))["status"] == "processing"


@pytest.mark.parametrize("drawn", [True, False])
async def test_what_was_mended_on_the_spot_and_is_not_goes_to_the_dispatcher(
    world: World, loop: Loop, monkeypatch: pytest.MonkeyPatch, *, drawn: bool
) -> None:
    monkeypatch.setattr(actions, "drawn_for_revisit", lambda _id, _percent: drawn)
    await loop.report()
    ticket = await loop.act("grid_worker", **await steps.mended(loop, world))
    assert (ticket["status"], ticket["rectify_mode"]) == ("resolved", "immediate")
    assert (ticket["revisit_state"] == "exempt") == (not drawn)
    ticket = await loop.act("dispatcher", action="reject_resolution", opinion="现场仍有垃圾")
    assert (ticket["status"], ticket["handler_id"], ticket["rework_count"]) == ("accepted", None, 1)
    assert (await loop.act("dispatcher", **steps.plain(Action.DISPATCH, world)))["status"] == "dispatched"


async def test_who_mended_it_on_the_spot_does_not_revisit_it(
    world: World, loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "drawn_for_revisit", lambda _id, _percent: True)
    await loop.report()
    ticket = await loop.act("grid_worker", **await steps.mended(loop, world))
    offered = {entry["action"] for entry in ticket["allowed_actions"]}
    assert not {"revisit", "evaluate", "reject_resolution"} & offered
    own = await loop.try_("grid_worker", **steps.plain(Action.REVISIT, world))
    problem_in(own, 403, "not_your_action")
    assert (await loop.revisit())["status"] == "evaluating"


async def test_who_handled_it_before_a_colleague_took_over_does_not_revisit_it(
    world: World, session: AsyncSession, loop: Loop
) -> None:
    await loop.to("processing")
    colleague = str(world["dept_handler_2"].member_id)
    await loop.act("dept_head", action="transfer_down", member_id=colleague)
    await loop.act("dept_handler_2", action="sign")
    await loop.act("dept_handler_2", **steps.plain(Action.RESOLVE, world))
    post = {"member_id": world["dept_handler"].member_id, "role": Role.REVISIT_AGENT.value}
    since = {"area_id": world.places["town"].id, "valid_from": clock.now()}
    await session.execute(insert(Post).values(id=uuid7(), **post, **since))
    await session.commit()
    refused = await loop.try_("dept_handler", **steps.plain(Action.REVISIT, world))
    problem_in(refused, 403, "not_your_action")


async def test_taking_back_a_request_that_is_decided_says_so(loop: Loop) -> None:
    await loop.to("processing")
    await suspend(loop)
    refused = await loop.try_("dept_handler", action="cancel_request")
    assert "没有待审批" in problem_in(refused, 409, "action_refused")["detail"]


async def test_a_dispatcher_does_without_helpers_that_never_finish(
    world: World, session: AsyncSession, loop: Loop
) -> None:
    await loop.to("processing")
    none = await loop.try_("dispatcher", action="finish_joint", opinion="不再会办")
    assert "会办" in problem_in(none, 409, "action_refused")["detail"]
    orgs = [str(world.orgs[name].id) for name in ("fire", "sanitation")]
    await loop.act("dispatcher", action="request_joint", helper_org_ids=orgs, opinion="请协助")
    done = await loop.act("dispatcher", action="finish_joint", opinion="会办单位一直未办，由主办单位办结")
    assert all(helper["done_at"] for helper in done["helpers"])
    resolved = await loop.act("dept_handler", **steps.plain(Action.RESOLVE, world))
    assert resolved["status"] == "resolved"
    await ledger.audit(session, UUID(loop.id))


async def test_a_card_on_what_nobody_has_yet_is_answered_by_who_routes_it(loop: Loop) -> None:
    await loop.report()
    await loop.act("supervisor", action="supervise", level="yellow", opinion="一直没有受理")
    answered = await loop.act("village_admin", action="reply_supervision", opinion="今日受理")
    assert answered["supervision"]["replied_at"] is not None
    lifted = await loop.act("supervisor", action="lift_supervision", opinion="已受理")
    assert (lifted["supervise_level"], lifted["supervision"]) == ("none", None)


async def test_what_is_suspended_still_gets_its_first_contact(loop: Loop) -> None:
    await loop.to("processing")
    await suspend(loop)
    told = await loop.act("dept_handler", action="contact", method="phone", opinion="已说明挂账原因")
    (contact,) = [clock for clock in told["clocks"] if clock["kind"] == "contact"]
    assert contact["stopped_at"] is not None


async def test_a_ticket_that_others_follow_is_not_withdrawn_or_voided_from_under_them(loop: Loop) -> None:
    await loop.report()
    child = await loop.another()
    await child.act("dispatcher", action="merge", master_id=loop.id)
    undo = {"action": "withdraw", "opinion": "报错了"}
    void = {"action": "void", "reason": "test_data", "opinion": "测试数据"}
    for who, body in (("grid_worker", undo), ("dispatcher", void)):
        refused = problem_in(await loop.try_(who, **body), 409, "action_refused")
        assert "撤销并案" in refused["detail"]
    await child.act("dispatcher", action="unmerge", opinion="不是同一处")
    assert (await loop.act("grid_worker", **undo))["status"] == "withdrawn"
    assert (await child.read())["status"] == "reported"
