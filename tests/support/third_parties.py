"""Further third parties of the small town: registered by the administrator, with a token, as anybody is."""

from datetime import timedelta
from typing import Any

from app.core import clock
from tests.support.clients import Api
from tests.support.world import World

SCOPES = ("tickets:read", "tickets:write", "webhooks:manage")


async def registered(
    api: Api, world: World, who: str, place: str, *scopes: str, org: str | None = None, **more: Any
) -> dict[str, Any]:
    """A client of this name with a token for a place, known as `who` from now on."""
    about = {"name": who, "purpose": "测试", "contact": "值班室", **more}
    if org is not None:
        about["org_id"] = str(world.orgs[org].id)
    made = await api.as_("system_admin").post("/v1/clients", json=about)
    assert made.status_code == 201, made.text
    client: dict[str, Any] = made.json()
    await token(api, world, client["id"], who, place, *scopes)
    return client


async def token(api: Api, world: World, client_id: str, who: str, place: str, *scopes: str) -> None:
    """One more token of a client, from now on known as `who`."""
    end = (clock.now() + timedelta(days=30)).isoformat()
    asked = {"scopes": scopes or SCOPES, "area_id": str(world.places[place].id), "expires_at": end}
    shown = await api.as_("system_admin").post(f"/v1/clients/{client_id}/tokens", json=asked)
    assert shown.status_code == 201, shown.text
    world.know(who, shown.json()["token"])


async def mapped(api: Api, client_id: object, **profile: Any) -> dict[str, Any]:
    """What the administrator sets for a client's tickets."""
    reply = await api.as_("system_admin").put(f"/v1/clients/{client_id}/intake", json=profile)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found
