"""Likely duplicates over HTTP: what a dispatcher sees before merging, and what stays unseen."""

from typing import Any

import pytest

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
