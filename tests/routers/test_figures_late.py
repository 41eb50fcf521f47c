"""The list of what is overdue: which tickets, since when, who is responsible, and who is told what of it."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from tests.support.clients import Api
from tests.support.tickets import Loop
from tests.support.world import World

LEADER, HANDLER = "leader_viewer", "梁经办"
CENTRE, URBAN = "九江镇综合治理指挥中心", "九江镇综合行政执法办公室"


async def late(api: Api, session: AsyncSession, world: World, status: str, **report: Any) -> str:
    """A ticket of this status, overdue for as many days as there are tickets, and an hour; its number."""
    loop = Loop(api, world)
    await loop.report(**report)
    if status != "reported":
        await loop.to(status)
    await session.execute(
        text("UPDATE ticket SET due_at = :due WHERE id = :id"),
        {"due": clock.now() - timedelta(days=await others(session), hours=1), "id": loop.id},
    )
    await session.commit()
    return str(await session.scalar(text("SELECT no FROM ticket WHERE id = :id"), {"id": loop.id}))


async def others(session: AsyncSession) -> int:
    """How many tickets there are."""
    return int(await session.scalar(text("SELECT count(*) FROM ticket")) or 0)


async def told(api: Api, who: str, **query: Any) -> Any:
    """What somebody is told."""
    reply = await api.as_(who).get("/v1/stats/overdue", params=query)
    assert reply.status_code == 200, reply.text
    return reply.json()


@pytest.mark.parametrize(
    ("status", "org", "role", "person"),
    [
        ("reported", CENTRE, "镇街受理调度员", None),
        ("accepted", CENTRE, "镇街受理调度员", None),
        ("dispatched", URBAN, "承办单位经办人", None),
        ("processing", URBAN, "承办单位经办人", HANDLER),
        ("resolved", CENTRE, "回访员", None),
        ("evaluating", CENTRE, "镇街受理调度员", None),
    ],
)
async def test_it_names_who_has_to_act(
    api: Api, session: AsyncSession, world: World, status: str, org: str, role: str, person: str | None
) -> None:
    await late(api, session, world, status)
    (one,) = (await told(api, LEADER))["longest"]
    responsible = one["responsible"]
    assert (one["status"], responsible["org"]["name"]) == (status, org)
    assert (responsible["role_name"], responsible["person"]) == (role, person)


async def test_the_longest_overdue_comes_first_and_all_are_those_that_are_counted(
    api: Api, session: AsyncSession, world: World
) -> None:
    numbers = [await late(api, session, world, status) for status in ("reported", "processing", "resolved")]
    await Loop(api, world).report()
    await late(api, session, world, "closed")
    found = await told(api, LEADER)
    assert [one["no"] for one in found["longest"]] == numbers[::-1]
    assert found["overdue"] == len(numbers)
    assert [one["no"] for one in (await told(api, LEADER, limit=1))["longest"]] == numbers[-1:]
    counted = await api.as_(LEADER).get("/v1/stats/counted", params={"kpi": "overdue_open"})
    assert sorted(one["no"] for one in counted.json()["items"]) == sorted(numbers)
    assert {one["status_name"] for one in counted.json()["items"]} == {
        "已上报待受理",
        "处理中",
        "已办理待回访",
    }


async def test_a_span_of_lateness_opens_on_its_own_tickets(
    api: Api, session: AsyncSession, world: World
) -> None:
    numbers = [await late(api, session, world, "processing") for _days in range(4)]
    found = await told(api, LEADER)
    assert [bucket["count"] for bucket in found["overdue_by"]] == [0, 2, 2, 0]
    between = {"measure": "overdue_1d", "less": "overdue_3d"}
    for query, expected in ((between, numbers[:2]), ({"measure": "overdue_3d"}, numbers[2:])):
        counted = (await api.as_(LEADER).get("/v1/stats/counted", params=query)).json()["items"]
        assert sorted(one["no"] for one in counted) == expected


async def test_an_organisation_sees_its_own_and_another_village_nothing(
    api: Api, session: AsyncSession, world: World
) -> None:
    mine = await late(api, session, world, "processing")
    await late(api, session, world, "reported")
    assert [one["no"] for one in (await told(api, "dept_head"))["longest"]] == [mine]
    assert (await told(api, "village_admin_b"))["longest"] == []
    assert len((await told(api, "village_admin"))["longest"]) == 2


@pytest.mark.parametrize("who", ["statistician", "screen", "api_client"])
async def test_who_is_no_worker_with_tickets_is_told_no_person_and_not_what_it_is_about(
    api: Api, session: AsyncSession, world: World, who: str
) -> None:
    await late(api, session, world, "processing")
    found = await (told_on_a_wall(api, world) if who == "screen" else told(api, who))
    (one,) = found["longest"]
    assert (one["responsible"]["org"]["name"], one["responsible"]["person"]) == (URBAN, None)
    assert (one["category"] is None) == (who != "api_client")
    for hidden in (HANDLER, "关", "建筑垃圾", "13812345678", "沙龙路"):
        assert hidden not in str(found), hidden


async def told_on_a_wall(api: Api, world: World) -> Any:
    """What the token of a screen is told."""
    area_id = str(world.places["town"].id)
    expires = (clock.now() + timedelta(days=1)).isoformat()
    body = {"name": "大厅", "area_id": area_id, "expires_at": expires}
    token = (await api.as_("system_admin").post("/v1/screens", json=body)).json()["token"]
    reply = await api.get("/v1/stats/overdue", headers={"Authorization": f"Bearer {token}"})
    return reply.raise_for_status().json()


async def test_trap_9_a_confidential_ticket_is_counted_as_overdue_and_not_listed(
    api: Api, session: AsyncSession, world: World
) -> None:
    await late(api, session, world, "processing", confidential=True)
    found = await told(api, LEADER)
    assert (found["overdue"], found["longest"]) == (1, [])
