"""The people who work in the grids, over HTTP: who sees whom, and their administration."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import Vault
from app.core.ids import uuid7
from app.models.enums import Role
from app.models.platform import AuditLog
from app.models.staff import Member, Post
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.settings import SECRET
from tests.support.statements import Counter
from tests.support.world import World, fixed_id

URL = "/v1/members"
PHONE = "13700134321"


async def names(api: Api, who: str, **params: Any) -> set[str]:
    reply = await api.as_(who).get(URL, params={"limit": 100} | params)
    assert reply.status_code == 200, reply.text
    return {item["name"] for item in reply.json()["items"]}


def people(world: World, *keys: str) -> set[str]:
    return {world[key].name for key in keys}


def new_member(world: World, **changed: Any) -> dict[str, Any]:
    return {
        "name": "黄 新",
        "employment": "full_time",
        "area_id": str(world.places["grid_a1"].id),
        "work_phone": "0757-86500001",
        "phone": "137 0013 4321",
    } | changed


def colleague(number: int, area: Any, name: str = "同事") -> Member:
    return Member(
        id=fixed_id(50_000 + number), name=name, gender="0", employment="part_time", area_id=area.id
    )


@pytest.mark.parametrize(
    ("who", "inside", "outside"),
    [
        ("grid_worker", ("grid_worker", "grid_leader", "grid_assistant"), ("grid_worker_a2", "dispatcher")),
        ("village_admin", ("village_admin", "grid_worker", "committee_handler"), ("grid_worker_b",)),
        ("dispatcher", ("dispatcher", "village_admin_b", "dept_handler", "grid_worker"), ("dispatcher_c",)),
        (
            "dept_handler",
            ("dept_handler", "dept_head", "dept_handler_2"),
            ("dept_handler_fire", "dispatcher"),
        ),
        ("leader_viewer", ("dept_head_fire", "grid_worker_b"), ("grid_worker_c",)),
        ("system_admin", ("system_admin", "grid_worker_c", "dispatcher"), ()),
    ],
)
async def test_everybody_sees_the_colleagues_of_their_area_or_organisation(
    api: Api, world: World, who: str, inside: tuple[str, ...], outside: tuple[str, ...]
) -> None:
    seen = await names(api, who)
    assert people(world, *inside) <= seen
    assert seen.isdisjoint(people(world, *outside))
    for key in outside:
        reply = await api.as_(who).get(f"{URL}/{world[key].member_id}")
        problem_in(reply, 404, "not_found")


@pytest.mark.parametrize("who", ["statistician", "auditor", "api_client"])
async def test_who_has_nothing_to_do_with_staff_is_refused(api: Api, who: str) -> None:
    problem_in(await api.as_(who).get(URL), 403, "forbidden")


async def test_lists_can_be_narrowed_to_areas_organisations_employment_and_names(
    api: Api, world: World
) -> None:
    who, places = "dispatcher", world.places
    in_b = people(world, "grid_worker_b", "village_admin_b")
    assert await names(api, who, area_id=places["village_b"].id) == in_b
    fire = people(world, "dept_handler_fire", "dept_head_fire")
    assert await names(api, who, org_id=world.orgs["fire"].id) == fire
    assert await names(api, who, employment="full_time", area_id=places["village_b"].id) == people(
        world, "grid_worker_b"
    )
    assert await names(api, who, q="调度") == people(world, "dispatcher", "dispatcher_2")
    assert await names(api, who, q="_") == set()
    elsewhere = await api.as_(who).get(URL, params={"area_id": str(places["village_c"].id)})
    problem_in(elsewhere, 404, "not_found", "query.area_id")


async def test_pages_neither_repeat_nor_skip_while_members_come(
    api: Api, session: AsyncSession, world: World
) -> None:
    village = world.places["village_c"]
    session.add_all(colleague(number, village) for number in range(10, 18))
    await session.commit()
    params: dict[str, Any] = {"limit": 3, "q": "同事"}
    first = (await api.as_("dispatcher_c").get(URL, params=params)).json()
    session.add_all([colleague(5, village), colleague(40, village)])
    await session.commit()
    seen, cursor = first["items"], first["next_cursor"]
    while cursor:
        page = (await api.as_("dispatcher_c").get(URL, params=params | {"cursor": cursor})).json()
        seen += page["items"]
        cursor = page["next_cursor"]
    assert [item["id"] for item in seen] == [str(fixed_id(50_000 + n)) for n in (*range(10, 18), 40)]


async def test_somebody_with_two_overlapping_posts_sees_each_colleague_once(
    api: Api, session: AsyncSession, world: World
) -> None:
    session.add(
        Post(
            member_id=world["village_admin"].member_id,
            role=Role.GRID_WORKER,
            area_id=world.places["grid_a1"].id,
            valid_from=clock.now() - timedelta(days=1),
        )
    )
    session.add_all(colleague(number, world.places["grid_a1"]) for number in range(20))
    await session.commit()
    reply = await api.as_("village_admin").get(URL, params={"limit": 100})
    seen = [item["id"] for item in reply.json()["items"]]
    assert len(seen) == len(set(seen))
    params: dict[str, Any] = {"limit": 7}
    walked: list[str] = []
    while params.get("cursor", "start"):
        page = (await api.as_("village_admin").get(URL, params=params)).json()
        walked += [item["id"] for item in page["items"]]
        params["cursor"] = page["next_cursor"]
    assert walked == seen


async def test_lists_and_details_keep_to_their_budget(
    api: Api, session: AsyncSession, world: World, statements: Counter
) -> None:
    session.add_all(colleague(number, world.places["grid_a1"]) for number in range(60))
    await session.commit()
    with statements(at_most=2):
        assert len(await names(api, "village_admin")) > 1
    with statements(at_most=3):
        await names(api, "dispatcher", area_id=world.places["village_a"].id, q="同事")
    with statements(at_most=3):
        await api.as_("dispatcher").get(f"{URL}/{world['dept_handler'].member_id}")


async def test_names_and_work_phones_are_shown_and_own_phones_masked(api: Api, world: World) -> None:
    made = await api.as_("system_admin").post(URL, json=new_member(world))
    seen = (await api.as_("grid_worker").get(made.headers["location"])).json()
    assert (seen["name"], seen["work_phone"], seen["phone"]) == ("黄新", "0757-86500001", "137****4321")
    assert seen["area"] == {"id": str(world.places["grid_a1"].id), "name": "儒林第一网格"}
    listed = await api.as_("grid_worker").get(URL)
    everything = made.text + listed.text
    assert PHONE not in everything
    assert world["grid_worker"].phone not in everything


async def test_a_member_shows_the_posts_held_now_or_later(api: Api, world: World) -> None:
    detail = (await api.as_("dispatcher").get(f"{URL}/{world['dept_handler'].member_id}")).json()
    (post,) = detail["posts"]
    assert (post["role"], post["area"], post["valid_to"]) == ("dept_handler", None, None)
    assert post["org"]["name"] == world.orgs["urban"].name
    former = (await api.as_("dispatcher").get(f"{URL}/{world['former'].member_id}")).json()
    assert former["posts"] == []


async def test_the_administrator_adds_a_member_whose_phone_is_sealed(
    api: Api, session: AsyncSession, world: World, statements: Counter
) -> None:
    with statements(at_most=8):
        reply = await api.as_("system_admin").post(URL, json=new_member(world))
    assert reply.status_code == 201, reply.text
    row = await session.scalar(select(Member).where(Member.name == "黄新"))
    assert row is not None
    assert row.phone_sealed is not None
    vault = Vault(SECRET)
    assert vault.open(row.phone_sealed) == PHONE
    assert (row.phone_index, row.phone_last4) == (vault.index(PHONE), "4321")
    assert row.created_by == world["system_admin"].member_id
    entry = await session.scalar(select(AuditLog).where(AuditLog.entity_id == row.id))
    assert entry is not None
    assert "黄" not in str(entry.data)


async def test_without_an_area_a_member_has_that_of_the_organisation(api: Api, world: World) -> None:
    sent = new_member(world, area_id=None, org_id=str(world.orgs["committee_a"].id))
    made = (await api.as_("system_admin").post(URL, json=sent)).json()
    assert made["area"]["name"] == "儒林社区"
    assert "黄新" in await names(api, "village_admin")


@pytest.mark.parametrize(
    ("changed", "status", "field"),
    [
        ({"area_id": None}, 422, "body.area_id"),
        ({"area_id": str(uuid7())}, 404, "body.area_id"),
        ({"org_id": str(uuid7())}, 404, "body.org_id"),
        ({"name": " "}, 422, "body.name"),
        ({"name": "黄\x00"}, 422, "body.name"),
        ({"phone": "0757-86500001"}, 422, "body.phone"),
        ({"employment": "king"}, 422, "body.employment"),
        ({"role": "grid_worker"}, 422, "body.role"),
    ],
)
async def test_a_wrong_form_names_the_field(
    api: Api, world: World, changed: dict[str, Any], status: int, field: str
) -> None:
    reply = await api.as_("system_admin").post(URL, json=new_member(world, **changed))
    problem_in(reply, status, "invalid" if status == 422 else "not_found", field)
    assert "黄新" not in await names(api, "system_admin")


async def test_only_the_administrator_writes(api: Api, world: World) -> None:
    url = f"{URL}/{world['grid_worker'].member_id}"
    for who in ("grid_leader", "village_admin", "dispatcher", "dept_head"):
        problem_in(await api.as_(who).post(URL, json=new_member(world)), 403, "forbidden")
        problem_in(await api.as_(who).patch(url, json={"name": "新名"}), 403, "forbidden")
        problem_in(await api.as_(who).post(f"{url}/end", json={}), 403, "forbidden")


async def test_a_change_touches_what_was_sent_and_needs_the_version_that_was_read(
    api: Api, session: AsyncSession, world: World, statements: Counter
) -> None:
    client, url = api.as_("system_admin"), f"{URL}/{world['grid_worker'].member_id}"
    sent = {"name": "关大勤", "phone": PHONE, "area_id": str(world.places["grid_a2"].id)}
    with statements(at_most=8):
        reply = await client.patch(url, json=sent, headers={"If-Match": '"1"'})
    changed = reply.json()
    assert (changed["name"], changed["phone"], changed["employment"]) == (
        "关大勤",
        "137****4321",
        "full_time",
    )
    assert changed["area"]["name"] == "儒林第二网格"
    assert reply.headers["etag"] == '"2"'
    problem_in(await client.patch(url, json=sent, headers={"If-Match": '"1"'}), 412, "stale_version")
    problem_in(await client.patch(url, json={"area_id": None}), 422, "invalid", "body.area_id")
    emptied = (await client.patch(url, json={"phone": None})).json()
    assert emptied["phone"] is None
    row = await session.get_one(Member, world["grid_worker"].member_id)
    assert (row.phone_sealed, row.phone_index, row.phone_last4) == (None, None, None)


async def test_whoever_leaves_loses_posts_and_scope_at_once(
    api: Api, session: AsyncSession, world: World
) -> None:
    url = f"{URL}/{world['grid_worker'].member_id}"
    assert (await api.as_("grid_worker").get(URL)).status_code == 200
    reply = await api.as_("system_admin").post(f"{url}/end", json={})
    assert reply.status_code == 200, reply.text
    assert reply.json()["posts"] == []
    assert world["grid_worker"].name not in await names(api, "village_admin")
    problem_in(await api.as_("grid_worker").get(URL), 401, "unauthenticated")
    problem_in(await api.as_("system_admin").post(f"{url}/end", json={}), 409, "member_ended")
    problem_in(await api.as_("system_admin").patch(url, json={"name": "甲"}), 409, "member_ended")
    past = await session.scalar(select(Post).where(Post.id == world["grid_worker"].post_id))
    assert past is not None
    assert past.valid_to is not None


async def test_somebody_may_leave_later_and_works_until_then(
    api: Api, session: AsyncSession, world: World
) -> None:
    midnight = clock.day_start(clock.today() + timedelta(days=1))
    session.add(
        Post(
            member_id=world["grid_worker"].member_id,
            role=Role.GRID_LEADER,
            area_id=world.places["grid_a2"].id,
            valid_from=midnight + timedelta(days=30),
        )
    )
    await session.commit()
    url = f"{URL}/{world['grid_worker'].member_id}/end"
    reply = await api.as_("system_admin").post(url, json={"ended_at": midnight.isoformat()})
    (post,) = reply.json()["posts"]
    assert post["role"] == "grid_worker"
    assert post["valid_to"].startswith(midnight.isoformat()[:16])
    assert (await api.as_("grid_worker").get(URL)).status_code == 200
    past = (clock.now() - timedelta(minutes=1)).isoformat()
    refused = await api.as_("system_admin").post(url, json={"ended_at": past})
    problem_in(refused, 422, "invalid", "body.ended_at")


async def test_one_administrator_always_remains(api: Api, session: AsyncSession, world: World) -> None:
    admin = world["system_admin"]
    url = f"{URL}/{admin.member_id}/end"
    problem_in(await api.as_("system_admin").post(url, json={}), 409, "own_account")
    deputy = Post(
        member_id=world["dispatcher"].member_id,
        role=Role.SYSTEM_ADMIN,
        valid_from=clock.now() - timedelta(days=1),
        valid_to=clock.now() + timedelta(days=1),
    )
    session.add(deputy)
    await session.commit()
    problem_in(await api.as_("dispatcher").post(url, json={}), 409, "last_administrator")
    assert (await api.as_("system_admin").get(URL)).status_code == 200
    deputy.valid_to = None
    await session.commit()
    assert (await api.as_("dispatcher").post(url, json={})).status_code == 200
