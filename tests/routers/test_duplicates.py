"""Likely duplicates over HTTP: what a dispatcher sees before merging, and what stays unseen."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.enums import Role
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.statements import Counter
from tests.support.tickets import Loop
from tests.support.world import World


async def named(api: Api, who: str, ticket_id: str, **params: Any) -> list[dict[str, Any]]:
    reply = await api.as_(who).get(f"/v1/tickets/{ticket_id}/duplicates", params=params)
    assert reply.status_code == 200, reply.text
    items: list[dict[str, Any]] = reply.json()["items"]
    return items


async def two_reports(api: Api, world: World) -> tuple[str, str]:
    """The same rubbish, told by two people in their own words."""
    first, second = Loop(api, world), Loop(api, world)
    await first.report()
    await second.report(title="沙龙路有人乱倒垃圾", content="12 号门口的建筑垃圾三天没有人清理")
    return first.id, second.id


async def test_each_of_two_reports_of_one_thing_names_the_other(api: Api, world: World) -> None:
    first, second = await two_reports(api, world)
    (duplicate,) = await named(api, "dispatcher", second)
    assert duplicate["id"] == first
    assert (duplicate["title"], duplicate["status"]) == ("沙龙路垃圾堆放三天没人清", "reported")
    assert duplicate["distance_m"] == 0
    assert duplicate["age_hours"] == 0
    assert 0.1 < duplicate["similarity"] < 0.9
    assert 0.5 < duplicate["score"] < 1
    assert [entry["id"] for entry in await named(api, "dispatcher", first)] == [second]


async def test_what_is_closed_is_named_no_more(api: Api, world: World) -> None:
    first, second = await two_reports(api, world)
    reply = await api.as_("grid_worker").post(f"/v1/tickets/{first}/actions", json={"action": "withdraw"})
    assert reply.status_code == 200, reply.text
    assert await named(api, "dispatcher", second) == []
    assert [entry["id"] for entry in await named(api, "dispatcher", first)] == [second]


async def test_a_ticket_outside_the_scope_has_no_duplicates_to_tell(api: Api, world: World) -> None:
    first, _second = await two_reports(api, world)
    url = f"/v1/tickets/{first}/duplicates"
    for who in ("dispatcher_c", "village_admin_b", "dept_handler"):
        problem_in(await api.as_(who).get(url), 404, "not_found")
    for who in ("system_admin", "auditor", "statistician"):
        problem_in(await api.as_(who).get(url), 403, "forbidden")


async def test_a_department_sees_only_the_duplicates_that_it_has(api: Api, world: World) -> None:
    first, second = await two_reports(api, world)
    loop = Loop(api, world)
    loop.id, loop.status = first, "reported"
    await loop.to("dispatched")
    assert await named(api, "dept_handler", first) == []
    loop.id, loop.status = second, "reported"
    await loop.to("dispatched")
    assert [entry["id"] for entry in await named(api, "dept_handler", first)] == [second]


@pytest.mark.parametrize("limit", [1, 2, 20])
async def test_no_more_are_named_than_asked_for(api: Api, world: World, limit: int) -> None:
    loops = [Loop(api, world) for _ in range(4)]
    for loop in loops:
        await loop.report()
    assert len(await named(api, "dispatcher", loops[0].id, limit=limit)) == min(limit, 3)


@pytest.mark.parametrize("who", [Role.DISPATCHER, Role.GRID_WORKER, Role.API_CLIENT])
async def test_naming_them_costs_three_statements(
    api: Api, world: World, statements: Counter, who: Role
) -> None:
    first, _second = await two_reports(api, world)
    await named(api, who, first)
    with statements(at_most=3):
        assert len(await named(api, who, first)) == 1


async def test_the_report_itself_names_what_it_may_be_a_duplicate_of(api: Api, world: World) -> None:
    first, second = Loop(api, world), Loop(api, world)
    assert (await first.report())["likely_duplicates"] == []
    told = await second.report(title="沙龙路有人乱倒垃圾")
    assert [entry["id"] for entry in told["likely_duplicates"]] == [first.id]
    read = await api.as_("grid_worker").get(f"/v1/tickets/{second.id}")
    assert "likely_duplicates" not in read.json(), "looked for when it matters, not at every look"


async def test_the_dispatch_names_them_and_other_steps_do_not(api: Api, world: World) -> None:
    first, second = await two_reports(api, world)
    loop = Loop(api, world)
    loop.id = second
    assert (await loop.act("dispatcher", action="accept"))["likely_duplicates"] == []
    sent = await loop.act("dispatcher", action="dispatch", org_id=str(world.orgs["urban"].id))
    assert [entry["id"] for entry in sent["likely_duplicates"]] == [first]


async def test_nobodys_draft_is_named(api: Api, world: World) -> None:
    draft, second = Loop(api, world), Loop(api, world)
    await draft.report(draft=True)
    await second.report(title="沙龙路有人乱倒垃圾")
    assert await named(api, "dispatcher", second.id) == []


async def test_merging_them_is_one_call_and_their_reporters_follow_the_master(
    api: Api, world: World, session: AsyncSession
) -> None:
    master, *others = [Loop(api, world) for _ in range(3)]
    for loop in (master, *others):
        await loop.report(title="沙龙路有人乱倒垃圾")
    url, ids = f"/v1/tickets/{master.id}/duplicates", [loop.id for loop in others]
    reply = await api.as_("dispatcher").post(url, json={"ticket_ids": ids, "opinion": "同一处"})
    assert (reply.status_code, reply.json()["id"]) == (200, master.id)
    for loop in others:
        merged = await loop.read()
        assert (merged["status"], merged["merged_into_id"]) == ("merged", master.id)
    await master.to("closed")
    told = {loop.id: await notices(session, loop.id) for loop in (master, *others)}
    assert list(told.values()) == [["accept", "resolve", "close"]] * 3


async def test_all_are_merged_or_none_and_the_refusal_names_the_one(api: Api, world: World) -> None:
    master, fits, over = (Loop(api, world) for _ in range(3))
    for loop in (master, fits, over):
        await loop.report()
    await over.act("dispatcher", action="reject", reason="not_ours", opinion="不属于本镇")
    url = f"/v1/tickets/{master.id}/duplicates"
    reply = await api.as_("dispatcher").post(url, json={"ticket_ids": [fits.id, over.id]})
    problem_in(reply, 409, "illegal_transition", "body.ticket_ids.1")
    assert (await fits.read())["status"] == "reported"
    itself = await api.as_("dispatcher").post(url, json={"ticket_ids": [master.id]})
    problem_in(itself, 422, "invalid", "body.ticket_ids.0")
    unseen = await api.as_("dispatcher_c").post(url, json={"ticket_ids": [fits.id]})
    problem_in(unseen, 404, "not_found")


async def test_who_followed_a_master_that_was_merged_follows_on_and_is_alone_again_once_unmerged(
    api: Api, world: World, session: AsyncSession
) -> None:
    first, second, last = (Loop(api, world) for _ in range(3))
    for loop in (first, second, last):
        await loop.report()
    await first.act("dispatcher", action="merge", master_id=second.id)
    await second.act("dispatcher", action="merge", master_id=last.id)
    await last.act("dispatcher", action="accept")
    assert await notices(session, first.id) == ["accept"]
    await first.act("dispatcher", action="unmerge", opinion="不是同一处")
    await last.to("closed")
    assert await notices(session, first.id) == ["accept"]
    assert await notices(session, second.id) == ["accept", "resolve", "close"]


async def notices(session: AsyncSession, ticket_id: str) -> list[str]:
    """What the person who complained about a ticket was told, in order."""
    told = "SELECT data->>'notice' FROM outbox WHERE entity_id = :id AND topic = 'notice.reporter'"
    return list(await session.scalars(text(f"{told} ORDER BY id"), {"id": ticket_id}))
