"""Organisations over HTTP: who finds which, lists with names that repeat, and their administration."""

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.ids import uuid7
from app.models.staff import Member, Org
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.statements import Counter
from tests.support.world import World, fixed_id

URL = "/v1/orgs"
IN_TOWN = {"centre", "urban", "sanitation", "fire"}


async def found(api: Api, who: str, **params: Any) -> list[str]:
    reply = await api.as_(who).get(URL, params={"limit": 100} | params)
    assert reply.status_code == 200, reply.text
    return [item["name"] for item in reply.json()["items"]]


def named(world: World, keys: set[str]) -> list[str]:
    return sorted(world.orgs[key].name for key in keys)


def new_org(world: World, **changed: Any) -> dict[str, Any]:
    return {
        "name": "九江镇水利所",
        "kind": "station",
        "line": "water",
        "area_id": str(world.places["town"].id),
    } | changed


@pytest.mark.parametrize(
    ("who", "keys"),
    [
        ("grid_worker", {*IN_TOWN, "committee_a"}),
        ("village_admin_b", {*IN_TOWN, "committee_b"}),
        ("dispatcher", {*IN_TOWN, "committee_a", "committee_b"}),
        ("dept_handler", {*IN_TOWN, "committee_a", "committee_b"}),
        ("dispatcher_c", {"centre_b", "committee_c"}),
    ],
)
async def test_everybody_finds_the_organisations_of_their_area_and_above(
    api: Api, world: World, who: str, keys: set[str]
) -> None:
    assert await found(api, who) == named(world, keys)


async def test_an_organisation_next_door_does_not_exist(api: Api, world: World) -> None:
    client = api.as_("dispatcher")
    problem_in(await client.get(f"{URL}/{world.orgs['centre_b'].id}"), 404, "not_found")
    assert (await client.get(f"{URL}/{world.orgs['urban'].id}")).json()["line"] == "urban"
    elsewhere = await client.get(URL, params={"area_id": str(world.places["town_b"].id)})
    problem_in(elsewhere, 404, "not_found", "query.area_id")


@pytest.mark.parametrize("who", ["statistician", "auditor", "api_client"])
async def test_who_has_nothing_to_do_with_staff_is_refused(api: Api, who: str) -> None:
    problem_in(await api.as_(who).get(URL), 403, "forbidden")


async def test_lists_can_be_narrowed(api: Api, world: World) -> None:
    who = "dispatcher"
    assert await found(api, who, kind="station") == named(world, {"sanitation", "fire"})
    assert await found(api, who, line="fire") == named(world, {"fire"})
    assert await found(api, who, q="居民") == named(world, {"committee_a"})
    assert await found(api, who, area_id=world.places["village_b"].id) == named(world, {"committee_b"})


async def test_equal_names_are_each_listed_once_across_pages(
    api: Api, session: AsyncSession, world: World, statements: Counter
) -> None:
    area_id = world.places["village_c"].id
    rows = [
        Org(id=fixed_id(60_000 + n), name="同名站", short_name="站", kind="station", area_id=area_id)
        for n in range(7)
    ]
    session.add_all(rows)
    await session.commit()
    params: dict[str, Any] = {"limit": 2, "q": "同名"}
    seen: list[str] = []
    while params.get("cursor", "start"):
        with statements(at_most=2):
            page = (await api.as_("dispatcher_c").get(URL, params=params)).json()
        seen += [item["id"] for item in page["items"]]
        params["cursor"] = page["next_cursor"]
    assert seen == [str(row.id) for row in rows]


async def test_the_administrator_adds_and_changes_an_organisation(
    api: Api, world: World, statements: Counter
) -> None:
    client = api.as_("system_admin")
    with statements(at_most=6):
        made = await client.post(URL, json=new_org(world, parent_id=str(world.orgs["centre"].id)))
    assert made.status_code == 201, made.text
    assert "九江镇水利所" in await found(api, "village_admin")
    url = made.headers["location"]
    with statements(at_most=5):
        changed = await client.patch(url, json={"line": None, "name": "水利站"}, headers={"If-Match": '"1"'})
    assert (changed.json()["line"], changed.json()["name"]) == (None, "水利站")
    assert changed.headers["etag"] == '"2"'
    problem_in(
        await client.patch(url, json={"name": "甲"}, headers={"If-Match": '"1"'}), 412, "stale_version"
    )
    problem_in(await client.patch(url, json={"kind": None}), 422, "invalid", "body.kind")


@pytest.mark.parametrize(
    ("changed", "status", "field"),
    [
        ({"area_id": str(uuid7())}, 404, "body.area_id"),
        ({"parent_id": str(uuid7())}, 404, "body.parent_id"),
        ({"work_calendar_id": str(uuid7())}, 422, "body.work_calendar_id"),
        ({"kind": "kingdom"}, 422, "body.kind"),
        ({"name": "\u200b"}, 422, "body.name"),
        ({"ended_at": "2026-01-01T00:00:00Z"}, 422, "body.ended_at"),
    ],
)
async def test_a_wrong_form_names_the_field(
    api: Api, world: World, changed: dict[str, Any], status: int, field: str
) -> None:
    reply = await api.as_("system_admin").post(URL, json=new_org(world, **changed))
    problem_in(reply, status, "invalid" if status == 422 else "not_found", field)


async def test_only_the_administrator_writes(api: Api, world: World) -> None:
    url = f"{URL}/{world.orgs['urban'].id}"
    for who in ("dept_head", "dispatcher", "village_admin"):
        problem_in(await api.as_(who).post(URL, json=new_org(world)), 403, "forbidden")
        problem_in(await api.as_(who).patch(url, json={"name": "甲"}), 403, "forbidden")
        problem_in(await api.as_(who).post(f"{url}/end"), 403, "forbidden")


async def test_an_organisation_ends_when_nobody_depends_on_it_any_more(
    api: Api, session: AsyncSession, world: World
) -> None:
    client, url = api.as_("system_admin"), f"{URL}/{world.orgs['fire'].id}"
    problem_in(await client.post(f"{url}/end"), 409, "org_in_use")
    for key in ("dept_handler_fire", "dept_head_fire"):
        member = await session.get_one(Member, world[key].member_id)
        member.ended_at = clock.now()
    await session.commit()
    ended = await client.post(f"{url}/end")
    assert ended.status_code == 200, ended.text
    assert ended.json()["ended_at"] is not None
    assert world.orgs["fire"].name not in await found(api, "dispatcher")
    problem_in(await client.post(f"{url}/end"), 409, "org_ended")
    problem_in(await client.patch(url, json={"name": "甲"}), 409, "org_ended")
    newcomer = {"name": "黄新", "employment": "official", "org_id": str(world.orgs["fire"].id)}
    problem_in(await client.post("/v1/members", json=newcomer), 404, "not_found", "body.org_id")
