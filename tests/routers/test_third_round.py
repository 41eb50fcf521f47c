"""What is still unsolved after two reworks goes up: another round there, with the answers of its own."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from tests.support import ledger
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.tickets import Loop
from tests.support.world import World

UP = {"action": "escalate", "reason": "beyond_powers", "opinion": "两次返工仍未解决"}
DECIDE = {"action": "decide", "opinion": "镇级研处会议决定"}


@pytest.fixture
async def loop(api: Api, world: World) -> Loop:
    """A ticket that was reworked twice, and is still not solved."""
    loop = Loop(api, world)
    for _ in range(2):
        await loop.to("resolved")
        await loop.revisit(solved="unsolved", satisfaction="dissatisfied")
        await loop.act("revisit_agent", action="rework", opinion="没有解决")
    await loop.to("resolved")
    await loop.revisit(solved="unsolved", satisfaction="dissatisfied")
    return loop


def running(ticket: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {c["kind"]: c for c in ticket["clocks"] if c["stopped_at"] is None and c["paused_at"] is None}


async def test_it_is_not_reworked_a_third_time_but_goes_up_and_comes_back_with_a_whole_limit(
    loop: Loop, session: AsyncSession
) -> None:
    third = await loop.try_("revisit_agent", action="rework", opinion="再办")
    assert "上报研处" in problem_in(third, 409, "action_refused")["detail"]
    up = await loop.act("dispatcher", **UP)
    assert (up["status"], up["handling_level"], up["rework_count"]) == ("escalating", 2, 3)
    assert (up["solved"], up["satisfaction"], set(running(up))) == (None, None, {"overall"})
    await ledger.audit(session, UUID(loop.id))
    back = await loop.act("supervisor", **DECIDE, decision="send_back")
    handle = running(back)["handle"]
    assert (back["status"], handle["amount"], handle["round"]) == ("processing", 5, 4)
    await loop.act("dept_handler", action="resolve", resolution_type="solved", measures="已彻底清理")
    await loop.revisit()
    assert (await loop.read())["solved"] == "solved"
    await ledger.audit(session, UUID(loop.id))


@pytest.mark.parametrize(
    ("decision", "org", "status"),
    [("take_over", "fire", "dispatched"), ("route_anew", None, "accepted")],
)
async def test_the_upper_level_may_take_it_over_or_have_it_routed_anew(
    world: World, session: AsyncSession, loop: Loop, decision: str, org: str | None, status: str
) -> None:
    await loop.act("dispatcher", **UP)
    named = {"org_id": str(world.orgs[org].id)} if org else {}
    assert (await loop.act("supervisor", **DECIDE, decision=decision, **named))["status"] == status
    await ledger.audit(session, UUID(loop.id))


async def test_what_is_suspended_from_there_has_its_time_before_it_when_it_resumes(
    session: AsyncSession, loop: Loop
) -> None:
    await loop.act("dispatcher", **UP)
    still = await loop.act("supervisor", **DECIDE, decision="suspend", resume_on="2026-12-31")
    (handle,) = [c for c in still["clocks"] if c["kind"] == "handle" and not c["stopped_at"]]
    assert (still["status"], handle["paused_at"]) == ("suspended", handle["started_at"])
    resumed = await loop.act("dispatcher", action="resume")
    assert (resumed["status"], "handle" in running(resumed)) == ("processing", True)
    await loop.act("dept_handler", action="resolve", resolution_type="solved", measures="已清理")
    await ledger.audit(session, UUID(loop.id))


async def test_who_is_content_or_may_still_have_it_reworked_sends_nothing_up(api: Api, world: World) -> None:
    fresh = Loop(api, world)
    await fresh.to("evaluating")
    refused = await fresh.try_("dispatcher", **UP)
    assert "不满意" in problem_in(refused, 409, "action_refused")["detail"]
