"""Visits at the same moment to households that share people: one after the other, and none is lost."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from app.core import clock
from tests.support import dwellings
from tests.support.clients import Api
from tests.support.visits import at
from tests.support.world import World

pytestmark = pytest.mark.commits
ROUNDS, FAMILY = 6, [{"name": f"何{n}", "relation": "02" if n == 1 else "20"} for n in range(1, 6)]
TODAY = clock.today()


def visit_to(world: World, home: dict[str, Any], days: int) -> dict[str, Any]:
    """A visit that counts, so many days ago."""
    moment = clock.day_start(TODAY - timedelta(days=days)) + timedelta(hours=9)
    sent = {"result": "met", "occurred_at": moment.isoformat(), "duration_s": 600, "location": at(world)}
    return sent | {"household_id": home["id"]}


async def looked_after(api: Api, home: dict[str, Any]) -> list[str]:
    """Everybody there, as care objects."""
    found = []
    for person in home["people"]:
        body = {"resident_id": person["resident_id"], "category": "living_alone", "care_level": "green"}
        reply = await api.as_("village_admin").post("/v1/care-objects", json=body)
        assert reply.status_code == 201, reply.text
        found.append(reply.json()["id"])
    return found


async def test_visits_at_once_to_where_people_live_and_lived_do_not_block_each_other(
    api: Api, world: World
) -> None:
    worker, admin, place = api.as_("grid_worker"), api.as_("village_admin"), world.places["grid_a1"]
    long_ago, lately = [(TODAY - timedelta(days=days)).isoformat() for days in (300, 100)]
    before = await dwellings.household(api, "village_admin", place, residents=FAMILY, since=long_ago)
    now = await dwellings.household(api, "village_admin", place, since=long_ago)
    cares = await looked_after(api, before)
    for person in before["people"][1:]:
        url = f"/v1/residents/{person['resident_id']}/moves"
        moved = await admin.post(url, json={"home": {"household_id": now["id"]}, "on": lately})
        assert moved.status_code == 200, moved.text
    for turn in range(ROUNDS):
        replies = await asyncio.gather(
            worker.post("/v1/visits", json=visit_to(world, before, 150 - turn)),
            worker.post("/v1/visits", json=visit_to(world, now, 50 - turn)),
            worker.post("/v1/visits", json=visit_to(world, before, 120 - turn)),
            worker.post("/v1/visits", json=visit_to(world, now, 40 - turn)),
        )
        assert [reply.status_code for reply in replies] == [201] * 4, [reply.text for reply in replies]
    last = (TODAY - timedelta(days=40 - ROUNDS + 1)).isoformat()
    seen = [(await worker.get(f"/v1/care-objects/{care}")).json()["last_visit_on"] for care in cares[1:]]
    assert seen == [last] * len(seen)
