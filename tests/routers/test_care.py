"""Care over HTTP: tags and who may know them, levels and their cycles, and when whom to visit next."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.models.enums import CYCLE_DAYS, CareLevel
from app.models.registry import Household
from app.services.registry import cycle
from tests.support import dwellings
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.statements import Counter
from tests.support.world import World

CARE, RESIDENTS = "/v1/care-objects", "/v1/residents"
TODAY = clock.today()


def day(days: int) -> str:
    return (TODAY + timedelta(days=days)).isoformat()


async def somebody(api: Api, world: World, place: str = "grid_a1") -> tuple[str, str]:
    """An old person living alone, registered a year ago: resident and household."""
    home = await dwellings.household(
        api,
        "village_admin",
        world.places[place],
        residents=[{"name": "何老太", "relation": "02"}],
        since=day(-365),
    )
    return home["people"][0]["resident_id"], home["id"]


async def looked_after(api: Api, resident_id: str, level: str = "yellow", **more: Any) -> dict[str, Any]:
    body = {"resident_id": resident_id, "category": "living_alone", "care_level": level} | more
    reply = await api.as_("village_admin").post(CARE, json=body)
    assert reply.status_code == 201, reply.text
    found: dict[str, Any] = reply.json()
    return found


async def due_of(api: Api, care: dict[str, Any]) -> str:
    due: str = (await api.as_("village_admin").get(f"{CARE}/{care['id']}")).json()["next_visit_due"]
    return due


@pytest.mark.parametrize(("level", "days"), [("red", 1), ("orange", 30), ("yellow", 90), ("green", 180)])
async def test_the_first_visit_is_due_by_the_level(api: Api, world: World, level: str, days: int) -> None:
    resident_id, _home = await somebody(api, world)
    care = await looked_after(api, resident_id, level)
    assert (care["next_visit_due"], care["cycle_days"]) == (day(days), CYCLE_DAYS[CareLevel(level)])
    assert (care["resident"]["name"], care["is_overdue"]) == ("何*太", False)


async def test_a_visit_starts_the_cycle_again_and_a_late_report_of_an_older_one_does_not(
    api: Api, session: AsyncSession, world: World
) -> None:
    resident_id, home_id = await somebody(api, world)
    care = await looked_after(api, resident_id, "red", on=day(-20))
    assert (await api.as_("village_admin").get(f"{CARE}/{care['id']}")).json()["is_overdue"] is True
    ids = {"households": [UUID(home_id)], "residents": [UUID(resident_id)]}
    for seen_on in (TODAY - timedelta(days=2), TODAY - timedelta(days=9)):
        await cycle.visited(session, on=seen_on, **ids)
        await session.commit()
        assert await due_of(api, care) == day(5)


async def test_becoming_more_urgent_never_delays_a_visit_and_red_is_due_the_next_day(
    api: Api, world: World
) -> None:
    resident_id, _home = await somebody(api, world)
    care = await looked_after(api, resident_id, "green", on=day(-170))
    assert care["next_visit_due"] == day(10)
    url = f"{CARE}/{care['id']}"
    for level, due in (("yellow", 10), ("orange", 10), ("red", 1), ("green", 180)):
        body = {"care_level": level, "note": "家访后评定"}
        reply = await api.as_("grid_worker").post(f"{url}/review", json=body)
        assert (reply.status_code, reply.json()["next_visit_due"]) == (200, day(due)), level
    told = (await api.as_("grid_worker").get(f"{url}/history")).json()["reviews"]
    assert [review["level_after"] for review in told] == ["green", "red", "orange", "yellow", "green"]


async def test_a_household_is_due_with_the_first_of_those_it_looks_after(
    api: Api, session: AsyncSession, world: World
) -> None:
    resident_id, home_id = await somebody(api, world)
    at_first = await household_due(session, home_id)
    assert TODAY < at_first <= TODAY + timedelta(days=365)
    care = await looked_after(api, resident_id, "orange")
    assert await household_due(session, home_id) == min(at_first, TODAY + timedelta(days=30))
    other = await dwellings.household(api, "village_admin", world.places["grid_a2"])
    move = {"reason": "other", "home": {"household_id": other["id"]}}
    reply = await api.as_("village_admin").post(f"{RESIDENTS}/{resident_id}/moves", json=move)
    assert reply.status_code == 200, reply.text
    turn = cycle.first_turn(UUID(other["id"]), TODAY)
    assert await household_due(session, other["id"]) == min(turn, TODAY + timedelta(days=30))
    assert (await api.as_("grid_worker_a2").get(f"{CARE}/{care['id']}")).status_code == 200
    assert await household_due(session, home_id) == at_first
    ended = await api.as_("village_admin").post(f"{CARE}/{care['id']}/end", json={})
    assert ended.json()["ended_on"] == TODAY.isoformat()
    assert await household_due(session, other["id"]) == turn


async def household_due(session: AsyncSession, household_id: str) -> date:
    due = await session.scalar(select(Household.next_visit_due).where(Household.id == UUID(household_id)))
    assert due is not None
    return due


async def test_the_list_begins_with_whom_to_visit_first(api: Api, world: World, statements: Counter) -> None:
    for level in ("green", "red", "yellow", "orange"):
        resident_id, _home = await somebody(api, world)
        await looked_after(api, resident_id, level)
    with statements(at_most=2):
        page = (await api.as_("grid_worker").get(CARE)).json()
    assert [row["care_level"] for row in page["items"]] == ["red", "orange", "yellow", "green"]
    soon = (await api.as_("grid_worker").get(CARE, params={"due_by": day(30)})).json()["items"]
    assert [row["care_level"] for row in soon] == ["red", "orange"]
    assert (await api.as_("grid_worker_a2").get(CARE)).json()["items"] == []


async def test_nobody_is_looked_after_twice_or_after_death(api: Api, world: World) -> None:
    resident_id, _home = await somebody(api, world)
    care = await looked_after(api, resident_id)
    body = {"resident_id": resident_id, "category": "elderly_80", "care_level": "red"}
    problem_in(await api.as_("village_admin").post(CARE, json=body), 409, "already_cared_for")
    tag = await api.as_("village_admin").post(
        f"{RESIDENTS}/{resident_id}/tags", json={"code": "elderly_80", "on": day(-3)}
    )
    assert tag.status_code == 201
    reply = await api.as_("village_admin").post(f"{RESIDENTS}/{resident_id}/death", json={"on": day(-1)})
    assert reply.status_code == 200, reply.text
    now = (await api.as_("village_admin").get(f"{CARE}/{care['id']}")).json()
    assert (now["ended_on"], now["is_overdue"]) == (day(-1), False)
    tags = (await api.as_("village_admin").get(f"{RESIDENTS}/{resident_id}/tags")).json()
    assert [tag["valid_to"] for tag in tags] == [day(-1)]
    problem_in(await api.as_("village_admin").post(CARE, json=body), 409, "resident_gone")


async def test_a_death_told_late_ends_what_was_begun_since(api: Api, world: World) -> None:
    resident_id, _home = await somebody(api, world)
    care, client = await looked_after(api, resident_id), api.as_("village_admin")
    tag = {"code": "elderly_80", "on": day(-3)}
    assert (await client.post(f"{RESIDENTS}/{resident_id}/tags", json=tag)).status_code == 201
    assert (await client.post(f"{RESIDENTS}/{resident_id}/death", json={"on": day(-30)})).status_code == 200
    tags = (await client.get(f"{RESIDENTS}/{resident_id}/tags")).json()
    assert [(tag["valid_from"], tag["valid_to"]) for tag in tags] == [(day(-3), day(-3))]
    assert (await client.get(f"{CARE}/{care['id']}")).json()["ended_on"] == day(-30)


async def test_care_of_a_household_ends_with_it(api: Api, world: World) -> None:
    client, place = api.as_("village_admin"), world.places["grid_a1"]
    homes = [await dwellings.household(api, "village_admin", place) for _home in range(2)]
    empty = await dwellings.household(
        api, "village_admin", place, household_type="vacant", residents=[], since=day(-9)
    )
    kept, taken_in = homes
    body = {"category": "low_income", "care_level": "red"}
    cares = [
        (await client.post(CARE, json=body | {"household_id": home["id"]})).json()
        for home in (taken_in, empty)
    ]
    kin = [{"resident_id": taken_in["people"][0]["resident_id"], "relation": "30"}]
    merged = {"household_id": taken_in["id"], "members": kin}
    assert (await client.post(f"/v1/households/{kept['id']}/merge", json=merged)).status_code == 200
    assert (await client.post(f"/v1/households/{empty['id']}/end", json={})).status_code == 200
    for care in cares:
        assert (await client.get(f"{CARE}/{care['id']}")).json()["ended_on"] == day(0)
        late = await client.post(f"{CARE}/{care['id']}/review", json={"care_level": "green"})
        problem_in(late, 409, "record_ended")
    assert (await client.get(CARE)).json()["items"] == []


async def test_tags_come_and_go_and_never_overlap(api: Api, world: World) -> None:
    resident_id, _home = await somebody(api, world)
    client, url = api.as_("grid_worker"), f"{RESIDENTS}/{resident_id}/tags"
    first = (await client.post(url, json={"code": "low_income", "on": day(-90)})).json()
    problem_in(await client.post(url, json={"code": "low_income"}), 409, "tag_given")
    ended = await client.post(f"{url}/{first['id']}/end", json={"on": day(-10)})
    assert ended.json()["valid_to"] == day(-10)
    problem_in(await client.post(url, json={"code": "low_income", "on": day(-20)}), 409, "tag_given")
    problem_in(await client.post(f"{url}/{first['id']}/end", json={}), 409, "tag_ended")
    again = await client.post(url, json={"code": "low_income", "on": day(-10)})
    assert again.status_code == 201
    assert [tag["valid_to"] for tag in (await client.get(url)).json()] == [None, day(-10)]


async def test_a_helper_does_not_learn_what_discloses_health(api: Api, world: World) -> None:
    home = await dwellings.household(api, "grid_worker", world.places["micro_a1"])
    resident_id = home["people"][0]["resident_id"]
    client, helper = api.as_("grid_worker"), api.as_("grid_assistant")
    for code in ("disabled_severe", "living_alone"):
        await client.post(f"{RESIDENTS}/{resident_id}/tags", json={"code": code})
    body = {"resident_id": resident_id, "category": "disabled_severe", "care_level": "red"}
    care = (await client.post(CARE, json=body | {"measures": "每周送药"})).json()
    assert (care["category"], care["measures"]) == ("disabled_severe", "每周送药")
    urls = (CARE, f"{CARE}/{care['id']}", f"{CARE}/{care['id']}/history", f"{RESIDENTS}/{resident_id}/tags")
    texts = [(await helper.get(f"{url}")).text for url in (*urls, f"{RESIDENTS}/{resident_id}/history")]
    assert not any(secret in text for text in texts for secret in ("disabled", "送药"))
    assert "living_alone" in texts[3]
    for tag, seen in (("disabled_severe", []), ("living_alone", [resident_id])):
        listed = (await helper.get(RESIDENTS, params={"tag": tag})).json()["items"]
        assert [row["id"] for row in listed] == seen
    problem_in(await helper.post(f"{CARE}/{care['id']}/end", json={}), 403, "forbidden")


@pytest.mark.parametrize("who", ["grid_worker_a2", "grid_worker_b"])
async def test_next_door_nobody_knows_who_is_looked_after(api: Api, world: World, who: str) -> None:
    resident_id, _home = await somebody(api, world)
    care = await looked_after(api, resident_id)
    client = api.as_(who)
    problem_in(await client.get(f"{CARE}/{care['id']}"), 404, "not_found")
    problem_in(await client.get(f"{CARE}/{care['id']}/history"), 404, "not_found")
    problem_in(await client.get(f"{RESIDENTS}/{resident_id}/tags"), 404, "not_found")
    new = {"resident_id": resident_id, "category": "elderly_80", "care_level": "red"}
    problem_in(await client.post(CARE, json=new), 404, "not_found", "body.resident_id")
