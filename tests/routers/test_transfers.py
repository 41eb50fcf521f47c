"""Moves between villages in different hands: an offer moves nobody, taking over moves everybody at once."""

from datetime import timedelta
from typing import Any

import pytest

from app.core import clock
from tests.support import dwellings
from tests.support.clients import Api
from tests.support.households import identity_number
from tests.support.problems import problem_in
from tests.support.statements import Counter
from tests.support.world import World

URL, TODAY = "/v1/transfers", clock.today()
GIVER, TAKER = "village_admin", "village_admin_b"
LONG_AGO = (TODAY - timedelta(days=1000)).isoformat()
FAMILY = [
    {"name": "何大文", "relation": "02", "id_number": identity_number()},
    {"name": "陈小红", "relation": "10"},
]


async def family(api: Api, world: World, place: str = "grid_a1", who: str = GIVER, **changed: Any) -> Any:
    home = {"residents": FAMILY, "since": LONG_AGO} | changed
    return await dwellings.household(api, who, world.places[place], **home)


async def offer(api: Api, world: World, who: str = GIVER, to: str = "village_b", **subject: Any) -> Any:
    return await api.as_(who).post(URL, json={"to_code": world.places[to].code, **subject})


async def step(api: Api, who: str, transfer: Any, verb: str, body: dict[str, Any] | None = None) -> Any:
    return await api.as_(who).post(f"{URL}/{transfer['id']}/{verb}", json=body)


def to_grid(world: World, place: str = "grid_b1") -> dict[str, Any]:
    return {"household": {"area_id": str(world.places[place].id), "address": "河清路 9 号"}}


async def seen(api: Api, who: str, url: str) -> int:
    return (await api.as_(who).get(url)).status_code


async def test_contact_with_a_household_ends_when_it_leaves_the_village(api: Api, world: World) -> None:
    home = await family(api, world)
    contact = {"member_id": str(world["grid_worker"].member_id), "household_id": home["id"]}
    made = await api.as_(GIVER).post("/v1/contact-links", json=contact | {"rank": "party_member"})
    assert made.status_code == 201, made.text
    within = {"area_id": str(world.places["grid_a2"].id), "address": "二巷 3 号"}
    assert (await api.as_(GIVER).post(f"/v1/households/{home['id']}/move", json=within)).status_code == 200
    kept = (await api.as_(GIVER).get(made.headers["location"])).json()
    assert (kept["valid_to"], kept["address"]) == (None, "二巷 3 号")
    transfer = (await offer(api, world, household_id=home["id"])).json()
    assert (await step(api, TAKER, transfer, "accept", to_grid(world))).status_code == 200
    (ended,) = (await api.as_(TAKER).get("/v1/contact-links", params={"ended": True})).json()["items"]
    assert ended["id"] == kept["id"]


async def test_a_household_moves_to_the_next_village_when_its_admin_takes_it_over(
    api: Api, world: World
) -> None:
    home = await family(api, world)
    url = f"/v1/households/{home['id']}"
    made = await offer(api, world, household_id=home["id"])
    assert made.status_code == 201, made.text
    transfer = made.json()
    assert (await seen(api, GIVER, url), await seen(api, TAKER, url)) == (200, 404)
    (listed,) = (await api.as_(TAKER).get(URL, params={"state": "pending"})).json()["items"]
    assert (listed["household"]["name"], listed["people"]) == (home["no"], 2)
    assert listed["to_area"]["name"] == world.places["village_b"].name
    taken = await step(api, TAKER, transfer, "accept", to_grid(world))
    assert (taken.json()["state"], taken.headers["etag"]) == ("accepted", '"2"')
    assert (await seen(api, GIVER, url), await seen(api, TAKER, url)) == (404, 200)
    detail = (await api.as_("grid_worker_b").get(url)).json()
    assert [person["name"] for person in detail["people"]] == ["何*文", "陈*红"]
    stays = (await api.as_(TAKER).get(f"{url}/history")).json()["stays"]
    assert [(stay["valid_from"], stay["valid_to"]) for stay in stays] == [
        (TODAY.isoformat(), None),
        (LONG_AGO, TODAY.isoformat()),
    ]
    after = (await api.as_(GIVER).get(f"{URL}/{transfer['id']}")).json()
    assert (after["state"], after["household"]) == ("accepted", None)
    problem_in(await step(api, TAKER, transfer, "accept", to_grid(world)), 409, "transfer_decided")


async def test_a_person_marries_into_a_household_of_another_village(api: Api, world: World) -> None:
    old = await family(api, world)
    new = await family(api, world, "grid_b1", TAKER, residents=[{"name": "麦大文", "relation": "02"}])
    wife = old["people"][1]["resident_id"]
    made = await offer(api, world, resident_id=wife, reason="married")
    transfer = made.json()
    assert transfer["resident"]["name"] == "陈*红"
    place = {"household": {"household_id": new["id"], "relation": "10"}}
    taken = await step(api, TAKER, transfer, "accept", {"resident": place})
    assert taken.status_code == 200, taken.text
    person = (await api.as_(TAKER).get(f"/v1/residents/{wife}")).json()
    assert (person["household"]["id"], person["home"]["household"]["id"]) == (new["id"], new["id"])
    told = (await api.as_(TAKER).get(f"/v1/residents/{wife}/history")).json()["memberships"]
    assert [(span["reason"], span["valid_to"]) for span in told] == [
        ("married", None),
        ("registered", TODAY.isoformat()),
    ]
    assert told[1]["household"] is None
    assert await seen(api, GIVER, f"/v1/residents/{wife}") == 404
    assert (await api.as_(GIVER).get(f"/v1/households/{old['id']}")).json()["member_count"] == 1


async def test_who_left_the_town_comes_back_to_another_village(api: Api, world: World) -> None:
    old = await family(api, world)
    new = await family(api, world, "grid_b1", TAKER, residents=[{"name": "麦大文", "relation": "02"}])
    wife = old["people"][1]["resident_id"]
    gone = (TODAY - timedelta(days=30)).isoformat()
    left = await api.as_(GIVER).post(f"/v1/residents/{wife}/departure", json={"on": gone})
    assert left.status_code == 200, left.text
    again = {"name": "何大文", "relation": "20", "id_number": identity_number(), "household_id": new["id"]}
    known = await api.as_(TAKER).post("/v1/residents", json=again)
    problem_in(known, 409, "resident_registered")
    transfer = (await offer(api, world, resident_id=wife)).json()
    place = {"household": {"household_id": new["id"], "relation": "10"}}
    taken = await step(api, TAKER, transfer, "accept", {"resident": place})
    assert taken.status_code == 200, taken.text
    person = (await api.as_(TAKER).get(f"/v1/residents/{wife}")).json()
    assert (person["left_on"], person["household"]["id"]) == (None, new["id"])


async def test_an_offer_is_refused_with_a_reason_or_taken_back_and_then_made_again(
    api: Api, world: World
) -> None:
    home = await family(api, world)
    first = (await offer(api, world, household_id=home["id"])).json()
    problem_in(await offer(api, world, household_id=home["id"]), 409, "transfer_open")
    refused = await step(api, TAKER, first, "refuse", {"refusal": "not_here"})
    assert (refused.json()["state"], refused.json()["refusal"]) == ("refused", "not_here")
    second = (await offer(api, world, household_id=home["id"])).json()
    problem_in(await step(api, TAKER, second, "withdraw"), 404, "not_found")
    stale = await api.as_(GIVER).post(f"{URL}/{second['id']}/withdraw", headers={"If-Match": '"7"'})
    problem_in(stale, 412, "stale_version")
    taken_back = await step(api, GIVER, second, "withdraw")
    assert taken_back.json()["state"] == "withdrawn"
    problem_in(await step(api, TAKER, second, "accept", to_grid(world)), 409, "transfer_decided")
    told = (await api.as_(TAKER).get(f"{URL}/{second['id']}/history")).json()
    assert [line["action"] for line in told] == ["transfer.withdraw", "transfer.create"]


async def test_only_the_giving_side_offers_and_only_the_receiving_side_takes_over(
    api: Api, world: World
) -> None:
    home = await family(api, world)
    foreign = await offer(api, world, TAKER, "village_b", household_id=home["id"])
    problem_in(foreign, 404, "not_found", "body.household_id")
    problem_in(await offer(api, world, "grid_assistant", household_id=home["id"]), 403, "forbidden")
    transfer = (await offer(api, world, household_id=home["id"])).json()
    body = {"household": {"area_id": str(world.places["grid_a2"].id), "address": "x"}}
    problem_in(await step(api, GIVER, transfer, "accept", body), 404, "not_found")
    problem_in(await step(api, TAKER, transfer, "accept", body), 404, "not_found")
    problem_in(await step(api, "grid_worker_b", transfer, "accept", to_grid(world)), 404, "not_found")
    assert await seen(api, "grid_worker_a2", f"{URL}/{transfer['id']}") == 404
    wrong = await step(api, TAKER, transfer, "accept", {"resident": {"home": {"address": "深圳"}}})
    problem_in(wrong, 422, "invalid", "body.household")
    assert (await api.as_(GIVER).get(f"{URL}/{transfer['id']}")).json()["state"] == "pending"


@pytest.mark.parametrize(
    ("to", "code", "status"),
    [("village_a", "invalid", 422), ("grid_a1", "invalid", 422), ("town", "invalid", 422)],
)
async def test_a_transfer_goes_to_another_village_or_grid(
    api: Api, world: World, to: str, code: str, status: int
) -> None:
    home = await family(api, world)
    problem_in(await offer(api, world, to=to, household_id=home["id"]), status, code, "body.to_code")
    unknown = await api.as_(GIVER).post(URL, json={"to_code": "999", "household_id": home["id"]})
    problem_in(unknown, 404, "not_found", "body.to_code")


async def test_an_offer_to_the_next_town_counts_only_while_they_are_in_the_village_that_made_it(
    api: Api, world: World
) -> None:
    home = await family(api, world)
    post = {"member_id": str(world[GIVER].member_id), "role": "village_admin"}
    both = {"area_id": str(world.places["village_c"].id)}
    given = await api.as_("system_admin").post("/v1/posts", json=post | both)
    assert given.status_code == 201, given.text
    transfer = (await offer(api, world, household_id=home["id"])).json()
    # Whoever reaches both villages moves people between them directly.
    there = {"area_id": str(world.places["grid_c1"].id), "address": "岭西路 1 号"}
    moved = await api.as_(GIVER).post(f"/v1/households/{home['id']}/move", json=there)
    assert moved.status_code == 200, moved.text
    problem_in(await step(api, TAKER, transfer, "accept", to_grid(world)), 409, "transfer_outdated")
    assert (await step(api, TAKER, transfer, "refuse", {"refusal": "other"})).status_code == 200


async def test_an_offer_to_a_village_that_went_into_another_is_the_others(api: Api, world: World) -> None:
    home = await family(api, world)
    transfer = (await offer(api, world, household_id=home["id"])).json()
    into = {"into_id": str(world.places["village_c"].id)}
    merged = await api.as_("system_admin").post(f"/v1/areas/{world.places['village_b'].id}/merge", json=into)
    assert merged.status_code == 200, merged.text
    read = (await api.as_(GIVER).get(f"{URL}/{transfer['id']}")).json()
    assert read["to_area"]["id"] == into["into_id"]
    taken = await step(api, TAKER, transfer, "accept", to_grid(world))
    assert taken.status_code == 200, taken.text


async def test_transfers_cost_few_statements(api: Api, world: World, statements: Counter) -> None:
    home = await family(api, world)
    transfer = (await offer(api, world, household_id=home["id"])).json()
    with statements(at_most=2):
        await api.as_(TAKER).get(URL)
    with statements(at_most=2):
        await api.as_(TAKER).get(f"{URL}/{transfer['id']}")
