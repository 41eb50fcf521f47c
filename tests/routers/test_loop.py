"""One ticket round the loop over HTTP, and what stands in the way of a wrong step."""

from typing import Any
from uuid import UUID

import pytest
from httpx import Response

from tests.support.clients import Api
from tests.support.tickets import Loop
from tests.support.world import World


async def test_five_people_take_one_ticket_from_report_to_close(api: Api, world: World) -> None:
    loop = Loop(api, world)
    ticket = await loop.report()
    assert ticket["status"] == "reported"
    assert ticket["no"].startswith("WG")
    seen = [ticket["status"]]
    for who, body in loop.story():
        ticket = await loop.act(who, **body)
        seen.append(ticket["status"])
    assert seen == [
        "reported", "accepted", "dispatched", "processing", "resolved", "evaluating", "evaluating", "closed",
    ]  # fmt: skip
    assert ticket["stage"] == "close"
    assert ticket["closed_at"] is not None
    assert ticket["due_at"] is None
    assert all(clock["stopped_at"] for clock in ticket["clocks"])
    assert {entry["action"] for entry in ticket["allowed_actions"]} == {"comment", "reopen"}


async def test_the_timeline_tells_who_did_what_and_which_clock_stopped_in_time(
    api: Api, world: World
) -> None:
    loop = Loop(api, world)
    await loop.to("closed")
    events = (await api.as_("dispatcher").get(f"/v1/tickets/{loop.id}/events")).json()["items"]
    assert [event["seq"] for event in events] == list(range(1, 9))
    assert [event["action"] for event in events] == [
        "report", "accept", "dispatch", "sign", "resolve", "revisit", "evaluate", "close",
    ]  # fmt: skip
    stopped = {
        clock["kind"]: clock["in_time"]
        for event in events
        for clock in event["data"]["clocks"].get("stopped", [])
    }
    assert stopped == dict.fromkeys(
        ["accept", "dispatch", "sign", "contact", "handle", "revisit", "close", "overall"], True
    )
    given_up = [
        (event["action"], clock["kind"])
        for event in events
        for clock in event["data"]["clocks"].get("stopped", [])
        if not clock["met"]
    ]
    assert given_up == [("resolve", "contact")], "nobody called before it was resolved"
    assert events[2]["data"]["org_id"] == str(world.orgs["urban"].id)
    assert events[3]["actor_name"] == world["dept_handler"].name
    assert events[3]["actor_role"] == "dept_handler"


async def test_the_handler_cannot_revisit_their_own_ticket(api: Api, world: World) -> None:
    loop = Loop(api, world)
    await loop.to("resolved")
    refused = await loop.try_("dept_handler", action="revisit", method="phone", reached=False)
    assert refused.status_code == 403
    assert "回访" in refused.json()["detail"]
    assert (await loop.read())["status"] == "resolved"


async def test_a_ticket_cannot_close_before_revisit_and_evaluation(api: Api, world: World) -> None:
    loop = Loop(api, world)
    await loop.to("resolved")
    early = await loop.try_("dispatcher", action="close")
    assert early.status_code == 409
    assert "回访" in early.json()["detail"]
    await loop.revisit()
    unevaluated = await loop.try_("dispatcher", action="close")
    assert unevaluated.status_code == 409
    assert "评价" in unevaluated.json()["detail"]
    assert {"evaluate", "void"} & {entry["action"] for entry in unevaluated.json()["allowed_actions"]}


async def test_a_machines_report_is_let_off_the_revisit_by_a_recorded_policy(api: Api, world: World) -> None:
    loop = Loop(api, world)
    claimed = await api.as_("grid_worker").post("/v1/tickets", json=loop.body(source="iot"))
    assert (claimed.status_code, claimed.json()["errors"][0]["field"]) == (422, "body.source")
    await loop.report("api_client", source="iot")
    await loop.to("resolved")
    ticket = await loop.read()
    assert (ticket["revisit_state"], ticket["exempt_policy"]) == ("exempt", "machine_source")
    assert (
        await loop.try_("revisit_agent", action="revisit", method="phone", reached=False)
    ).status_code == 409
    assert (await loop.act("dispatcher", action="close"))["status"] == "closed"


async def test_an_unsatisfied_answer_sends_the_ticket_back_and_halves_the_limit(
    api: Api, world: World
) -> None:
    loop = Loop(api, world)
    await loop.to("resolved")
    await loop.revisit(solved="unsolved", satisfaction="dissatisfied")
    await loop.act("revisit_agent", action="evaluate", evaluated_by="resident",
                   satisfaction="dissatisfied", solved="unsolved")  # fmt: skip
    assert (await loop.try_("dispatcher", action="close")).status_code == 409
    ticket = await loop.act("revisit_agent", action="rework", opinion="垃圾还在，请再清一次")
    assert (ticket["status"], ticket["rework_count"]) == ("processing", 1)
    running = {clock["kind"]: clock for clock in ticket["clocks"] if clock["stopped_at"] is None}
    assert set(running) == {"handle", "overall"}
    assert (running["handle"]["amount"], running["handle"]["round"]) == (3, 2)
    await loop.to("closed")
    assert (await loop.read())["status"] == "closed"


async def test_a_satisfied_answer_cannot_be_reworked(api: Api, world: World) -> None:
    loop = Loop(api, world)
    await loop.to("evaluating")
    refused = await loop.try_("revisit_agent", action="rework", opinion="再来一次")
    assert refused.status_code == 409
    assert refused.json()["code"] == "action_refused"


async def test_two_failed_calls_on_one_half_day_do_not_make_a_person_unreachable(
    api: Api, world: World
) -> None:
    loop = Loop(api, world)
    await loop.to("resolved")
    for _ in range(2):
        ticket = await loop.act("revisit_agent", action="revisit", method="phone", reached=False)
    assert ticket["status"] == "resolved"
    assert len(ticket["revisits"]) == 2


async def test_a_decline_is_approved_to_the_proper_owner_with_new_clocks(api: Api, world: World) -> None:
    loop = Loop(api, world)
    await loop.to("dispatched")
    fire = str(world.orgs["fire"].id)
    ticket = await loop.act("dept_handler", action="decline", reason="wrong_duty", basis="权责清单第 12 项",
                            proposed_org_id=fire)  # fmt: skip
    assert ticket["pending_request"]["kind"] == "decline"
    assert (await loop.try_("dept_handler", action="sign")).status_code == 409
    ticket = await loop.act("dispatcher", action="approve_decline", org_id=fire)
    assert (ticket["status"], ticket["lead_org_id"], ticket["decline_count"]) == ("dispatched", fire, 1)
    assert ticket["pending_request"] is None
    assert (await api.as_("dept_handler").get(f"/v1/tickets/{loop.id}")).status_code == 404
    assert (await loop.act("dept_handler_fire", action="sign"))["status"] == "processing"


async def test_a_denied_decline_stays_with_its_owner_and_two_are_the_most(api: Api, world: World) -> None:
    loop = Loop(api, world)
    await loop.to("dispatched")
    for _ in range(2):
        await loop.act("dept_handler", action="decline", reason="wrong_duty", basis="不属于本单位职责",
                       proposed_org_id=str(world.orgs["fire"].id))  # fmt: skip
        ticket = await loop.act("dispatcher", action="deny_decline", opinion="按属地管理由贵单位办理")
    assert (ticket["status"], ticket["decline_count"]) == ("dispatched", 2)
    third = await loop.try_("dept_handler", action="decline", reason="wrong_duty", basis="再退",
                             proposed_org_id=str(world.orgs["fire"].id))  # fmt: skip
    assert third.status_code == 409
    assert "2 次" in third.json()["detail"]


async def test_a_declined_ticket_without_a_new_owner_goes_back_to_the_dispatcher(
    api: Api, world: World
) -> None:
    loop = Loop(api, world)
    await loop.to("processing")
    await loop.act("dept_handler", action="decline", reason="unclear_owner", basis="权属不清",
                   proposed_org_id=str(world.orgs["fire"].id))  # fmt: skip
    ticket = await loop.act("dispatcher", action="approve_decline")
    assert (ticket["status"], ticket["lead_org_id"]) == ("accepted", None)
    assert [clock["kind"] for clock in ticket["clocks"] if not clock["stopped_at"]] == ["overall", "dispatch"]


async def test_a_return_pauses_the_accept_clock_and_the_supplement_resumes_it(api: Api, world: World) -> None:
    loop = Loop(api, world)
    await loop.report()
    ticket = await loop.act(
        "dispatcher", action="return_for_info", reason="incomplete", opinion="请补充门牌号"
    )
    assert (ticket["status"], ticket["due_at"]) == ("returned", None)
    assert {clock["kind"]: clock["paused_at"] is not None for clock in ticket["clocks"]} == {
        "accept": True, "overall": False,
    }  # fmt: skip
    ticket = await loop.act("grid_worker", action="submit", opinion="门牌是沙龙路 12 号")
    assert ticket["status"] == "reported"
    assert all(clock["paused_at"] is None for clock in ticket["clocks"])
    assert ticket["due_at"] is not None


@pytest.mark.parametrize("action", ["withdraw", "reject", "void"])
async def test_a_ticket_that_ends_early_runs_no_clock(api: Api, world: World, action: str) -> None:
    loop = Loop(api, world)
    await loop.report()
    bodies: dict[str, tuple[str, dict[str, Any]]] = {
        "withdraw": ("grid_worker", {}),
        "reject": ("dispatcher", {"reason": "not_ours", "opinion": "属于邻镇"}),
        "void": ("dispatcher", {"reason": "test_data", "opinion": "演练数据"}),
    }
    who, body = bodies[action]
    ticket = await loop.act(who, action=action, **body)
    assert ticket["closed_at"] is not None
    assert all(clock["stopped_at"] for clock in ticket["clocks"])
    assert {entry["action"] for entry in ticket["allowed_actions"]} <= {"comment", "appeal"}


async def test_only_the_supervisor_voids_what_was_already_dispatched(api: Api, world: World) -> None:
    loop = Loop(api, world)
    await loop.to("processing")
    body = {"action": "void", "reason": "false_data", "opinion": "虚假上报"}
    assert (await loop.try_("dispatcher", **body)).status_code == 403
    assert (await loop.act("supervisor", **body))["status"] == "voided"


async def test_an_illegal_action_is_409_with_what_is_allowed(api: Api, world: World) -> None:
    loop = Loop(api, world)
    await loop.report()
    refused = await loop.try_("dispatcher", action="close")
    assert refused.status_code == 409
    problem = refused.json()
    assert problem["code"] == "illegal_transition"
    assert {entry["action"] for entry in problem["allowed_actions"]} == {
        "accept", "return_for_info", "reject", "void", "merge", "change", "urge", "supervise", "comment",
    }  # fmt: skip


async def test_a_dispatcher_of_the_next_town_sees_nothing(api: Api, world: World) -> None:
    loop = Loop(api, world)
    await loop.report()
    for reply in (
        await api.as_("dispatcher_c").get(f"/v1/tickets/{loop.id}"),
        await api.as_("dispatcher_c").get(f"/v1/tickets/{loop.id}/events"),
        await loop.try_("dispatcher_c", action="accept"),
    ):
        assert reply.status_code == 404
    listed = (await api.as_("dispatcher_c").get("/v1/tickets")).json()["items"]
    assert listed == []


async def test_a_stale_version_changes_nothing(api: Api, world: World) -> None:
    loop = Loop(api, world)
    await loop.report()
    await loop.act("dispatcher", action="accept")
    stale: Response = await api.as_("dispatcher").post(
        f"/v1/tickets/{loop.id}/actions",
        json={"action": "dispatch", "org_id": str(world.orgs["urban"].id)},
        headers={"If-Match": '"1"'},
    )
    assert stale.status_code == 412
    assert (await loop.read())["status"] == "accepted"


async def test_a_ticket_goes_only_to_an_organisation_that_serves_its_area(api: Api, world: World) -> None:
    loop = Loop(api, world)
    await loop.to("accepted")
    for org_id in (world.orgs["committee_c"].id, UUID(int=7)):
        refused = await loop.try_("dispatcher", action="dispatch", org_id=str(org_id))
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["field"] == "body.org_id"
