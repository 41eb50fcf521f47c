"""Posts over HTTP: giving and taking roles, and what that opens and closes at once."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Sessions
from app.models.area import Area
from app.models.enums import Role
from app.models.platform import AuditLog
from app.models.staff import Org
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.staff import new_member
from tests.support.statements import Counter
from tests.support.world import CALLERS, World, fixed_id

PATH = "/v1/posts"
TICKETS = "/v1/tickets"


async def give(api: Api, member_id: UUID, role: str, **more: Any) -> httpx.Response:
    """The administrator gives somebody a role."""
    body = {"member_id": str(member_id), "role": role, **more}
    return await api.as_("system_admin").post(PATH, json=body)


async def end(api: Api, post_id: object, **body: Any) -> httpx.Response:
    """The administrator ends a post."""
    return await api.as_("system_admin").post(f"{PATH}/{post_id}/end", json=body)


def at(**shift: int) -> str:
    """A time from now, as it travels."""
    return (clock.now() + timedelta(**shift)).isoformat()


async def test_a_post_opens_at_once_what_its_role_opens_and_closes_it_at_once(api: Api, world: World) -> None:
    person = world["former"]
    problem_in(await api.as_("former").get(TICKETS), 403, "forbidden")
    given = await give(api, person.member_id, "dispatcher", area_id=str(world.places["town"].id))
    assert given.status_code == 201, given.text
    post = given.json()
    assert (post["role_label"], post["area"]["name"]) == ("镇街受理调度员", world.places["town"].name)
    assert given.headers["location"] == f"{PATH}/{post['id']}"
    assert (await api.as_("former").get(TICKETS)).status_code == 200
    ended = await end(api, post["id"])
    assert ended.status_code == 200, ended.text
    problem_in(await api.as_("former").get(TICKETS), 403, "forbidden")
    problem_in(await end(api, post["id"]), 409, "post_ended")


async def test_a_post_to_come_opens_nothing_yet_and_can_be_taken_back(api: Api, world: World) -> None:
    town = str(world.places["town"].id)
    later = (
        await give(api, world["former"].member_id, "supervisor", area_id=town, valid_from=at(days=1))
    ).json()
    problem_in(await api.as_("former").get(TICKETS), 403, "forbidden")
    admin = api.as_("system_admin")
    assert (await admin.delete(f"{PATH}/{later['id']}")).status_code == 204
    problem_in(await admin.get(f"{PATH}/{later['id']}"), 404, "not_found")
    problem_in(await admin.delete(f"{PATH}/{world['dispatcher'].post_id}"), 409, "post_began")


async def test_a_post_may_be_given_an_end_and_only_an_earlier_one_later(api: Api, world: World) -> None:
    post_id = world["dispatcher"].post_id
    assert (await end(api, post_id, valid_to=at(days=30))).status_code == 200
    assert (await api.as_("dispatcher").get(TICKETS)).status_code == 200
    problem_in(await end(api, post_id, valid_to=at(days=31)), 422, "invalid", "body.valid_to")
    assert (await end(api, post_id, valid_to=at(days=10))).status_code == 200
    problem_in(await end(api, post_id, valid_to="2020-01-01T00:00:00Z"), 422, "invalid", "body.valid_to")


@pytest.mark.parametrize(
    ("role", "places", "field"),
    [
        ("grid_worker", {}, "body.area_id"),
        ("grid_worker", {"org_id": "urban"}, "body.area_id"),
        ("dispatcher", {"area_id": "town", "org_id": "urban"}, "body.org_id"),
        ("dept_handler", {}, "body.org_id"),
        ("dept_handler", {"area_id": "town"}, "body.area_id"),
        ("auditor", {"area_id": "town"}, "body.area_id"),
        ("system_admin", {"org_id": "urban"}, "body.org_id"),
        ("api_client", {"area_id": "town"}, "body.role"),
        ("system", {}, "body.role"),
        ("no_such_role", {}, "body.role"),
        ("grid_worker", {"area_id": "nowhere"}, "body.area_id"),
        ("dept_head", {"org_id": "nowhere"}, "body.org_id"),
    ],
)
async def test_the_role_decides_which_place_a_post_names(
    api: Api, session: AsyncSession, world: World, role: str, places: dict[str, str], field: str
) -> None:
    ids = {"town": world.places["town"].id, "urban": world.orgs["urban"].id, "nowhere": fixed_id(9_999)}
    member_id = await new_member(session, world)
    reply = await give(api, member_id, role, **{name: str(ids[key]) for name, key in places.items()})
    problem_in(reply, 422, "invalid", field)


async def test_a_place_that_is_no_more_takes_no_posts(api: Api, session: AsyncSession, world: World) -> None:
    member_id, grid, org = await new_member(session, world), world.places["grid_a1"], world.orgs["urban"]
    await session.execute(update(Area).where(Area.id == grid.id).values(valid_to=clock.today()))
    await session.execute(update(Org).where(Org.id == org.id).values(ended_at=clock.now()))
    await session.commit()
    reply = await give(api, member_id, "grid_worker", area_id=str(grid.id))
    problem_in(reply, 422, "invalid", "body.area_id")
    problem_in(await give(api, member_id, "dept_head", org_id=str(org.id)), 422, "invalid", "body.org_id")


async def test_nobody_holds_the_same_post_twice_at_a_time(
    api: Api, session: AsyncSession, world: World
) -> None:
    member_id = await new_member(session, world)
    town, next_door = (str(world.places[key].id) for key in ("town", "town_b"))
    first = await give(api, member_id, "dispatcher", area_id=town, valid_to=at(days=5))
    assert first.status_code == 201
    problem_in(await give(api, member_id, "dispatcher", area_id=town), 409, "post_overlaps")
    assert (await give(api, member_id, "dispatcher", area_id=next_door)).status_code == 201
    after = await give(api, member_id, "dispatcher", area_id=town, valid_from=first.json()["valid_to"])
    assert after.status_code == 201


@pytest.mark.commits
async def test_of_two_equal_posts_given_at_the_same_moment_one_is_refused(
    api: Api, sessions: Sessions, world: World
) -> None:
    async with sessions() as session:
        member_id = await new_member(session, world)
    town = str(world.places["town"].id)
    replies = await asyncio.gather(
        *(give(api, member_id, "dispatcher", area_id=town, valid_from=at(days=1)) for _ in range(2))
    )
    assert sorted(reply.status_code for reply in replies) == [201, 409]


async def test_platform_roles_stand_alone(api: Api, session: AsyncSession, world: World) -> None:
    for who in ("dispatcher", "auditor"):
        problem_in(await give(api, world[who].member_id, "system_admin"), 409, "roles_exclude")
    reply = await give(api, world["auditor"].member_id, "dispatcher", area_id=str(world.places["town"].id))
    problem_in(reply, 409, "roles_exclude")
    assert (await give(api, await new_member(session, world), "auditor")).status_code == 201


async def test_administrators_give_and_take_nothing_of_their_own(api: Api, world: World) -> None:
    own = world["system_admin"]
    reply = await give(api, own.member_id, "dispatcher", area_id=str(world.places["town"].id))
    problem_in(reply, 409, "own_account")
    problem_in(await end(api, own.post_id), 409, "own_account")


async def test_one_administrator_without_an_end_must_remain(api: Api, world: World) -> None:
    given = await give(api, world["former"].member_id, "system_admin", valid_to=at(days=30))
    assert given.status_code == 201, given.text
    deputy, first = api.as_("former"), f"{PATH}/{world['system_admin'].post_id}/end"
    problem_in(await deputy.post(first, json={"valid_to": at(days=1)}), 409, "last_administrator")
    assert (await deputy.get(first.removesuffix("/end"))).json()["valid_to"] is None


async def test_an_administrator_with_a_successor_can_be_relieved(api: Api, world: World) -> None:
    assert (await give(api, world["former"].member_id, "system_admin")).status_code == 201
    reply = await api.as_("former").post(f"{PATH}/{world['system_admin'].post_id}/end", json={})
    assert reply.status_code == 200, reply.text
    problem_in(await api.as_("system_admin").get(PATH), 403, "forbidden")


async def test_a_stale_version_ends_nothing(api: Api, world: World) -> None:
    admin, path = api.as_("system_admin"), f"{PATH}/{world['dispatcher'].post_id}"
    tag = (await admin.get(path)).headers["etag"]
    assert (await end(api, world["dispatcher"].post_id, valid_to=at(days=30))).status_code == 200
    problem_in(await admin.post(f"{path}/end", json={}, headers={"If-Match": tag}), 412, "stale_version")


async def test_the_list_is_narrowed_by_member_role_place_and_time_within_its_budget(
    api: Api, world: World, statements: Counter
) -> None:
    admin = api.as_("system_admin")

    async def listed(**query: str) -> set[str]:
        with statements(at_most=3):
            items = (await admin.get(PATH, params={"limit": 100, **query})).json()["items"]
        return {item["id"] for item in items}

    everyone = {str(person.post_id) for person in world.people.values()}
    assert await listed() == everyone
    assert await listed(member_id=str(world["former"].member_id)) == {str(world["former"].post_id)}
    assert await listed(current="false") == {str(world["former"].post_id)}
    assert await listed(current="true") == everyone - {str(world["former"].post_id)}
    assert await listed(org_id=str(world.orgs["fire"].id)) == {
        str(world[who].post_id) for who in ("dept_handler_fire", "dept_head_fire")
    }
    assert await listed(role="village_admin", area_id=str(world.places["village_b"].id)) == {
        str(world["village_admin_b"].post_id)
    }


async def test_the_list_pages_to_the_end(api: Api, world: World) -> None:
    admin, seen, cursor = api.as_("system_admin"), [], None
    while True:
        page = (await admin.get(PATH, params={"limit": 10, **({"cursor": cursor} if cursor else {})})).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == len(world.people)


@pytest.mark.parametrize("who", [role for role in CALLERS if role is not Role.SYSTEM_ADMIN])
async def test_nobody_but_administrators_deals_in_posts(api: Api, world: World, who: str) -> None:
    post = f"{PATH}/{world['dispatcher'].post_id}"
    problem_in(await api.as_(who).get(PATH), 403, "forbidden")
    problem_in(await api.as_(who).post(f"{post}/end", json={}), 403, "forbidden")
    problem_in(await api.as_(who).delete(post), 403, "forbidden")


async def test_the_audit_log_tells_who_gave_what_to_whom(
    api: Api, session: AsyncSession, world: World
) -> None:
    town = world.places["town"].id
    post = (await give(api, world["former"].member_id, "supervisor", area_id=str(town))).json()
    await end(api, post["id"])
    rows = (
        await session.scalars(
            select(AuditLog).where(AuditLog.entity_id == UUID(post["id"])).order_by(AuditLog.id)
        )
    ).all()
    assert [row.action for row in rows] == ["post.create", "post.end"]
    assert {row.actor_id for row in rows} == {world["system_admin"].member_id}
    told = rows[0].data
    assert (told["member_id"], told["role"]) == (str(world["former"].member_id), "supervisor")
    assert (told["area_id"], told["valid_to"]) == (str(town), None)
