"""Routing rules over HTTP: who writes and who reads them, what is refused, and what is kept of each write."""

import asyncio
from typing import Any

import pytest
from httpx import Response
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.models.enums import Role
from app.models.platform import AuditLog
from app.models.staff import Member, Org
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.routing import add_rule
from tests.support.statements import Counter
from tests.support.world import World, fixed_id

URL = "/v1/routing-rules"


def new_rule(world: World, org: str = "sanitation", **changed: Any) -> dict[str, Any]:
    return {"category_code": "0501", "org_id": str(world.orgs[org].id)} | changed


async def created(api: Api, world: World, org: str = "sanitation", **changed: Any) -> dict[str, Any]:
    reply = await api.as_("system_admin").post(URL, json=new_rule(world, org, **changed))
    assert reply.status_code == 201, reply.text
    rule: dict[str, Any] = reply.json()
    return rule


async def patched(api: Api, rule: dict[str, Any], **changes: Any) -> Response:
    return await api.as_("system_admin").patch(f"{URL}/{rule['id']}", json=changes)


async def listed(api: Api, who: str, **params: Any) -> list[str]:
    reply = await api.as_(who).get(URL, params=params)
    assert reply.status_code == 200, reply.text
    return [item["id"] for item in reply.json()["items"]]


async def noted(session: AsyncSession, action: str) -> dict[str, Any]:
    row = (await session.scalars(select(AuditLog).where(AuditLog.action == action))).one()
    return row.data


async def test_a_rule_tells_its_criteria_its_target_and_who_made_it(api: Api, world: World) -> None:
    person = world["dept_handler"]
    reply = await api.as_("system_admin").post(
        URL,
        json=new_rule(
            world,
            "urban",
            area_id=str(world.places["town"].id),
            source="phone",
            urgency="urgent",
            member_id=str(person.member_id),
            note="夜间值班",
        ),
    )
    rule = reply.json()
    assert reply.status_code == 201, reply.text
    assert reply.headers["Location"] == f"{URL}/{rule['id']}"
    assert reply.headers["ETag"] == '"1"'
    assert (rule["category_label"], rule["area"]["name"]) == ("暴露垃圾", "九江镇")
    assert (rule["org"]["name"], rule["member"]["name"]) == ("九江镇综合行政执法办公室", "梁经办")
    assert (rule["source"], rule["urgency"], rule["note"]) == ("phone", "urgent", "夜间值班")
    assert (rule["fault"], rule["ended_at"], rule["version"]) == (None, None, 1)
    assert rule["created_by"] == rule["updated_by"] == str(world["system_admin"].member_id)
    assert (await api.as_("dispatcher").get(f"{URL}/{rule['id']}")).json() == rule


@pytest.mark.parametrize("who", sorted(set(Role) - {Role.SYSTEM_ADMIN, Role.RESIDENT, Role.SYSTEM}))
async def test_only_administrators_write_rules(
    api: Api, session: AsyncSession, world: World, who: Role
) -> None:
    rule = await add_rule(session, world, "urban")
    client = api.as_(who)
    problem_in(await client.post(URL, json=new_rule(world)), 403, "forbidden")
    problem_in(await client.patch(f"{URL}/{rule}", json={"note": "改"}), 403, "forbidden")
    problem_in(await client.post(f"{URL}/{rule}/end"), 403, "forbidden")


@pytest.mark.parametrize("who", ["grid_worker", "dept_head", "auditor", "api_client"])
async def test_who_does_not_dispatch_does_not_read_rules(api: Api, who: str) -> None:
    problem_in(await api.as_(who).get(URL), 403, "forbidden")


async def test_a_dispatcher_reads_the_rules_that_can_concern_their_town(
    api: Api, session: AsyncSession, world: World
) -> None:
    everywhere = str(await add_rule(session, world, "centre", category_code="01"))
    county = str(await add_rule(session, world, "centre", area="county"))
    town = str(await add_rule(session, world, "urban", area="town"))
    next_door = str(await add_rule(session, world, "centre_b", area="town_b"))
    assert await listed(api, "dispatcher") == sorted([everywhere, county, town])
    assert await listed(api, "dispatcher_c") == sorted([everywhere, county, next_door])
    assert await listed(api, "system_admin") == sorted([everywhere, county, town, next_door])
    problem_in(await api.as_("dispatcher").get(f"{URL}/{next_door}"), 404, "not_found")


async def test_the_list_can_be_narrowed_and_costs_two_statements(
    api: Api, session: AsyncSession, world: World, statements: Counter
) -> None:
    urban = str(await add_rule(session, world, "urban", category_code="05"))
    fire = str(await add_rule(session, world, "fire", category_code="03"))
    ended = str(await add_rule(session, world, "fire", category_code="03", ended_at=clock.now()))
    assert await listed(api, "dispatcher", category="05") == [urban]
    assert await listed(api, "dispatcher", org_id=str(world.orgs["fire"].id)) == [fire]
    assert await listed(api, "dispatcher", ended=True) == [ended]
    with statements(at_most=2):
        await listed(api, "dispatcher")
    with statements(at_most=2):
        await api.as_("dispatcher").get(f"{URL}/{urban}")


async def test_a_change_keeps_the_old_and_the_new_values(
    api: Api, session: AsyncSession, world: World
) -> None:
    rule = await created(api, world, source="phone")
    new = await noted(session, "routing_rule.create")
    assert new["new"] == {
        "category_code": "0501",
        "area_id": None,
        "source": "phone",
        "urgency": None,
        "org_id": str(world.orgs["sanitation"].id),
        "member_id": None,
    }
    urban = str(world.orgs["urban"].id)
    reply = await patched(api, rule, org_id=urban, source=None, note="张三的电话打不通")
    changed = reply.json()
    assert reply.headers["ETag"] == '"2"'
    assert (changed["org"]["id"], changed["source"], changed["category_code"]) == (urban, None, "0501")
    kept = await noted(session, "routing_rule.change")
    assert kept["fields"] == ["note", "org_id", "source"]
    assert kept["old"] == {"org_id": str(world.orgs["sanitation"].id), "source": "phone"}
    assert kept["new"] == {"org_id": urban, "source": None}


async def test_a_rule_that_ended_counts_no_more_and_stays_as_it_was(
    api: Api, session: AsyncSession, world: World
) -> None:
    rule = await created(api, world)
    ended = await api.as_("system_admin").post(f"{URL}/{rule['id']}/end")
    assert ended.json()["ended_at"] is not None
    assert await listed(api, "dispatcher") == []
    assert (await noted(session, "routing_rule.end"))["old"]["category_code"] == "0501"
    problem_in(await patched(api, rule, note="改"), 409, "routing_rule_ended")
    problem_in(await api.as_("system_admin").post(f"{URL}/{rule['id']}/end"), 409, "routing_rule_ended")
    assert (await created(api, world))["id"] != rule["id"]


async def test_two_running_rules_never_ask_for_the_very_same(api: Api, world: World) -> None:
    await created(api, world)
    client = api.as_("system_admin")
    problem_in(await client.post(URL, json=new_rule(world, "urban")), 409, "routing_rule_exists")
    other = await created(api, world, "urban", urgency="urgent")
    problem_in(await patched(api, other, urgency=None), 409, "routing_rule_exists")
    assert (await patched(api, other, urgency="critical")).status_code == 200


@pytest.mark.commits
async def test_of_two_who_make_the_same_rule_at_once_one_is_refused(api: Api, world: World) -> None:
    client = api.as_("system_admin")
    replies = await asyncio.gather(*(client.post(URL, json=new_rule(world)) for _ in range(4)))
    assert sorted(reply.status_code for reply in replies) == [201, 409, 409, 409]


async def test_somebody_elses_change_in_between_is_noticed(api: Api, world: World) -> None:
    rule = await created(api, world)
    await patched(api, rule, note="先改")
    late, client = {"If-Match": '"1"'}, api.as_("system_admin")
    url = f"{URL}/{rule['id']}"
    problem_in(await client.patch(url, json={"note": "后改"}, headers=late), 412, "stale_version")
    problem_in(await client.post(f"{url}/end", headers=late), 412, "stale_version")


@pytest.mark.parametrize(
    ("field", "changed", "status"),
    [
        ("category_code", {"category_code": "0577"}, 422),
        ("area_id", {"area_id": str(fixed_id(1))}, 404),
        ("org_id", {"org_id": str(fixed_id(1))}, 404),
        ("member_id", {"member_id": str(fixed_id(1))}, 422),
        ("source", {"source": "rumour"}, 422),
    ],
)
async def test_a_rule_names_only_what_there_is(
    api: Api, world: World, field: str, changed: dict[str, Any], status: int
) -> None:
    code = "not_found" if status == 404 else "invalid"
    reply = await api.as_("system_admin").post(URL, json=new_rule(world, **changed))
    problem_in(reply, status, code, f"body.{field}")


async def test_a_rules_organisation_serves_its_area_or_a_part_of_it(api: Api, world: World) -> None:
    area_id = str(world.places["village_a"].id)
    await created(api, world, "sanitation", area_id=area_id)
    await created(api, world, "committee_a", area_id=str(world.places["town"].id))
    for org in ("committee_b", "centre_b"):
        reply = await api.as_("system_admin").post(
            URL, json=new_rule(world, org, area_id=area_id, urgency="urgent")
        )
        problem_in(reply, 422, "invalid", "body.org_id")


async def test_a_rules_person_works_for_its_organisation(api: Api, world: World) -> None:
    member_id = str(world["dept_handler"].member_id)
    reply = await api.as_("system_admin").post(URL, json=new_rule(world, "fire", member_id=member_id))
    problem_in(reply, 422, "invalid", "body.member_id")
    rule = await created(api, world, "urban", member_id=member_id)
    fire = str(world.orgs["fire"].id)
    problem_in(await patched(api, rule, org_id=fire), 422, "invalid", "body.member_id")
    moved = await patched(api, rule, org_id=fire, member_id=None)
    assert (moved.json()["org"]["id"], moved.json()["member"]) == (fire, None)


async def test_a_rule_whose_target_is_gone_says_so(api: Api, session: AsyncSession, world: World) -> None:
    person = world["dept_handler"]
    one = await created(api, world, "urban", member_id=str(person.member_id))
    two = await created(api, world, "fire", category_code="03")
    await session.execute(update(Member).where(Member.id == person.member_id).values(ended_at=clock.now()))
    await session.execute(update(Org).where(Org.id == world.orgs["fire"].id).values(ended_at=clock.now()))
    await session.commit()
    found = {item["id"]: item["fault"] for item in (await api.as_("dispatcher").get(URL)).json()["items"]}
    assert found == {one["id"]: "member_gone", two["id"]: "org_ended"}
