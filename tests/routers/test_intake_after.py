"""What a third party adds to its ticket, takes back, or says when it is due."""

from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Sessions
from tests.support.clients import Api
from tests.support.orders import ORDER, TICKETS, events, push, read, supplement, withdraw
from tests.support.problems import problem_in
from tests.support.telling import Telling
from tests.support.tickets import Loop
from tests.support.uploads import uploaded
from tests.support.world import World


async def pushed(api: Api, world: World, status: str = "reported", **changed: Any) -> Loop:
    """An order that has come to a status."""
    loop = Loop(api, world)
    loop.id = (await push(api, **changed))["id"]
    await loop.to(status)
    return loop


async def overall(loop: Loop) -> dict[str, Any]:
    """The clock of the whole ticket that runs now."""
    clocks = (await loop.read())["clocks"]
    found: dict[str, Any] = next(one for one in clocks if one["kind"] == "overall" and not one["stopped_at"])
    return found


async def test_a_supplement_is_a_comment_of_the_sender_and_comes_once(api: Api, world: World) -> None:
    loop = await pushed(api, world, "processing")
    photo = await uploaded(api, "api_client")
    files = [{"id": photo["id"], "purpose": "evidence"}]
    first = await supplement(api, attachments=files)
    assert (first["status"], first["external_ref"]) == ("processing", ORDER["external_ref"])
    await supplement(api, status=200, attachments=files)
    told = [one for one in await events(api, loop.id) if one["action"] == "comment"]
    assert [(one["opinion"], one["actor_name"], one["actor_role"]) for one in told] == [
        ("来电人补充：垃圾里有玻璃。", world.client.name, "api_client")
    ]
    assert [one["id"] for one in (await loop.read())["attachments"]] == [photo["id"]]
    path = f"{TICKETS}/{ORDER['external_ref']}/supplements"
    changed = await api.as_("api_client").post(path, json={"supplement_ref": "1", "content": "另一件"})
    problem_in(changed, 409, "external_ref_reused", "body.supplement_ref")


async def test_a_ticket_that_was_returned_for_more_is_reported_anew_with_it(api: Api, world: World) -> None:
    loop = await pushed(api, world)
    await loop.act("dispatcher", action="return_for_info", reason="incomplete", opinion="请补充门牌")
    photo = await uploaded(api, "api_client")
    found = await supplement(api, attachments=[{"id": photo["id"], "purpose": "evidence"}])
    assert found["status"] == "reported"
    assert (await events(api, loop.id))[-1]["opinion"] == "来电人补充：垃圾里有玻璃。"
    assert [one["id"] for one in (await loop.read())["attachments"]] == [photo["id"]]


async def test_what_nobody_has_accepted_is_withdrawn_at_once_and_once(api: Api, world: World) -> None:
    await pushed(api, world)
    for _time in range(2):
        found = (await withdraw(api)).json()
        assert (found["outcome"], found["ticket"]["status"]) == ("withdrawn", "withdrawn")
    assert (await push(api, status=200))["status"] == "withdrawn"


async def test_what_others_were_merged_into_is_not_taken_from_them_by_a_withdrawal(
    api: Api, world: World
) -> None:
    loop = await pushed(api, world)
    other = await loop.another()
    await other.act("dispatcher", action="merge", master_id=loop.id)
    for _time in range(2):
        found = (await withdraw(api)).json()
        assert (found["outcome"], found["ticket"]["status"]) == ("noted", "reported")
    assert [one["action"] for one in await events(api, loop.id)][-1] == "comment"


async def test_the_longest_reason_fits_into_the_note(api: Api, world: World) -> None:
    await pushed(api, world, "processing")
    path = f"{TICKETS}/{ORDER['external_ref']}/withdrawal"
    longest = await api.as_("api_client").post(path, json={"reason": "撤" * 1000})
    assert longest.json()["outcome"] == "noted"
    longer = await api.as_("api_client").post(path, json={"reason": "撤" * 1001})
    problem_in(longer, 422, "invalid", "body.reason")


async def test_of_what_was_accepted_the_dispatcher_is_asked(api: Api, world: World) -> None:
    loop = await pushed(api, world, "accepted")
    for _time in range(2):
        assert (await withdraw(api)).json()["outcome"] == "asked"
    await loop.act("dispatcher", action="deny_withdraw", opinion="已约好清运")
    assert (await withdraw(api)).json()["outcome"] == "asked"
    await loop.act("dispatcher", action="approve_withdraw")
    assert (await withdraw(api)).json()["outcome"] == "withdrawn"
    asked = [one for one in await events(api, loop.id) if one["action"] == "request_withdraw"]
    assert len(asked) == 2


async def test_later_whoever_handles_it_is_told_once_and_an_ended_ticket_is_not_withdrawn(
    api: Api, world: World
) -> None:
    loop = await pushed(api, world, "processing")
    for _time in range(2):
        found = (await withdraw(api)).json()
        assert (found["outcome"], found["ticket"]["status"]) == ("noted", "processing")
    told = [one["opinion"] for one in await events(api, loop.id) if one["action"] == "comment"]
    assert told == ["诉求人撤单：来电人说已经清走了"]
    await loop.to("closed")
    problem_in(await withdraw(api), 409, "illegal_transition")


async def test_whoever_has_the_ticket_hears_of_a_supplement_and_of_a_withdrawal(
    api: Api, world: World, sessions: Sessions
) -> None:
    people = ("dispatcher", "dept_handler", "dept_head")
    loop, telling = await pushed(api, world), Telling(api, sessions)

    async def hear() -> dict[str, int]:
        return {who: (await telling.kinds(who)).count("supplemented") for who in people}

    await supplement(api, "1")
    assert await hear() == {"dispatcher": 1, "dept_handler": 0, "dept_head": 0}
    await loop.to("dispatched")
    await supplement(api, "2")
    assert await hear() == {"dispatcher": 1, "dept_handler": 1, "dept_head": 1}
    await loop.to("processing")
    await withdraw(api)
    await loop.act("dispatcher", action="comment", opinion="已知悉")
    assert await hear() == {"dispatcher": 1, "dept_handler": 2, "dept_head": 1}
    await loop.to("closed")
    await supplement(api, "3", content="来电人说又堆起来了，不满意")
    assert await hear() == {"dispatcher": 2, "dept_handler": 3, "dept_head": 1}
    again = await loop.act("dispatcher", action="reopen", to_handler=True, opinion="来电人不满意")
    assert again["status"] == "processing"
    assert (await read(api))["status"] == "processing"


async def test_the_senders_deadline_is_that_of_the_whole_ticket_and_no_rule_of_ours_moves_it(
    api: Api, world: World
) -> None:
    due = (clock.now() + timedelta(days=5)).replace(microsecond=0)
    loop = await pushed(api, world, "accepted", reply_due_at=due.isoformat())
    assert (await read(api))["reply_due_at"] == due.isoformat().replace("+00:00", "Z")
    wanted = (due.isoformat(), True)
    given = await overall(loop)
    assert (given["due_at"].replace("Z", "+00:00"), given["given"]) == wanted
    await loop.act("dispatcher", action="change", urgency="critical", opinion="有危险")
    master = await loop.another()
    await loop.act("dispatcher", action="merge", master_id=master.id)
    await loop.act("dispatcher", action="unmerge", opinion="不是一件事")
    again = await overall(loop)
    assert (again["due_at"].replace("Z", "+00:00"), again["given"]) == wanted
    assert again["paused_at"] is None


async def test_a_deadline_that_has_passed_is_no_reason_to_lose_a_ticket(
    api: Api, session: AsyncSession, world: World
) -> None:
    due = clock.now() - timedelta(hours=1)
    loop = await pushed(api, world, reply_due_at=due.isoformat())
    assert (await overall(loop))["due_at"] < clock.now().isoformat()
    waits = "SELECT next_at <= now() FROM ticket_clock WHERE given"
    assert await session.scalar(text(waits)) is True


async def test_the_sender_passes_on_what_the_caller_says_of_the_result_and_hears_why_nothing_is_done(
    api: Api, world: World
) -> None:
    loop = await pushed(api, world, "evaluating")
    said = {"evaluated_by": "resident", "satisfaction": "dissatisfied", "solved": "unsolved"}
    await loop.act("api_client", action="evaluate", opinion="来电人说没有清干净", **said)
    assert (await read(api))["satisfaction"] == "dissatisfied"
    problem_in(await loop.try_("dispatcher_2", action="close"), 409, "action_refused")
    await loop.act("dispatcher_2", action="rework", opinion="来电人不满意")
    assert (await read(api))["status"] == "processing"
    refused = await pushed(api, world, external_ref="2")
    await refused.act("dispatcher", action="reject", reason="not_ours", opinion="不在本镇")
    steps = (await api.as_("api_client").get(f"/v1/tickets/{refused.id}/events")).json()["items"]
    assert (steps[-1]["action"], steps[-1]["data"]["reason"]) == ("reject", "not_ours")
    appealed = await refused.act("api_client", action="appeal", opinion="地址在本镇，见附图")
    assert appealed["status"] == "reported"


async def test_what_comes_before_its_ticket_is_not_there_yet_and_is_taken_afterwards(api: Api) -> None:
    path = f"{TICKETS}/{ORDER['external_ref']}"
    more = {"supplement_ref": "1", "content": "来电人补充：垃圾里有玻璃。"}
    problem_in(await api.as_("api_client").post(f"{path}/supplements", json=more), 404, "not_found")
    problem_in(await withdraw(api), 404, "not_found")
    made = await push(api)
    await supplement(api)
    assert [one["action"] for one in await events(api, made["id"])] == ["report", "comment"]


async def test_the_senders_own_comment_needs_its_own_ticket(api: Api, world: World) -> None:
    loop = Loop(api, world)
    await loop.report()
    refused = await loop.try_("api_client", action="comment", opinion="不是我的")
    problem_in(refused, 403, "not_your_action")
