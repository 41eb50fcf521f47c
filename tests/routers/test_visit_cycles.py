"""What a visit moves: the next visit of whom it was to and of their household, the next check of a place.

And back, where a visit that counted counts no more.
"""

from datetime import datetime, timedelta
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
from tests.support.visits import SOMETHING_HEARD, URL, at, recorded
from tests.support.world import World

CARE, PLACES = "/v1/care-objects", "/v1/places"
TODAY = clock.today()
TWO = [{"name": "何老太", "relation": "02"}, {"name": "何老伯", "relation": "10"}]


def day(days: int) -> str:
    return (TODAY + timedelta(days=days)).isoformat()


def turn(home: dict[str, Any]) -> str:
    """When a household that nobody has visited is due."""
    return cycle.first_turn(UUID(home["id"]), TODAY).isoformat()


def visit_to(world: World, days: int = 0, **where: Any) -> dict[str, Any]:
    """A visit that counts, so many days ago, and never after now."""
    moment = min(clock.day_start(TODAY - timedelta(days=days)) + timedelta(hours=9), clock.now())
    sent = {"result": "met", "occurred_at": moment.isoformat(), "duration_s": 600, "location": at(world)}
    return sent | where


@pytest.fixture
async def home(api: Api, world: World) -> dict[str, Any]:
    """A household of two that came a year ago."""
    place = world.places["grid_a1"]
    return await dwellings.household(api, "village_admin", place, residents=TWO, since=day(-365))


@pytest.fixture
async def shop(api: Api, world: World) -> dict[str, Any]:
    """A shop that is to be checked every 30 days."""
    body = {"area_id": str(world.places["grid_a1"].id), "name": "何记小卖部", "kind": "shop"}
    sent = body | {"address": "一巷 2 号", "check_cycle_days": 30}
    reply = await api.as_("village_admin").post(PLACES, json=sent)
    assert reply.status_code == 201, reply.text
    found: dict[str, Any] = reply.json()
    return found


async def looked_after(api: Api, level: str, **whom: Any) -> str:
    """A care object that was opened twenty days ago."""
    body = {"category": "living_alone", "care_level": level, "on": day(-20)} | whom
    reply = await api.as_("village_admin").post(CARE, json=body)
    assert reply.status_code == 201, reply.text
    care_id: str = reply.json()["id"]
    return care_id


async def dates(api: Api, url: str) -> tuple[str | None, str]:
    """The last visit and the next one."""
    found = (await api.as_("village_admin").get(url)).json()
    return found["last_visit_on"], found["next_visit_due"]


@pytest.mark.parametrize("level", list(CareLevel))
async def test_a_household_is_due_by_the_cycle_of_its_level(
    api: Api, world: World, home: dict[str, Any], level: CareLevel
) -> None:
    await looked_after(api, level, household_id=home["id"])
    await recorded(api, "grid_worker", visit_to(world, household_id=home["id"]))
    seen = (await api.as_("grid_worker").get(f"/v1/households/{home['id']}")).json()
    due = (seen["care_level"], seen["last_visit_on"], seen["next_visit_due"])
    assert due == (level, day(0), day(CYCLE_DAYS[level]))


async def test_the_strictest_level_applies_and_the_list_of_who_is_due_says_which(
    api: Api, world: World, home: dict[str, Any]
) -> None:
    for level, person in zip(("green", "orange"), home["people"], strict=True):
        await looked_after(api, level, resident_id=person["resident_id"])
    (due,) = (await api.as_("grid_worker").get(f"{URL}/due")).json()["items"]
    assert (due["care_level"], due["next_visit_due"]) == ("orange", min(day(10), turn(home)))
    await recorded(api, "grid_worker", visit_to(world, household_id=home["id"]))
    (due,) = (await api.as_("grid_worker").get(f"{URL}/due", params={"care_level": "orange"})).json()["items"]
    assert (due["last_visit_on"], due["next_visit_due"]) == (day(0), day(30))
    assert (await api.as_("grid_worker").get(f"{URL}/due", params={"care_level": "green"})).json()[
        "items"
    ] == []


async def test_a_visit_to_a_named_person_leaves_the_others_due(
    api: Api, world: World, home: dict[str, Any]
) -> None:
    first, second = (person["resident_id"] for person in home["people"])
    cares = [await looked_after(api, "red", resident_id=person) for person in (first, second)]
    await recorded(api, "grid_worker", visit_to(world, household_id=home["id"], resident_id=first))
    assert [await dates(api, f"{CARE}/{care}") for care in cares] == [(day(0), day(7)), (None, day(-19))]
    assert await dates(api, f"/v1/households/{home['id']}") == (day(0), day(-19))
    await recorded(api, "grid_worker", visit_to(world, household_id=home["id"]))
    assert [await dates(api, f"{CARE}/{care}") for care in cares] == [(day(0), day(7))] * 2
    assert await dates(api, f"/v1/households/{home['id']}") == (day(0), day(7))


async def test_a_visit_that_counts_no_more_leaves_what_the_others_moved(
    api: Api, world: World, home: dict[str, Any]
) -> None:
    care = await looked_after(api, "orange", resident_id=home["people"][0]["resident_id"])
    urls = (f"{CARE}/{care}", f"/v1/households/{home['id']}")
    older, newer = [
        await recorded(api, "grid_worker", visit_to(world, days, household_id=home["id"])) for days in (5, 2)
    ]
    assert [await dates(api, url) for url in urls] == [(day(-2), day(28))] * 2
    left = [(day(-5), day(25))] * 2
    for visit, moved in ((newer, left), (older, [(None, day(10)), (None, min(day(10), turn(home)))])):
        reply = await api.as_("grid_worker").patch(f"{URL}/{visit['id']}", json={"result": "not_met"})
        assert reply.json()["is_effective"] is False
        assert [await dates(api, url) for url in urls] == moved
    again = await api.as_("grid_worker").patch(f"{URL}/{newer['id']}", json={"result": "met"})
    assert again.json()["is_effective"] is True
    assert [await dates(api, url) for url in urls] == [(day(-2), day(28))] * 2


async def test_who_became_red_after_the_other_visits_is_due_the_day_after_that(
    api: Api, world: World, home: dict[str, Any]
) -> None:
    care = await looked_after(api, "green", household_id=home["id"])
    await recorded(api, "grid_worker", visit_to(world, 9, household_id=home["id"]))
    body = {"care_level": "red", "on": day(-4)}
    assert (await api.as_("grid_worker").post(f"{CARE}/{care}/review", json=body)).status_code == 200
    visit = await recorded(api, "grid_worker", visit_to(world, 1, household_id=home["id"]))
    assert await dates(api, f"{CARE}/{care}") == (day(-1), day(6))
    decided = await api.as_("village_admin").post(f"{URL}/{visit['id']}/decision", json={"approved": False})
    assert decided.status_code == 200, decided.text
    assert await dates(api, f"{CARE}/{care}") == (day(-9), day(-3))


async def test_a_household_that_nobody_visited_is_due_within_its_first_year_and_not_all_on_one_day(
    api: Api, session: AsyncSession, world: World
) -> None:
    homes = [await dwellings.household(api, "village_admin", world.places["grid_a1"]) for _home in range(8)]
    found = select(Household.id, Household.next_visit_due)
    due = {row.id: row.next_visit_due for row in await session.execute(found)}
    assert len(set(due.values())) > 1
    assert all(TODAY < date <= TODAY + timedelta(days=365) for date in due.values())
    await cycle.keep(session, households=[UUID(home["id"]) for home in homes])
    assert {row.id: row.next_visit_due for row in await session.execute(found)} == due


async def test_a_visit_to_a_place_is_its_check_and_what_was_heard_there_becomes_a_ticket(
    api: Api, world: World, shop: dict[str, Any]
) -> None:
    sent = visit_to(world, 3, place_id=shop["id"], visit_type="safety_check", opinions=[SOMETHING_HEARD])
    visit = await recorded(api, "grid_worker", sent)
    assert (visit["place"]["name"], visit["address"], visit["household_id"]) == (
        "何记小卖部",
        "一巷 2 号",
        None,
    )
    url = f"{PLACES}/{shop['id']}"
    seen = (await api.as_("grid_worker").get(url)).json()
    assert (seen["last_check_on"], seen["next_check_due"]) == (day(-3), day(27))
    listed = await api.as_("village_admin").get(URL, params={"place_id": shop["id"]})
    assert [one["id"] for one in listed.json()["items"]] == [visit["id"]]
    log = (await api.as_("grid_worker").get("/v1/daily-log", params={"on": day(-3)})).json()
    assert (log["visits"], log["households"], log["places"]) == (1, 0, 1)
    await api.as_("village_admin").post(f"{URL}/{visit['id']}/decision", json={"approved": False})
    seen = (await api.as_("grid_worker").get(url)).json()
    assert (seen["last_check_on"], seen["next_check_due"]) == (None, day(30))


async def test_a_check_by_hand_stays_when_a_visit_of_that_day_or_a_later_one_is_taken_back(
    api: Api, world: World, shop: dict[str, Any]
) -> None:
    url, keeper = f"{PLACES}/{shop['id']}", api.as_("village_admin")
    same_day = await recorded(api, "grid_worker", visit_to(world, 4, place_id=shop["id"]))
    assert (await keeper.post(f"{url}/checks", json={"on": day(-4)})).status_code == 200
    later = await recorded(api, "grid_worker", visit_to(world, 1, place_id=shop["id"]))
    for visit in (later, same_day):
        gone = await keeper.post(f"{URL}/{visit['id']}/decision", json={"approved": False})
        assert gone.status_code == 200, gone.text
        seen = (await keeper.get(url)).json()
        assert (seen["last_check_on"], seen["next_check_due"]) == (day(-4), day(26))


async def test_a_visit_goes_to_one_household_or_one_place_of_the_visitors_own(
    api: Api, world: World, home: dict[str, Any], shop: dict[str, Any]
) -> None:
    client = api.as_("grid_worker")
    both = visit_to(world, household_id=home["id"], place_id=shop["id"])
    problem_in(await client.post(URL, json=both), 422, "invalid")
    problem_in(await client.post(URL, json=visit_to(world)), 422, "invalid")
    person = home["people"][0]["resident_id"]
    at_shop = visit_to(world, place_id=shop["id"], resident_id=person)
    problem_in(await client.post(URL, json=at_shop), 422, "invalid")
    next_door = await api.as_("grid_worker_a2").post(URL, json=visit_to(world, place_id=shop["id"]))
    problem_in(next_door, 404, "not_found", "body.place_id")
    ended = await api.as_("village_admin").post(f"{PLACES}/{shop['id']}/end", json={})
    assert ended.status_code == 200, ended.text
    problem_in(
        await client.post(URL, json=visit_to(world, place_id=shop["id"])), 422, "invalid", "body.place_id"
    )


async def test_the_distance_is_measured_to_the_building_where_that_is_known(api: Api, world: World) -> None:
    here = at(world)
    spot = {"lng": here["lng"], "lat": here["lat"] + 0.001, "coord_type": "wgs84"}
    house = await dwellings.building(api, "village_admin", world.places["grid_a1"], location=spot)
    flat = await dwellings.room(api, "village_admin", house)
    body = {"room_id": flat["id"], "household_type": "resident", "residents": TWO}
    home = (await api.as_("village_admin").post("/v1/households", json=body)).json()
    near = await recorded(api, "grid_worker", visit_to(world, household_id=home["id"]))
    assert near["distance_m"] == pytest.approx(111, abs=2)
    far = here | {"lat": here["lat"] - 0.004}
    away = await recorded(api, "grid_worker", visit_to(world, household_id=home["id"], location=far))
    assert (away["lacks"], away["distance_m"]) == (["nearness"], pytest.approx(556, abs=5))


async def test_who_lives_in_a_room_and_in_no_household_is_visited_alone(
    api: Api, world: World, home: dict[str, Any]
) -> None:
    here, worker = at(world), api.as_("grid_worker")
    spot = {"lng": here["lng"], "lat": here["lat"] + 0.001, "coord_type": "wgs84"}
    house = await dwellings.building(api, "village_admin", world.places["grid_a1"], location=spot)
    flat = await dwellings.room(api, "village_admin", house)
    person = home["people"][1]["resident_id"]
    care = await looked_after(api, "red", resident_id=person)
    sent = visit_to(world, resident_id=person, opinions=[SOMETHING_HEARD])
    problem_in(await worker.post(URL, json=sent), 422, "invalid", "body.household_id")
    moves = f"/v1/residents/{person}/moves"
    moved = await api.as_("village_admin").post(moves, json={"home": {"room_id": flat["id"]}})
    assert moved.status_code == 200, moved.text
    visit = await recorded(api, "grid_worker", sent)
    assert (visit["household_id"], visit["resident_name"], visit["is_effective"]) == (None, "何*伯", True)
    assert (visit["address"], visit["distance_m"]) == (flat["address"], pytest.approx(111, abs=2))
    assert await dates(api, f"{CARE}/{care}") == (day(0), day(7))
    ticket = (await worker.get(f"/v1/tickets/{visit['opinions'][0]['ticket_id']}")).json()
    assert ticket["address"] == flat["address"]
    gone = await api.as_("village_admin").post(f"{URL}/{visit['id']}/decision", json={"approved": False})
    assert gone.status_code == 200, gone.text
    assert await dates(api, f"{CARE}/{care}") == (None, day(-19))
    hidden = await api.as_("grid_worker_b").post(URL, json=sent)
    problem_in(hidden, 404, "not_found", "body.resident_id")
    died = await api.as_("village_admin").post(f"/v1/residents/{person}/death", json={})
    assert died.status_code == 200, died.text
    problem_in(await worker.post(URL, json=sent), 422, "invalid", "body.resident_id")


async def test_somebody_who_only_lives_there_can_be_visited_there(
    api: Api, world: World, home: dict[str, Any]
) -> None:
    other = await dwellings.household(api, "village_admin", world.places["grid_a1"])
    lodger = other["people"][0]["resident_id"]
    move = {"reason": "other", "home": {"household_id": home["id"]}}
    moved = await api.as_("village_admin").post(f"/v1/residents/{lodger}/moves", json=move)
    assert moved.status_code == 200, moved.text
    care = await looked_after(api, "red", resident_id=lodger)
    visit = await recorded(api, "grid_worker", visit_to(world, household_id=home["id"], resident_id=lodger))
    assert visit["is_effective"]
    assert await dates(api, f"{CARE}/{care}") == (day(0), day(7))
    assert datetime.fromisoformat(visit["occurred_at"]) <= clock.now()
