"""Visits for tests: bodies as a phone would send them, and somebody to record them."""

from datetime import timedelta
from typing import Any

from app.core import clock
from app.models.registry import Household
from tests.support.clients import Api
from tests.support.world import World

URL = "/v1/visits"
SOMETHING_HEARD: dict[str, Any] = {
    "content": "楼下垃圾三天没人清，味道很大。",
    "outcome": "ticket",
    "ticket": {"title": "垃圾三天未清", "category_code": "0501"},
}


def at(world: World, place: str = "grid_a1") -> dict[str, Any]:
    """The middle of a grid, as a phone measures it."""
    lng, lat = world.places[place].centre
    return {"lng": lng, "lat": lat, "coord_type": "wgs84", "accuracy_m": 20}


def body(world: World, household: Household, **changed: Any) -> dict[str, Any]:
    """A visit of ten minutes, an hour ago, on which somebody was met at home."""
    return {
        "household_id": str(household.id),
        "visit_type": "care",
        "mode": "in_person",
        "result": "met",
        "occurred_at": (clock.now() - timedelta(hours=1)).isoformat(),
        "duration_s": 600,
        "content": "老人身体尚可，提醒用气安全。",
        "location": at(world),
    } | changed


async def recorded(api: Api, who: str, sent: dict[str, Any]) -> dict[str, Any]:
    """Record a visit that must be taken."""
    reply = await api.as_(who).post(URL, json=sent)
    assert reply.status_code == 201, reply.text
    visit: dict[str, Any] = reply.json()
    return visit
