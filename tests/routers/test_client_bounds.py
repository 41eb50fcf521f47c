"""The bounds of a client: areas, scopes, networks, an end; and its secrets, one after the other."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app.core import clock
from app.models.access import ApiClient, ApiToken
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.sign_in import ask, bearer
from tests.support.third_parties import CLIENTS, Registered, register, wanted
from tests.support.world import World, fixed_id

MORE_THAN_A_YEAR = (clock.now().replace(day=1, year=clock.now().year + 1) + timedelta(days=32)).isoformat()


async def status_of(found: Registered, path: str = "/v1/tickets") -> int:
    """What a read with the client's token is answered."""
    return (await found.get(path)).status_code


async def called_from(app: FastAPI, found: Registered, address: str, **headers: str) -> httpx.Response:
    """A read from some address, behind a proxy that is trusted at 10.9.9.9."""
    proxied: Any = ProxyHeadersMiddleware(app, trusted_hosts="10.9.9.9")  # type: ignore[arg-type]
    transport = httpx.ASGITransport(proxied, client=(address, 1234))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as caller:
        return await caller.get("/v1/tickets", headers=found.headers | headers)


async def test_a_client_says_whose_it_is_and_bounds_all_that_its_tokens_may(api: Api, world: World) -> None:
    area_id, admin = str(world.places["village_a"].id), api.as_("system_admin")
    body: dict[str, Any] = {
        "owner": "12345 热线",
        "area_ids": [area_id],
        "scopes": ["tickets:read"],
        "fields": ["title"],
    }
    found = await register(api, world, "tickets:read", **body, networks=["127.0.0.0/8"], per_minute=9)
    told = (await admin.get(found.address)).json()
    assert told["owner"] == "12345 热线"
    assert told["areas"] == [{"id": area_id, "name": world.places["village_a"].name}]
    assert (told["scopes"], told["datasets"], told["fields"]) == (["tickets:read"], ["tickets"], ["title"])
    assert (told["networks"], told["per_minute"], told["per_day"]) == (["127.0.0.0/8"], 9, 100_000)
    tokens = f"{found.address}/tokens"
    problem_in(await admin.post(tokens, json=wanted(world, "stats:read")), 422, "invalid", "body.scopes")
    elsewhere = await admin.post(tokens, json=wanted(world, "tickets:read", area="village_b"))
    problem_in(elsewhere, 422, "invalid", "body.area_id")
    below = await admin.post(tokens, json=wanted(world, "tickets:read", area="grid_a1"))
    assert below.status_code == 201


async def test_narrower_bounds_bind_tokens_that_are_out_already(api: Api, world: World) -> None:
    found = await register(api, world)
    assert (await status_of(found), await status_of(found, "/v1/areas")) == (200, 200)
    await found.change(scopes=["areas:read"])
    assert (await status_of(found), await status_of(found, "/v1/areas")) == (403, 200)
    await found.change(area_ids=[str(world.places["village_b"].id)])
    assert await status_of(found, "/v1/areas") == 401
    await found.change(area_ids=[str(world.places["town"].id)], scopes=[])
    assert await status_of(found) == 200


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"scopes": ["tickets:delete"]}, "body.scopes"),
        ({"area_ids": [str(fixed_id(9_999))]}, "body.area_ids"),
        ({"networks": ["10.0.0.1/8"]}, "body.networks.0"),
        ({"networks": ["everywhere"]}, "body.networks.0"),
        ({"per_minute": 0}, "body.per_minute"),
        ({"per_day": None}, "body.per_day"),
        ({"expires_at": MORE_THAN_A_YEAR}, "body.expires_at"),
        ({"expires_at": (clock.now() - timedelta(days=1)).isoformat()}, "body.expires_at"),
    ],
)
async def test_bounds_are_checked(api: Api, world: World, change: dict[str, Any], field: str) -> None:
    found = await register(api, world)
    problem_in(await found.change(**change), 422, "invalid", field)
    about = {"name": "另一个", "purpose": "p", "contact": "c"}
    if field != "body.per_day":
        refused = await api.as_("system_admin").post(CLIENTS, json=about | change)
        problem_in(refused, 422, "invalid", field)


async def test_a_client_ends_within_a_year_and_its_tokens_with_it(
    api: Api, session: AsyncSession, world: World
) -> None:
    found, admin = await register(api, world), api.as_("system_admin")
    end = (await admin.get(found.address)).json()["expires_at"]
    assert timedelta(days=364) < datetime.fromisoformat(end) - clock.now() < timedelta(days=366)
    soon = clock.now() + timedelta(days=10)
    await found.change(expires_at=soon.isoformat())
    later = await admin.post(f"{found.address}/tokens", json=wanted(world, days=11))
    problem_in(later, 422, "invalid", "body.expires_at")
    assert await status_of(found) == 200
    past = update(ApiClient).where(ApiClient.id == found.id).values(expires_at=clock.now())
    await session.execute(past)
    assert await status_of(found) == 401
    await found.change(expires_at=soon.isoformat())
    assert await status_of(found) == 200


async def test_calls_come_from_the_clients_networks_or_are_refused(
    app: FastAPI, api: Api, world: World
) -> None:
    found = await register(api, world, networks=["10.20.0.0/16", "2001:db8::/32"])
    for address in ("10.20.3.4", "2001:db8::7", "::ffff:10.20.3.4"):
        assert (await called_from(app, found, address)).status_code == 200, address
    for address in ("10.21.0.1", "2001:db9::7", "no address"):
        problem_in(await called_from(app, found, address), 403, "address_refused")
    forwarded = {"X-Forwarded-For": "10.20.0.1"}
    assert (await called_from(app, found, "10.9.9.9", **forwarded)).status_code == 200
    problem_in(await called_from(app, found, "192.0.2.1", **forwarded), 403, "address_refused")
    lie = {"X-Forwarded-For": "10.20.0.1, 192.0.2.1"}
    problem_in(await called_from(app, found, "10.9.9.9", **lie), 403, "address_refused")


async def test_a_secret_is_replaced_and_the_old_one_works_until_the_overlap_ends(
    api: Api, session: AsyncSession, world: World
) -> None:
    found, admin = await register(api, world), api.as_("system_admin")
    address = f"{found.address}/tokens/{found.token['id']}/secret"
    turned = await admin.post(address, json={"overlap_hours": 2})
    assert turned.headers["cache-control"] == "no-store"
    new = Registered(api, found.address, turned.json())
    assert new.token["key"] == found.token["key"]
    assert new.token["token"] != found.token["token"]
    assert (await status_of(found), await status_of(new)) == (200, 200)
    until = update(ApiToken).where(ApiToken.id == found.token["id"]).values(former_until=clock.now())
    await session.execute(until)
    assert (await status_of(found), await status_of(new)) == (401, 200)


async def test_a_leaked_secret_ends_at_once_with_all_that_was_traded_for_it(api: Api, world: World) -> None:
    found, admin = await register(api, world), api.as_("system_admin")
    key, secret = found.token["token"].split(".")
    traded = await ask(api, grant_type="client_credentials", client_id=key, client_secret=secret)
    short = bearer(traded.json()["access_token"])
    assert (await api.get("/v1/tickets", headers=short)).status_code == 200
    turned = await admin.post(f"{found.address}/tokens/{found.token['id']}/secret", json={"overlap_hours": 0})
    assert await status_of(found) == 401
    problem_in(await api.get("/v1/tickets", headers=short), 401, "unauthenticated")
    assert await status_of(Registered(api, found.address, turned.json())) == 200


async def test_an_ended_token_gets_no_new_secret(api: Api, world: World) -> None:
    found, admin = await register(api, world), api.as_("system_admin")
    address = f"{found.address}/tokens/{found.token['id']}"
    await admin.delete(address)
    problem_in(await admin.post(f"{address}/secret", json={}), 409, "token_ended")
    unknown = f"{found.address}/tokens/{fixed_id(9_999)}/secret"
    problem_in(await admin.post(unknown, json={}), 404, "not_found")


async def test_a_token_is_found_by_how_its_key_begins(api: Api, world: World) -> None:
    found, admin = await register(api, world), api.as_("system_admin")
    await register(api, world)
    key = found.token["key"]
    for prefix in (key, key[:12], f"wg_{key[:12]}"):
        (one,) = (await admin.get("/v1/client-tokens", params={"key": prefix})).json()["items"]
        assert (one["id"], one["client"]["id"]) == (found.token["id"], found.id)
    everything = (await admin.get("/v1/client-tokens")).json()["items"]
    assert len(everything) == 3
    assert "secret" not in str(everything).replace("former_secret_until", "")
    whole = await admin.get("/v1/client-tokens", params={"key": found.token["token"]})
    problem_in(whole, 422, "invalid", "query.key")
    problem_in(await api.as_("dispatcher").get("/v1/client-tokens"), 403, "forbidden")


async def test_a_secret_is_traded_for_fewer_scopes_and_never_for_more(api: Api, world: World) -> None:
    found = await register(api, world, "areas:read", "tickets:read")
    key, secret = found.token["token"].split(".")
    credentials = {"grant_type": "client_credentials", "client_id": key, "client_secret": secret}
    traded = await ask(api, **credentials, scope="areas:read")
    assert traded.json()["scope"] == "areas:read"
    short = bearer(traded.json()["access_token"])
    assert (await api.get("/v1/areas", headers=short)).status_code == 200
    problem_in(await api.get("/v1/tickets", headers=short), 403, "forbidden")
    whole = await ask(api, **credentials, scope="")
    assert whole.json()["scope"] == "areas:read tickets:read"
    more = await ask(api, **credentials, scope="areas:read tickets:write")
    assert problem_in(more, 400, "invalid_scope")["error"] == "invalid_scope"


async def test_a_secret_is_not_traded_from_elsewhere_and_each_trade_is_in_the_books(
    api: Api, world: World
) -> None:
    found = await register(api, world, networks=["10.20.0.0/16"])
    key, secret = found.token["token"].split(".")
    credentials = {"grant_type": "client_credentials", "client_id": key, "client_secret": secret}
    refused = await ask(api, **credentials)
    assert problem_in(refused, 400, "unauthorized_client")["error"] == "unauthorized_client"
    await found.change(networks=[])
    assert (await ask(api, **credentials)).status_code == 200
    logged = (await api.as_("auditor").get("/v1/audit-log")).json()["items"]
    trades = [row for row in logged if row["action"] == "token.exchange"]
    assert [row["entity_id"] for row in trades] == [found.token["id"]]
