"""Contact links over HTTP: within quotas, over time, in scope, and what of the households they cover."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.contact import ContactLink
from app.models.enums import HouseholdType
from app.models.registry import Household
from tests.support import households
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.statements import Counter
from tests.support.world import World

URL = "/v1/contact-links"
QUOTAS = "/v1/contact-quotas"


@pytest.fixture
async def homes(session: AsyncSession, world: World) -> list[Household]:
    """Three households of the first grid, the last one rented, one of the village next door, an empty one."""
    place, kinds = world.places["grid_a1"], HouseholdType
    return [
        await households.add(session, world, place, 1),
        await households.add(session, world, place, 2),
        await households.add(session, world, place, 3, kind=kinds.RENTAL),
        await households.add(session, world, world.places["grid_b1"], 4),
        await households.add(session, world, place, 5, kind=kinds.VACANT),
    ]


def link(world: World, home: Household, **changed: Any) -> dict[str, Any]:
    """The grid worker as party member of a household."""
    member_id = str(world["grid_worker"].member_id)
    return {"member_id": member_id, "household_id": str(home.id), "rank": "party_member"} | changed


async def quota(api: Api, world: World, place: str, most: int, **changed: Any) -> None:
    sent = {"area_id": str(world.places[place].id), "rank": "party_member", "most": most} | changed
    reply = await api.as_("village_admin").post(QUOTAS, json=sent)
    assert reply.status_code == 201, reply.text


async def test_a_link_is_made_once_ends_and_stays_on_record(
    api: Api, world: World, homes: list[Household]
) -> None:
    keeper = api.as_("grid_leader")
    made = await keeper.post(URL, json=link(world, homes[0]))
    assert made.status_code == 201, made.text
    problem_in(await keeper.post(URL, json=link(world, homes[0])), 409, "contact_linked_already")
    url = made.headers["location"]
    problem_in(await keeper.post(f"{url}/end", headers={"If-Match": '"9"'}), 412, "stale_version")
    ended = await keeper.post(f"{url}/end", headers={"If-Match": '"1"'})
    assert ended.json()["valid_to"]
    problem_in(await keeper.post(f"{url}/end"), 409, "contact_link_ended")
    assert (await keeper.get(URL)).json()["items"] == []
    assert [one["id"] for one in (await keeper.get(URL, params={"ended": True})).json()["items"]] == [
        made.json()["id"]
    ]
    assert (await keeper.post(URL, json=link(world, homes[0]))).status_code == 201


async def test_the_quota_of_the_smallest_area_counts_for_all_types_and_for_each(
    api: Api, world: World, homes: list[Household]
) -> None:
    await quota(api, world, "village_a", 1)
    await quota(api, world, "grid_a1", 2)
    await quota(api, world, "village_a", 1, household_type="resident")
    keeper = api.as_("village_admin")
    assert (await keeper.post(URL, json=link(world, homes[0]))).status_code == 201
    problem_in(await keeper.post(URL, json=link(world, homes[1])), 409, "contact_quota_reached")
    assert (await keeper.post(URL, json=link(world, homes[1], rank="leader"))).status_code == 201
    problem_in(await keeper.post(URL, json=link(world, homes[2])), 409, "contact_quota_reached")
    assert (await keeper.post(URL, json=link(world, homes[2], kind="pairing"))).status_code == 201


async def test_a_quota_is_set_once_and_can_be_removed_by_those_who_set_it(api: Api, world: World) -> None:
    await quota(api, world, "village_a", 1)
    sent = {"area_id": str(world.places["village_a"].id), "rank": "party_member", "most": 5}
    problem_in(await api.as_("village_admin").post(QUOTAS, json=sent), 409, "contact_quota_exists")
    (stored,) = (await api.as_("grid_worker").get(QUOTAS)).json()["items"]
    assert stored["most"] == 1
    assert (await api.as_("grid_worker_b").get(QUOTAS)).json()["items"] == []
    url = f"{QUOTAS}/{stored['id']}"
    problem_in(await api.as_("village_admin_b").delete(url), 404, "not_found")
    assert (await api.as_("dispatcher").delete(url)).status_code == 204
    assert (await api.as_("grid_worker").get(QUOTAS)).json()["items"] == []


async def test_a_quota_that_changes_counts_from_then_on_and_tells_who_changed_it(
    api: Api, world: World, homes: list[Household]
) -> None:
    await quota(api, world, "village_a", 2)
    keeper = api.as_("village_admin")
    (stored,) = (await keeper.get(QUOTAS)).json()["items"]
    url = f"{QUOTAS}/{stored['id']}"
    problem_in(await keeper.patch(url, json={"most": 1}, headers={"If-Match": '"9"'}), 412, "stale_version")
    problem_in(await keeper.patch(url, json={"most": 0}), 422, "invalid")
    problem_in(await api.as_("village_admin_b").patch(url, json={"most": 1}), 404, "not_found")
    changed = await keeper.patch(url, json={"most": 1}, headers={"If-Match": '"1"'})
    assert (changed.json()["most"], changed.headers["etag"]) == (1, '"2"')
    assert (await keeper.post(URL, json=link(world, homes[0]))).status_code == 201
    problem_in(await keeper.post(URL, json=link(world, homes[1])), 409, "contact_quota_reached")
    told = (await api.as_("grid_worker").get(f"{url}/history")).json()
    assert [line["action"] for line in told] == ["contact_quota.change", "contact_quota.create"]
    assert told[0]["by"]["id"] == str(world["village_admin"].member_id)


async def test_a_link_changes_its_rank_where_that_rank_has_room(
    api: Api, world: World, homes: list[Household]
) -> None:
    await quota(api, world, "village_a", 1, rank="leader")
    keeper = api.as_("grid_leader")
    first, second = [
        (await keeper.post(URL, json=link(world, home))).headers["location"] for home in homes[:2]
    ]
    problem_in(await keeper.patch(first, json={"rank": "leader"}), 409, "contact_quota_reached")
    assert (await keeper.post(f"{second}/end")).status_code == 200
    changed = await keeper.patch(first, json={"rank": "leader"}, headers={"If-Match": '"1"'})
    assert (changed.json()["rank"], changed.json()["version"]) == ("leader", 2)
    assert (await keeper.patch(first, json={"rank": "leader"})).status_code == 200
    problem_in(await keeper.patch(second, json={"rank": "cadre"}), 409, "contact_link_ended")
    assert (await api.as_("grid_worker").patch(first, json={"rank": "cadre"})).status_code == 403
    told = (await keeper.get(f"{first}/history")).json()
    assert [line["action"] for line in told][-2:] == ["contact_link.change", "contact_link.create"]


async def test_coverage_counts_households_that_live_there_once(
    api: Api, world: World, homes: list[Household], statements: Counter
) -> None:
    keeper = api.as_("grid_leader")
    for sent in (link(world, homes[0]), link(world, homes[0], kind="pairing"), link(world, homes[2])):
        assert (await keeper.post(URL, json=sent)).status_code == 201
    with statements(at_most=4):
        seen = (await api.as_("village_admin").get(f"{URL}/coverage")).json()
    assert seen["covered"] == {"numerator": 2, "denominator": 3, "rate": pytest.approx(2 / 3)}
    assert (seen["links"], seen["members"]) == (3, 1)
    by_type = {one["household_type"]: one["covered"]["rate"] for one in seen["by_type"]}
    assert by_type == {"rental": 1.0, "resident": 0.5}
    empty = (await api.as_("grid_worker_c").get(f"{URL}/coverage")).json()
    assert empty["covered"] == {"numerator": 0, "denominator": 0, "rate": None}


@pytest.mark.parametrize(
    ("who", "home", "member", "status", "field"),
    [
        ("grid_leader", 3, "grid_worker", 404, "body.household_id"),
        ("grid_leader", 0, "grid_worker_b", 404, "body.member_id"),
        ("village_admin_b", 0, "grid_worker_b", 404, "body.household_id"),
        ("grid_worker", 0, "grid_worker", 403, None),
    ],
)
async def test_links_are_made_by_leaders_among_their_own_people_and_households(
    api: Api,
    world: World,
    homes: list[Household],
    *,
    who: str,
    home: int,
    member: str,
    status: int,
    field: str | None,
) -> None:
    sent = link(world, homes[home], member_id=str(world[member].member_id))
    reply = await api.as_(who).post(URL, json=sent)
    problem_in(reply, status, reply.json()["code"], *([field] if field else []))


async def test_a_link_next_door_does_not_exist(api: Api, world: World, homes: list[Household]) -> None:
    made = (await api.as_("grid_leader").post(URL, json=link(world, homes[0]))).json()
    problem_in(await api.as_("grid_worker_b").get(f"{URL}/{made['id']}"), 404, "not_found")
    assert (await api.as_("grid_worker_b").get(URL)).json()["items"] == []
    problem_in(await api.as_("dispatcher").get(URL), 403, "forbidden")


@pytest.mark.commits
async def test_links_made_at_once_do_not_pass_the_quota_together(
    api: Api, session: AsyncSession, world: World
) -> None:
    homes = [await households.add(session, world, world.places["grid_a1"], number) for number in range(4)]
    await quota(api, world, "grid_a1", 2)
    keeper = api.as_("grid_leader")
    replies = await asyncio.gather(*(keeper.post(URL, json=link(world, home)) for home in homes))
    assert sorted(reply.status_code for reply in replies) == [201, 201, 409, 409]
    assert await session.scalar(select(func.count()).select_from(ContactLink)) == 2
