"""Two events of one person or household at once: one after the other, or refused; links stay right."""

import asyncio

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from tests.support import dwellings
from tests.support.clients import Api
from tests.support.lives import broken
from tests.support.world import World

ROUNDS = 4


@pytest.mark.commits
async def test_events_at_once_leave_nobody_in_two_places(
    api: Api, session: AsyncSession, world: World
) -> None:
    client = api.as_("village_admin")
    family = [{"name": "何大文", "relation": "02"}, {"name": "何小明", "relation": "20"}]
    for _round in range(ROUNDS):
        homes = [
            await dwellings.household(api, "village_admin", world.places["grid_a1"], residents=family)
            for _home in range(3)
        ]
        first, second, third = (home["id"] for home in homes)
        son = homes[0]["people"][1]["resident_id"]
        joins = [{"household": {"household_id": to, "relation": "20"}} for to in (second, third)]
        alone = {"members": [{"resident_id": son, "relation": "02"}]}
        replies = await asyncio.gather(
            *(client.post(f"/v1/residents/{son}/moves", json=join) for join in joins),
            client.post(f"/v1/households/{first}/split", json=alone),
            client.post(f"/v1/residents/{son}/death", json={}),
        )
        assert {reply.status_code for reply in replies} <= {200, 201, 409, 422}
        assert any(reply.is_success for reply in replies)
    assert await broken(session) == {}


@pytest.mark.commits
async def test_a_transfer_is_taken_over_once_whatever_happens_beside_it(
    api: Api, session: AsyncSession, world: World
) -> None:
    giver, taker = api.as_("village_admin"), api.as_("village_admin_b")
    place = {"area_id": str(world.places["grid_b1"].id), "address": "河清路 9 号"}
    for _round in range(ROUNDS):
        home = await dwellings.household(api, "village_admin", world.places["grid_a1"])
        offer = {"household_id": home["id"], "to_code": world.places["village_b"].code}
        offers = await asyncio.gather(*(giver.post("/v1/transfers", json=offer) for _turn in range(2)))
        assert sorted(reply.status_code for reply in offers) == [201, 409]
        (made,) = [reply.json()["id"] for reply in offers if reply.is_success]
        url, inside = f"/v1/transfers/{made}", {"area_id": str(world.places["grid_a2"].id), "address": "x"}
        replies = await asyncio.gather(
            *(taker.post(f"{url}/accept", json={"household": place}) for _turn in range(2)),
            giver.post(f"{url}/withdraw"),
            giver.post(f"/v1/households/{home['id']}/move", json=inside),
        )
        *decided, moved = (reply.status_code for reply in replies)
        assert sorted(decided) == [200, 409, 409]
        assert moved in {200, 404}
    assert await broken(session) == {}


@pytest.mark.commits
async def test_nobody_begins_to_live_where_a_household_or_room_ends(
    api: Api, session: AsyncSession, world: World
) -> None:
    client, place = api.as_("village_admin"), world.places["grid_a1"]
    for kind in ("household", "room") * ROUNDS:
        lodger = (await dwellings.household(api, "village_admin", place))["people"][0]["resident_id"]
        if kind == "household":
            empty = await dwellings.household(
                api, "village_admin", place, household_type="vacant", residents=[]
            )
        else:
            empty = await dwellings.room(
                api, "village_admin", await dwellings.building(api, "village_admin", place)
            )
        ended, moved = await asyncio.gather(
            client.post(f"/v1/{kind}s/{empty['id']}/end", json={}),
            client.post(f"/v1/residents/{lodger}/moves", json={"home": {f"{kind}_id": empty["id"]}}),
        )
        assert (ended.status_code, moved.status_code) in {(200, 404), (409, 200)}
    assert await broken(session) == {}
