"""What the public and clients send twice at the same moment happens once."""

import asyncio

import pytest

from tests.support.clients import Api
from tests.support.open311 import City
from tests.support.tickets import Loop
from tests.support.world import World

pytestmark = pytest.mark.commits


async def test_an_answer_that_is_sent_twice_at_once_is_taken_once(api: Api, world: World) -> None:
    loop = Loop(api, world)
    await loop.to("resolved")
    made = await api.as_("revisit_agent").post(f"/v1/tickets/{loop.id}/answer-link", json={})
    link = made.json()["url"].rpartition("/")[2]
    said = {"solved": "solved", "satisfaction": "very"}
    replies = await asyncio.gather(
        *(api.post(f"/v1/public/answers/{link}", json=said) for _ in range(3)),
        api.post(f"/answer/{link}", data=said),
    )
    assert sorted(reply.status_code for reply in replies) == [200, 409, 409, 409]
    ticket = await loop.read()
    assert (len(ticket["revisits"]), len(ticket["evaluations"])) == (1, 1)


async def test_an_update_that_is_sent_twice_at_once_is_taken_once(api: Api, world: World) -> None:
    city = City(api, world)
    request_id = await city.report()
    fields = {"service_request_id": request_id, "update_id": "u-1", "description": "又多了"}
    replies = await asyncio.gather(*(city.post("servicerequestupdates.json", **fields) for _ in range(3)))
    assert [reply.json() for reply in replies] == [[{"update_id": "u-1"}]] * 3
    events = (await api.as_("dispatcher").get(f"/v1/tickets/{request_id}/events")).json()["items"]
    assert [one["action"] for one in events] == ["report", "comment"]
