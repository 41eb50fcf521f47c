"""Third parties as an administrator registers them: a client, a token, and calls by it."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

import httpx

from app.core import clock
from tests.support.clients import Api
from tests.support.world import CLIENT_SCOPES, World

CLIENTS = "/v1/clients"
SCOPES = ("tickets:read", "tickets:write", "webhooks:manage")
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Registered:
    """A client's address, its token as it was shown, and the API that it calls."""

    api: Api
    address: str
    token: dict[str, Any]

    @property
    def headers(self) -> dict[str, str]:
        """What makes a request this client's."""
        return {"Authorization": f"Bearer {self.token['token']}"}

    @property
    def id(self) -> str:
        """The client's id."""
        return self.address.rsplit("/", 1)[1]

    async def get(self, path: str, **options: Any) -> httpx.Response:
        """Read something with the token."""
        return await self.api.get(path, headers=self.headers, **options)

    async def change(self, **changes: Any) -> httpx.Response:
        """Have an administrator change the client."""
        return await self.api.as_("system_admin").patch(self.address, json=changes)


async def register(
    api: Api, world: World, *scopes: str, area: str = "village_a", **client: Any
) -> Registered:
    """A new client with a token for an area; all scopes unless some are named."""
    about = {"name": f"接入方 {next(_numbers)}", "purpose": "互联互通", "contact": "信息科"}
    made = await api.as_("system_admin").post(CLIENTS, json=about | client)
    assert made.status_code == 201, made.text
    address = str(made.headers["location"])
    token = await api.as_("system_admin").post(f"{address}/tokens", json=wanted(world, *scopes, area=area))
    assert token.status_code == 201, token.text
    return Registered(api, address, token.json())


def wanted(world: World, *scopes: str, area: str = "village_a", days: float = 30) -> dict[str, Any]:
    """The body of a new token."""
    return {
        "scopes": list(scopes or CLIENT_SCOPES),
        "area_id": str(world.places[area].id),
        "expires_at": (clock.now() + timedelta(days=days)).isoformat(),
    }


async def registered_as(
    api: Api, world: World, who: str, place: str, *scopes: str, org: str | None = None, **more: Any
) -> dict[str, Any]:
    """A client of this name with a token for a place, known as `who` from now on."""
    acts_for = {"org_id": str(world.orgs[org].id)} if org else {}
    made = await register(api, world, *(scopes or SCOPES), area=place, name=who, **acts_for, **more)
    world.know(who, made.token["token"])
    client: dict[str, Any] = (await api.as_("system_admin").get(made.address)).json()
    return client


async def token(api: Api, world: World, client_id: str, who: str, place: str, *scopes: str) -> None:
    """One more token of a client, from now on known as `who`."""
    asked = wanted(world, *(scopes or SCOPES), area=place)
    shown = await api.as_("system_admin").post(f"{CLIENTS}/{client_id}/tokens", json=asked)
    assert shown.status_code == 201, shown.text
    world.know(who, shown.json()["token"])


async def mapped(api: Api, client_id: object, **profile: Any) -> dict[str, Any]:
    """What the administrator sets for a client's tickets."""
    reply = await api.as_("system_admin").put(f"/v1/clients/{client_id}/intake", json=profile)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found
