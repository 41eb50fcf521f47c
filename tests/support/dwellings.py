"""Buildings and rooms for tests, entered over HTTP as a worker enters them."""

from typing import Any

from tests.support.clients import Api
from tests.support.world import Place


async def building(api: Api, who: str, place: Place, **changed: Any) -> dict[str, Any]:
    """A building of a grid."""
    body = {"area_id": str(place.id), "name": "水南一座", "address": "水南街 1 号"} | changed
    return await _created(api, who, "/v1/buildings", body)


async def room(api: Api, who: str, house: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """A room of a building."""
    body = {"building_id": house["id"], "unit_no": "3", "floor": "5", "room_no": "502"} | changed
    return await _created(api, who, "/v1/rooms", body)


async def household(api: Api, who: str, place: Place, **changed: Any) -> dict[str, Any]:
    """A household of a grid; one person with a name that says nothing, unless others are sent."""
    body = {"area_id": str(place.id), "address": "水南街 1 号", "household_type": "resident"}
    people = {"residents": [{"name": "何大文", "relation": "02"}]}
    return await _created(api, who, "/v1/households", body | people | changed)


async def _created(api: Api, who: str, url: str, body: dict[str, Any]) -> dict[str, Any]:
    reply = await api.as_(who).post(url, json=body)
    assert reply.status_code == 201, reply.text
    found: dict[str, Any] = reply.json()
    return found
