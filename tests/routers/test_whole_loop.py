"""The rest of the transition table over HTTP: requests, joint work, escalation, supervision, reopening."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.models.ticket_step import TicketClock
from tests.support.clients import Api
from tests.support.tickets import Loop
from tests.support.world import World


def running(ticket: dict[str, Any]) -> set[str]:
    """The kinds of clocks that run."""
    return {c["kind"] for c in ticket["clocks"] if c["stopped_at"] is None and c["paused_at"] is None}


def soon(days: int = 10) -> str:
    """A day ahead."""
    return str(clock.today() + timedelta(days=days))


async def test_a_draft_is_the_reporters_alone_until_it_is_submitted(api: Api, world: World) -> None:
    loop = Loop(api, world)
    await loop.report(draft=True)
    assert (await api.as_("dispatcher").get(f"/v1/tickets/{loop.id}")).status_code == 404
    assert (await api.as_("dispatcher").get("/v1/tickets")).json()["items"] == []
    ticket = await loop.act("grid_worker", action="submit")
    assert (ticket["status"], running(ticket)) == ("reported", {"accept", "overall"})
    assert len((await api.as_("dispatcher").get("/v1/tickets")).json()["items"]) == 1


async def test_a_rejected_report_is_appealed_once(api: Api, world: World) -> None:
    loop = Loop(api, world)
    await loop.report()
    reject = {"action": "reject", "reason": "no_substance", "opinion": "没有具体内容"}
    await loop.act("dispatcher", **reject)
    ticket = await loop.act("grid_worker", action="appeal", opinion="已补充照片，请受理")
    assert (ticket["status"], ticket["closed_at"], ticket["appeal_count"]) == ("reported", None, 1)
    await loop.act("dispatcher", **reject)
    again = await loop.try_("grid_worker", action="appeal", opinion="再申诉")
    assert (again.status_code, "一次" in again.json()["detail"]) == (409, True)


async def test_a_merged_ticket_stands_still_and_comes_back_exactly(api: Api, world: World) -> None:
    master, child = Loop(api, world), Loop(api, world)
    await master.to("processing")
    before = await child.to("dispatched")
    merged = await child.act("dispatcher", action="merge", master_id=master.id, opinion="同一处垃圾")
    assert (merged["status"], merged["merged_into_id"], running(merged)) == ("merged", master.id, set())
    cycle = await master.try_("dispatcher", action="merge", master_id=child.id)
    assert (cycle.status_code, cycle.json()["errors"][0]["field"]) == (422, "body.master_id")
    back = await child.act("dispatcher", action="unmerge", opinion="不是同一处")
    assert (back["status"], back["closed_at"], back["merged_into_id"]) == ("dispatched", None, None)
    assert running(back) == running(before)


async def test_helpers_finish_before_the_lead_may_resolve(api: Api, world: World) -> None:
    loop = Loop(api, world)
    fire = str(world.orgs["fire"].id)
    await loop.to("accepted")
    await loop.act("dispatcher", action="dispatch", org_id=str(world.orgs["urban"].id), helper_org_ids=[fire])
    await loop.act("dept_handler", action="sign")
    resolve = {"action": "resolve", "resolution_type": "solved", "measures": "已清理"}
    early = await loop.try_("dept_handler", **resolve)
    assert (early.status_code, "会办" in early.json()["detail"]) == (409, True)
    assert (await api.as_("dept_handler_fire").get(f"/v1/tickets/{loop.id}")).status_code == 200
    done = await loop.act("dept_handler_fire", action="finish_joint", opinion="消防通道已恢复")
    assert [helper["done_at"] is not None for helper in done["helpers"]] == [True]
    assert (await loop.act("dept_handler", **resolve))["status"] == "resolved"


async def test_an_extension_moves_the_deadline_and_the_second_needs_a_leader(api: Api, world: World) -> None:
    loop = Loop(api, world)
    await loop.to("processing")
    ask = {"action": "request_extension", "amount": 3, "reason": "workload", "opinion": "需要协调机械"}
    asked = await loop.act("dept_handler", **ask)
    assert asked["pending_request"]["kind"] == "extension"
    granted = await loop.act("dispatcher", action="approve_extension")
    due = {step: next(c["due_at"] for c in t["clocks"] if c["kind"] == "handle") for step, t in
           (("asked", asked), ("granted", granted))}  # fmt: skip
    assert due["granted"] > due["asked"]
    await loop.act("dept_handler", **ask)
    second = await loop.try_("dispatcher", action="approve_extension")
    assert (second.status_code, "领导" in second.json()["detail"]) == (409, True)
    assert (await loop.act("leader_viewer", action="approve_extension"))["extension_count"] == 2
    third = await loop.try_("dept_handler", **ask)
    assert third.status_code == 409


async def test_an_extension_cannot_be_asked_for_after_the_deadline(
    api: Api, world: World, session: AsyncSession
) -> None:
    loop = Loop(api, world)
    await loop.to("processing")
    await session.execute(
        update(TicketClock)
        .where(TicketClock.ticket_id == UUID(loop.id), TicketClock.kind == "handle")
        .values(due_at=clock.now() - timedelta(minutes=1))
    )
    await session.commit()
    ask = {"action": "request_extension", "amount": 3, "reason": "workload", "opinion": "晚了"}
    refused = await loop.try_("dept_handler", **ask)
    assert (refused.status_code, "超过办理时限" in refused.json()["detail"]) == (409, True)


async def test_a_suspended_ticket_stops_its_clock_and_resumes_with_what_was_left(
    api: Api, world: World
) -> None:
    loop = Loop(api, world)
    await loop.to("processing")
    ask = {"action": "request_suspend", "reason": "funds", "resume_on": soon(), "opinion": "等待立项资金"}
    await loop.act("dept_handler", **ask)
    suspended = await loop.act("dispatcher", action="approve_suspend")
    assert (suspended["status"], suspended["resume_on"]) == ("suspended", soon())
    assert running(suspended) == {"contact", "overall"}, "what is suspended still wants its first contact"
    await loop.act("dispatcher", action="review_suspension", resume_on=soon(20), opinion="资金下月到位")
    await loop.act("dept_handler", action="progress", opinion="已上报立项")
    resumed = await loop.act("dispatcher", action="resume")
    assert (resumed["status"], "handle" in running(resumed)) == ("processing", True)


async def test_who_asks_does_not_approve(api: Api, world: World) -> None:
    loop = Loop(api, world)
    await loop.to("processing")
    ask = {"action": "request_suspend", "reason": "season", "resume_on": soon(), "opinion": "汛期后施工"}
    await loop.act("dept_handler", **ask)
    assert (await loop.try_("dept_handler", action="approve_suspend")).status_code == 403
    cancelled = await loop.act("dept_handler", action="cancel_request")
    assert cancelled["pending_request"] is None


@pytest.mark.parametrize(
    ("decision", "status", "more"),
    [
        ("send_back", "processing", {}),
        ("route_anew", "accepted", {}),
        ("take_over", "dispatched", {"org_id": "fire"}),
        ("suspend", "suspended", {"resume_on": soon()}),
    ],
)
async def test_an_escalated_ticket_is_decided_at_the_upper_level(
    api: Api, world: World, decision: str, status: str, more: dict[str, str]
) -> None:
    loop = Loop(api, world)
    await loop.to("processing")
    up = await loop.act("dept_head", action="escalate", reason="beyond_powers", opinion="需镇级研处")
    assert (up["status"], up["handling_level"], "handle" in running(up)) == ("escalating", 2, False)
    body = {**more, **({"org_id": str(world.orgs["fire"].id)} if "org_id" in more else {})}
    ticket = await loop.act("dispatcher", action="decide", decision=decision, opinion="研处会议决定", **body)
    assert ticket["status"] == status


async def test_a_card_needs_an_answer_before_it_is_lifted(api: Api, world: World) -> None:
    loop = Loop(api, world)
    await loop.to("processing")
    await loop.act("dispatcher", action="urge", opinion="请加快")
    ticket = await loop.act("supervisor", action="supervise", level="yellow", opinion="逾期风险")
    assert ticket["supervise_level"] == "yellow"
    lower = await loop.try_("supervisor", action="supervise", level="normal")
    assert lower.status_code == 409
    unanswered = await loop.try_("supervisor", action="lift_supervision", opinion="解除")
    assert (unanswered.status_code, "回复" in unanswered.json()["detail"]) == (409, True)
    await loop.act("dept_handler", action="reply_supervision", opinion="明日清运")
    lifted = await loop.act("supervisor", action="lift_supervision", opinion="已回复")
    assert (lifted["supervise_level"], lifted["supervision"]) == ("none", None)


async def test_the_first_contact_stops_its_clock(api: Api, world: World) -> None:
    loop = Loop(api, world)
    dispatched = await loop.to("dispatched")
    assert running(dispatched) == {"sign", "contact", "handle", "overall"}
    ticket = await loop.act("dept_handler", action="contact", method="phone", opinion="已电话联系群众")
    assert "contact" not in running(ticket)
    again = await loop.try_("dept_handler", action="contact", method="phone", opinion="再联系")
    assert again.status_code == 409


async def test_changing_the_urgency_gives_the_open_clocks_their_new_limits(api: Api, world: World) -> None:
    loop = Loop(api, world)
    before = await loop.to("processing")
    after = await loop.act("dispatcher", action="change", urgency="urgent", opinion="影响出行，提级")
    handle = next(c for c in after["clocks"] if c["kind"] == "handle")
    assert (handle["unit"], handle["amount"]) == ("wall_minutes", 1440)
    assert after["due_at"] < before["due_at"]
    nothing = await loop.try_("dispatcher", action="change", urgency="urgent", opinion="再改")
    assert (nothing.status_code, nothing.json()["detail"]) == (409, "没有任何变更")


async def test_a_resolution_that_fails_on_site_goes_back_with_half_the_limit(api: Api, world: World) -> None:
    loop = Loop(api, world)
    await loop.to("resolved")
    ticket = await loop.act("grid_worker", action="reject_resolution", opinion="现场还有垃圾")
    assert (ticket["status"], ticket["rework_count"]) == ("processing", 1)
    handle = [c for c in ticket["clocks"] if c["kind"] == "handle"][-1]
    assert (handle["amount"], handle["round"]) == (3, 2)


async def test_a_closed_ticket_is_reopened_at_most_twice(api: Api, world: World) -> None:
    loop = Loop(api, world)
    await loop.to("closed")
    for number in (1, 2):
        ticket = await loop.act("dispatcher", action="reopen", to_handler=True, opinion="群众反映又出现")
        assert (ticket["status"], ticket["reopen_count"], ticket["closed_at"]) == ("processing", number, None)
        await loop.act("dept_handler", action="resolve", resolution_type="solved", measures="再次清理")
        await loop.revisit()
        await loop.act(
            "dispatcher_2", action="evaluate", evaluated_by="resident", satisfaction="very", solved="solved"
        )
        await loop.act("dispatcher_2", action="close")
    third = await loop.try_("dispatcher", action="reopen", to_handler=True, opinion="又来")
    assert third.status_code == 409


async def test_a_review_touches_only_whether_it_counts(api: Api, world: World) -> None:
    loop = Loop(api, world)
    before = await loop.to("closed")
    await loop.act("dept_handler", action="request_review", opinion="不可抗力导致超期")
    after = await loop.act("dispatcher", action="approve_review")
    assert (after["excluded_from_assessment"], after["status"]) == (True, "closed")
    same = ("closed_at", "satisfaction", "solved", "rework_count")
    assert {key: after[key] for key in same} == {key: before[key] for key in same}


async def test_a_withdrawal_after_acceptance_needs_the_dispatchers_consent(api: Api, world: World) -> None:
    loop = Loop(api, world)
    await loop.to("accepted")
    asked = await loop.act("grid_worker", action="request_withdraw", opinion="已自行解决")
    assert asked["status"] == "accepted"
    assert (await loop.act("dispatcher", action="approve_withdraw"))["status"] == "withdrawn"


async def test_a_confidential_report_hides_its_reporter_from_the_handler(api: Api, world: World) -> None:
    loop = Loop(api, world)
    await loop.report(confidential=True)
    await loop.to("processing")
    for path in (f"/v1/tickets/{loop.id}", f"/v1/tickets/{loop.id}/events", "/v1/tickets"):
        told = (await api.as_("dept_handler").get(path)).text
        assert world["grid_worker"].name not in told
        assert str(world["grid_worker"].member_id) not in told
        assert "**5678" not in told
        assert "13812345678" not in told
    assert world["grid_worker"].name in (await api.as_("dispatcher").get(f"/v1/tickets/{loop.id}")).text


async def test_a_person_chosen_by_the_dispatcher_signs(api: Api, world: World) -> None:
    loop = Loop(api, world)
    await loop.to("processing")
    chosen = str(world["dept_handler_2"].member_id)
    ticket = await loop.act("dept_head", action="transfer_down", member_id=chosen)
    assert ticket["status"] == "dispatched"
    assert (await loop.try_("dept_handler", action="sign")).status_code == 409
    assert (await loop.act("dept_handler_2", action="sign"))["handler_id"] == chosen
