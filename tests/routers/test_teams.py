"""Teams and attendance over HTTP: who belongs to a team when, and that a worker's points stay theirs."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.team import TeamMember
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.statements import Counter
from tests.support.world import World

URL = "/v1/teams"
DUTY = "/v1/attendance"
HERE = {"lng": 113.005, "lat": 22.835, "coord_type": "gcj02"}


def team(world: World, **changed: Any) -> dict[str, Any]:
    """A patrol of the first village."""
    area_id = str(world.places["village_a"].id)
    return {"name": "儒林治安巡防队", "kind": "patrol", "area_id": area_id, "capacity": 2} | changed


async def made(api: Api, world: World, **changed: Any) -> dict[str, Any]:
    """Make a team that must be taken."""
    reply = await api.as_("village_admin").post(URL, json=team(world, **changed))
    assert reply.status_code == 201, reply.text
    stored: dict[str, Any] = reply.json()
    return stored


def named(world: World, who: str) -> dict[str, str]:
    return {"member_id": str(world[who].member_id)}


async def test_members_join_and_leave_and_their_time_stays_on_record(api: Api, world: World) -> None:
    url = f"{URL}/{(await made(api, world))['id']}"
    keeper = api.as_("village_admin")
    assert (await keeper.post(f"{url}/members", json=named(world, "grid_worker"))).status_code == 201
    again = await keeper.post(f"{url}/members", json=named(world, "grid_worker"))
    problem_in(again, 409, "in_team_already")
    await keeper.post(f"{url}/members", json=named(world, "grid_leader"))
    problem_in(await keeper.post(f"{url}/members", json=named(world, "grid_worker_a2")), 409, "team_full")
    problem_in(await keeper.patch(url, json={"capacity": 1}), 409, "team_full")
    left = f"{url}/members/{world['grid_worker'].member_id}"
    assert (await keeper.delete(left)).status_code == 204
    problem_in(await keeper.delete(left), 404, "not_found")
    stored = (await keeper.get(url)).json()
    assert stored["size"] == 1
    assert [(one["name"], one["valid_to"] is None) for one in stored["members"]] == [
        ("岑格长", True),
        ("关小勤", False),
    ]


async def test_a_team_is_seen_from_below_and_above_and_not_from_next_door(api: Api, world: World) -> None:
    stored = await made(api, world)
    for who in ("grid_worker", "dispatcher", "dept_handler"):
        assert [item["id"] for item in (await api.as_(who).get(URL)).json()["items"]] == [stored["id"]]
    assert (await api.as_("grid_worker_b").get(URL)).json()["items"] == []
    problem_in(await api.as_("grid_worker_b").get(f"{URL}/{stored['id']}"), 404, "not_found")


@pytest.mark.parametrize(
    ("who", "status"),
    [("dispatcher", 201), ("system_admin", 201), ("village_admin_b", 404), ("grid_worker", 403)],
)
async def test_teams_are_made_by_those_who_keep_them(api: Api, world: World, who: str, status: int) -> None:
    assert (await api.as_(who).post(URL, json=team(world))).status_code == status


async def test_strangers_do_not_join(api: Api, world: World) -> None:
    url = f"{URL}/{(await made(api, world))['id']}/members"
    reply = await api.as_("village_admin").post(url, json=named(world, "grid_worker_b"))
    problem_in(reply, 404, "not_found", "body.member_id")


async def test_an_ended_team_lets_everybody_go_and_takes_nobody(api: Api, world: World) -> None:
    url = f"{URL}/{(await made(api, world))['id']}"
    keeper = api.as_("village_admin")
    await keeper.post(f"{url}/members", json=named(world, "grid_worker"))
    problem_in(await keeper.post(f"{url}/end", headers={"If-Match": '"1"'}), 412, "stale_version")
    ended = (await keeper.post(f"{url}/end", headers={"If-Match": '"2"'})).json()
    assert (ended["size"], ended["members"][0]["valid_to"]) == (0, ended["ended_at"])
    problem_in(await keeper.post(f"{url}/members", json=named(world, "grid_leader")), 409, "team_ended")
    assert (await keeper.get(URL)).json()["items"] == []


@pytest.mark.commits
async def test_the_last_place_in_a_team_is_taken_once(api: Api, session: AsyncSession, world: World) -> None:
    url = f"{URL}/{(await made(api, world, capacity=1))['id']}/members"
    keeper = api.as_("village_admin")
    people = ("grid_worker", "grid_leader", "grid_worker_a2")
    replies = await asyncio.gather(*(keeper.post(url, json=named(world, who)) for who in people))
    assert sorted(reply.status_code for reply in replies) == [201, 409, 409]
    assert await session.scalar(select(func.count()).select_from(TeamMember)) == 1


async def test_a_worker_checks_in_and_out_once_at_a_time(api: Api, statements: Counter) -> None:
    client = api.as_("grid_worker")
    problem_in(await client.post(f"{DUTY}/check-out", json={}), 409, "not_on_duty")
    came = await client.post(f"{DUTY}/check-in", json={"location": HERE})
    assert came.status_code == 201, came.text
    assert (came.json()["minutes"], came.json()["started_where"]) == (None, HERE)
    problem_in(await client.post(f"{DUTY}/check-in", json={}), 409, "on_duty_already")
    assert (await api.as_("grid_leader").post(f"{DUTY}/check-in", json={})).status_code == 201
    went = (await client.post(f"{DUTY}/check-out", json={"location": HERE})).json()
    assert (went["minutes"], went["ended_where"], went["id"]) == (0, HERE, came.json()["id"])
    assert (await client.post(f"{DUTY}/check-in", json={})).status_code == 201
    with statements(at_most=2):
        page = (await client.get(DUTY)).json()
    assert [one["ended_at"] is None for one in page["items"]] == [True, False]


async def test_nobody_sees_where_somebody_else_went_on_duty(api: Api) -> None:
    await api.as_("grid_worker").post(f"{DUTY}/check-in", json={"location": HERE})
    for who in ("grid_leader", "village_admin", "dispatcher", "system_admin"):
        assert (await api.as_(who).get(DUTY)).json()["items"] == []


@pytest.mark.commits
async def test_two_taps_on_the_button_are_one_time_on_duty(api: Api) -> None:
    client = api.as_("grid_worker")
    replies = await asyncio.gather(*(client.post(f"{DUTY}/check-in", json={}) for _tap in range(3)))
    assert sorted(reply.status_code for reply in replies) == [201, 409, 409]
