"""The small print of GeoReport v2: where a report lies, what is kept of it, what its fields say."""

from datetime import datetime, timedelta

import pytest

from app.core import clock
from app.models.enums import Status
from app.services.exchange.open311 import states
from tests.support.clients import Api
from tests.support.open311 import BASE, City, flat, tree
from tests.support.tickets import Loop
from tests.support.world import World

# mySociety's words for updates.
WORDS = """
    OPEN CLOSED FIXED IN_PROGRESS ACTION_SCHEDULED INVESTIGATING DUPLICATE NO_FURTHER_ACTION CANCELLED REOPEN
"""
ENDED = {Status.CLOSED, Status.NOT_ACCEPTED, Status.WITHDRAWN, Status.VOIDED, Status.MERGED}


@pytest.fixture
def city(api: Api, world: World) -> City:
    """The server as the world's third party sees it."""
    return City(api, world)


def test_open_is_every_state_before_closed_and_every_update_has_a_word_of_the_extension() -> None:
    assert {status for status in Status if states.of(status) == "closed"} == ENDED
    assert set(WORDS.split()) == states.WORDS


@pytest.mark.parametrize("multipart", [False, True])
async def test_an_address_id_says_where_when_no_point_does(city: City, world: World, multipart: bool) -> None:
    grid = world.places["grid_a1"]
    sent = {"api_key": city.key, "service_code": "0502", "address_id": str(grid.id), "lat": "", "long": ""}
    kind = {"files": [(name, (None, value)) for name, value in sent.items()]} if multipart else {"data": sent}
    reply = await city.api.post(f"{BASE}/requests.json", **kind)
    request_id = reply.json()[0]["service_request_id"]
    (own,) = (await city.get(f"requests/{request_id}", api_key=city.key)).json()
    assert (own["address_id"], own["lat"], own["long"]) == (str(grid.id), None, None)
    assert own["description"] == "乱堆乱放"


async def test_of_whoever_reports_only_a_name_and_a_phone_are_kept_and_neither_is_shown(city: City) -> None:
    who = {"email": "guan@example.com", "device_id": "device-秘", "account_id": "account-秘"}
    request_id = await city.report(
        **who, last_name="关", first_name="秘婶", phone="13811112222", media_url="https://city.example/a.jpg"
    )
    await city.publish(request_id)
    ticket = await city.api.as_("dispatcher").get(f"/v1/tickets/{request_id}")
    assert ticket.json()["content"].endswith("附图：https://city.example/a.jpg")
    assert not [value for value in who.values() if value in ticket.text]
    for form in ("json", "xml"):
        for params in ({}, {"api_key": city.key}):
            seen = await city.get(f"requests/{request_id}.{form}", extensions="true", **params)
            assert not [mark for mark in ("秘", "2222", "guan") if mark in seen.text]


async def test_a_request_says_who_handles_it_until_when_and_how_it_stands(api: Api, world: World) -> None:
    city, loop = City(api, world), Loop(api, world)
    await loop.to("processing")
    await city.publish(loop.id)
    (shown,) = (await city.get(f"requests/{loop.id}.json")).json()
    (due,) = [one["due_at"] for one in (await loop.read())["clocks"] if one["kind"] == "handle"]
    assert (shown["agency_responsible"], shown["status"]) == ("九江镇综合行政执法办公室", "open")
    assert shown["status_notes"] == "处理中"
    expected = datetime.fromisoformat(shown["expected_datetime"])
    assert expected == datetime.fromisoformat(due).replace(microsecond=0)
    assert {expected.utcoffset()} == {timedelta(hours=8)}


async def test_extensions_look_the_same_in_xml(city: City) -> None:
    request_id = await city.report(**{"attribute[kind][]": ["bulky", "other", "bulky"]})
    accepted = {"action": "accept"}
    await city.api.as_("dispatcher").post(f"/v1/tickets/{request_id}/actions", json=accepted)
    asked = {"api_key": city.key, "extensions": "true"}
    (own,) = (await city.get(f"requests/{request_id}.json", **asked)).json()
    found = tree(await city.get(f"requests/{request_id}.xml", **asked)).find("request")
    assert found is not None
    kinds = [one.text for one in found.findall("extended_attributes/kind/value")]
    assert kinds == own["extended_attributes"]["kind"] == ["bulky", "other"]
    assert [flat(note) for note in found.findall("notes/note")] == own["notes"]
    assert len(own["notes"]) == 1
    plain = (await city.get(f"requests/{request_id}.json", api_key=city.key)).json()[0]
    assert not {"extended_attributes", "notes"} & plain.keys()


@pytest.mark.parametrize("form", ["json", "xml"])
async def test_times_are_taken_with_any_offset_and_pages_are_never_longer_than_they_may(
    city: City, form: str
) -> None:
    request_id = await city.report()
    await city.publish(request_id)
    now = clock.now()

    async def found(**params: str) -> bool:
        reply = await city.get(f"requests.{form}", **params)
        assert reply.status_code == 200, reply.text
        return request_id in reply.text

    for hours in (-5, 0, 8):
        local = (now + timedelta(hours=hours)).replace(tzinfo=None)
        offset = f"{hours:+03d}:00"
        assert await found(start_date=f"{local - timedelta(minutes=1):%Y-%m-%dT%H:%M:%S}{offset}")
        assert not await found(start_date=f"{local + timedelta(minutes=1):%Y-%m-%dT%H:%M:%S}{offset}")
    assert await found(page_size="999999")
    assert not await found(page_size="1", page="2")
    assert await found(end_date=f"{now + timedelta(minutes=1):%Y-%m-%dT%H:%M:%S}Z")
    assert not await found(end_date=f"{now - timedelta(minutes=1):%Y-%m-%dT%H:%M:%S}Z")
