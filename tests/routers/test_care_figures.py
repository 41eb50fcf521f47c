"""A care tag in filters, counts, exports and figures: who may not know it of somebody cannot infer it."""

from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Sessions
from app.core.files import FileStore
from app.core.ids import uuid7
from app.models.enums import SENSITIVE, CareTag, Role
from app.models.registry import Resident, ResidentTag
from tests.support import dwellings
from tests.support.clients import Api
from tests.support.exporting import Exporting
from tests.support.problems import problem_in
from tests.support.staff import give_post
from tests.support.world import Place, World

PATH, RESIDENTS, CARE = "/v1/stats/care-tags", "/v1/residents", "/v1/care-objects"


async def tagged(session: AsyncSession, place: Place, tag: CareTag, count: int) -> None:
    """So many people of a grid with a tag."""
    town, village = place.path[-3], place.path[-2]
    for number in range(count):
        row = {"id": uuid7(), "name": f"居民{number}", "gender": "9", "population_type": "hukou"}
        lies = {"area_id": place.id, "grid_id": place.id, "village_id": village, "town_id": town}
        await session.execute(insert(Resident).values(row | lies))
        given = {"id": uuid7(), "resident_id": row["id"], "code": tag, "valid_from": clock.today()}
        await session.execute(insert(ResidentTag).values(given))
    await session.commit()


async def figures(api: Api, who: str, place: Place, tag: CareTag) -> tuple[int | None, list[int | None]]:
    """The count of an area and those of its parts."""
    reply = await api.as_(who).get(PATH, params={"area_id": str(place.id)})
    assert reply.status_code == 200, reply.text
    row: dict[str, Any] = next(row for row in reply.json()["tags"] if row["tag"] == tag)
    return row["count"], row["parts"]


@pytest.fixture
async def disabled(session: AsyncSession, world: World) -> None:
    """Seven people in the first village, three in the second."""
    for grid, count in (("grid_a1", 5), ("grid_a2", 2), ("grid_b1", 3)):
        await tagged(session, world.places[grid], CareTag.DISABLED, count)


@pytest.mark.parametrize("who", ["leader_viewer", "statistician", "dispatcher"])
async def test_trap_19_few_with_a_tag_are_withheld_with_what_would_give_them_away(
    api: Api, world: World, disabled: None, who: str
) -> None:
    town, village = world.places["town"], world.places["village_a"]
    assert await figures(api, who, town, CareTag.DISABLED) == (10, [None, None])
    assert await figures(api, who, village, CareTag.DISABLED) == (None, [])
    assert await figures(api, who, world.places["grid_a1"], CareTag.DISABLED) == (None, [])
    assert await figures(api, who, town, CareTag.CHRONIC) == (None, [None, None])
    assert disabled is None


async def test_trap_19_a_third_party_learns_of_its_village_what_the_table_of_the_town_tells(
    api: Api, session: AsyncSession, world: World, disabled: None
) -> None:
    village = world.places["village_a"]
    assert await figures(api, "api_client", village, CareTag.DISABLED) == (None, [])
    await tagged(session, world.places["grid_b1"], CareTag.DISABLED, 2)
    assert await figures(api, "api_client", village, CareTag.DISABLED) == (7, [])
    assert await figures(api, "statistician", world.places["town"], CareTag.DISABLED) == (12, [7, 5])
    assert await figures(api, "api_client", world.places["grid_a1"], CareTag.DISABLED) == (None, [])
    assert disabled is None


async def test_who_looks_after_them_counts_them_as_they_are(api: Api, world: World, disabled: None) -> None:
    assert await figures(api, "village_admin", world.places["village_a"], CareTag.DISABLED) == (7, [5, 2])
    assert await figures(api, "grid_worker", world.places["grid_a1"], CareTag.DISABLED) == (5, [])
    assert disabled is None


@pytest.mark.parametrize(
    ("who", "place", "status", "code"),
    [
        ("village_admin", "village_b", 404, "not_found"),
        ("village_admin", "town", 404, "not_found"),
        ("api_client", "village_b", 404, "not_found"),
        ("grid_assistant", "micro_a1", 403, "forbidden"),
        ("statistician", "county", 404, "not_found"),
        ("system_admin", "town", 403, "forbidden"),
    ],
)
async def test_figures_of_another_place_are_not_there(
    api: Api, world: World, who: str, place: str, status: int, code: str
) -> None:
    reply = await api.as_(who).get(PATH, params={"area_id": str(world.places[place].id)})
    problem_in(reply, status, code)


@pytest.mark.parametrize("tag", sorted(SENSITIVE))
async def test_trap_19_a_filter_by_a_tag_that_a_helper_may_not_know_finds_nobody(
    api: Api, world: World, tag: CareTag
) -> None:
    home = await dwellings.household(api, "grid_worker", world.places["micro_a1"])
    resident_id = home["people"][0]["resident_id"]
    url = f"{RESIDENTS}/{resident_id}/tags"
    assert (await api.as_("grid_worker").post(url, json={"code": tag})).status_code == 201
    found = {
        who: (await api.as_(who).get(RESIDENTS, params={"tag": tag})).json()
        for who in ("grid_worker", "grid_assistant")
    }
    assert [row["id"] for row in found["grid_worker"]["items"]] == [resident_id]
    assert found["grid_assistant"] == {"items": [], "next_cursor": None}


async def test_trap_19_a_post_that_may_know_tags_opens_none_where_another_post_only_helps(
    api: Api, session: AsyncSession, world: World
) -> None:
    await give_post(session, world, "grid_worker", Role.GRID_ASSISTANT, area_id=world.places["grid_a2"].id)
    home = await dwellings.household(api, "grid_worker_a2", world.places["grid_a2"])
    resident_id = home["people"][0]["resident_id"]
    url = f"{RESIDENTS}/{resident_id}/tags"
    await api.as_("grid_worker_a2").post(url, json={"code": "disabled"})
    care = {"resident_id": resident_id, "category": "disabled", "care_level": "red", "measures": "每周送药"}
    care = (await api.as_("grid_worker_a2").post(CARE, json=care)).json()
    worker = api.as_("grid_worker")
    assert (await worker.get(f"{RESIDENTS}/{resident_id}")).status_code == 200
    assert (await worker.get(url)).json() == []
    assert (await worker.get(RESIDENTS, params={"tag": "disabled"})).json()["items"] == []
    for address in (CARE, f"{CARE}/{care['id']}", f"{CARE}/{care['id']}/history"):
        told = (await worker.get(address)).text
        assert care["id"] in told or "reviews" in told
        assert "disabled" not in told
        assert "送药" not in told


async def test_trap_19_an_export_says_nothing_of_tags(
    api: Api, sessions: Sessions, files: FileStore, world: World
) -> None:
    home = await dwellings.household(api, "grid_worker", world.places["grid_a1"])
    url = f"{RESIDENTS}/{home['people'][0]['resident_id']}/tags"
    outward = Exporting(api, sessions, files, world)
    before = await outward.rows("village_admin", (await outward.make("village_admin", "households"))["id"])
    await api.as_("grid_worker").post(url, json={"code": "disabled_severe"})
    after = await outward.rows("village_admin", (await outward.make("village_admin", "households"))["id"])
    assert after[1:] == before[1:]
