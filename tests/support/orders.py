"""Orders of a hotline: what it sends of a call, and what a test does with them."""

from typing import Any

from httpx import Response

from tests.support.clients import Api

TICKETS, BATCHES = "/v1/intake/tickets", "/v1/intake/batches"
POINT = {"lng": 113.005, "lat": 22.835, "coord_type": "wgs84"}
ORDER: dict[str, Any] = {
    "external_ref": "DH20261122-0001",
    "title": "沙龙路垃圾堆放三天没人清",
    "content": "来电人反映沙龙路 12 号门口堆了建筑垃圾，已有三天，影响通行。",
    "category_code": "0501",
    "location": POINT,
    "address": "沙龙路 12 号门口",
    "contact": {"name": "关大婶", "phone": "0757-86551234"},
}


def order(**changed: Any) -> dict[str, Any]:
    """An order; keywords replace its fields, None leaves one out."""
    return {name: value for name, value in (ORDER | changed).items() if value is not None}


async def try_push(api: Api, who: str = "api_client", **changed: Any) -> Response:
    """Send an order and look at the answer."""
    return await api.as_(who).post(TICKETS, json=order(**changed))


async def push(api: Api, who: str = "api_client", *, status: int = 201, **changed: Any) -> dict[str, Any]:
    """Send an order that must be taken."""
    reply = await try_push(api, who, **changed)
    assert reply.status_code == status, reply.text
    found: dict[str, Any] = reply.json()
    return found


async def read(api: Api, ref: str = ORDER["external_ref"], who: str = "api_client") -> dict[str, Any]:
    """The order as its sender sees it now."""
    reply = await api.as_(who).get(f"{TICKETS}/{ref}")
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


async def supplement(api: Api, ref: str = "1", *, status: int = 201, **more: Any) -> dict[str, Any]:
    """More about the order, which must be taken."""
    body = {"supplement_ref": ref, "content": "来电人补充：垃圾里有玻璃。", **more}
    reply = await api.as_("api_client").post(f"{TICKETS}/{ORDER['external_ref']}/supplements", json=body)
    assert reply.status_code == status, reply.text
    found: dict[str, Any] = reply.json()
    return found


async def withdraw(api: Api) -> Response:
    """Take the order back."""
    path = f"{TICKETS}/{ORDER['external_ref']}/withdrawal"
    return await api.as_("api_client").post(path, json={"reason": "来电人说已经清走了"})


async def events(api: Api, ticket_id: str) -> list[dict[str, Any]]:
    """The timeline, as the dispatcher sees it."""
    reply = await api.as_("dispatcher").get(f"/v1/tickets/{ticket_id}/events")
    found: list[dict[str, Any]] = reply.json()["items"]
    return found


async def batch(api: Api, *items: Any, who: str = "api_client", **options: Any) -> list[dict[str, Any]]:
    """The results of a bulk that must be read."""
    reply = await api.as_(who).post(BATCHES, json={"items": items}, **options)
    assert reply.status_code == 200, reply.text
    found: list[dict[str, Any]] = reply.json()["results"]
    return found
