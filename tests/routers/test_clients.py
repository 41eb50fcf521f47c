"""API clients and tokens over HTTP: what a third party gets, and how it ends."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import hash_token
from app.models.access import ApiToken
from app.models.enums import Role
from app.models.platform import AuditLog, IdempotencyKey
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.sign_in import REVOKE, ask, bearer
from tests.support.statements import Counter
from tests.support.tickets import Loop
from tests.support.world import CALLERS, World, fixed_id

PATH = "/v1/clients"
CLIENT = {"name": "镇村小程序", "purpose": "村务公开", "contact": "党政办 0757-86550000"}


async def new_client(api: Api, **changes: str) -> str:
    """A new client's address."""
    reply = await api.as_("system_admin").post(PATH, json=CLIENT | changes)
    assert reply.status_code == 201, reply.text
    return str(reply.headers["location"])


def wanted(world: World, *scopes: str, area: str = "village_a", days: float = 30) -> dict[str, Any]:
    """The body of a new token."""
    end = clock.now() + timedelta(days=days)
    return {
        "scopes": list(scopes),
        "area_id": str(world.places[area].id),
        "expires_at": end.isoformat(),
    }


async def new_token(
    api: Api, world: World, client: str, *scopes: str, area: str = "village_a"
) -> dict[str, Any]:
    """A new token, in full."""
    reply = await api.as_("system_admin").post(f"{client}/tokens", json=wanted(world, *scopes, area=area))
    assert reply.status_code == 201, reply.text
    token: dict[str, Any] = reply.json()
    return token


async def test_a_token_opens_its_scopes_in_its_area_and_nothing_else(api: Api, world: World) -> None:
    loop = Loop(api, world)
    ticket = await loop.report()
    client = await new_client(api)
    here = await new_token(api, world, client, "tickets:read")
    there = await new_token(api, world, client, "tickets:read", area="village_b")
    other = await new_token(api, world, client, "areas:read")

    async def get(path: str, token: dict[str, Any]) -> int:
        return (await api.get(path, headers=bearer(token["token"]))).status_code

    path = f"/v1/tickets/{ticket['id']}"
    assert (await get(path, here), await get(path, there), await get(path, other)) == (200, 404, 403)
    assert (await get("/v1/areas", here), await get("/v1/areas", other)) == (403, 200)
    for closed in ("/v1/accounts", "/v1/households", "/v1/members", "/v1/stats/overview", PATH):
        assert await get(closed, here) == 403, closed
    refused = await api.post("/v1/tickets", json={}, headers=bearer(here["token"]))
    assert refused.status_code in {403, 422}
    assert (await get("/v1/me", here)) == 200


async def test_a_secret_is_shown_once_and_only_its_hash_is_kept(
    api: Api, session: AsyncSession, world: World
) -> None:
    client = await new_client(api)
    admin, body = api.as_("system_admin"), wanted(world, "areas:read")
    first = await admin.post(f"{client}/tokens", json=body, headers={"Idempotency-Key": "token"})
    again = await admin.post(f"{client}/tokens", json=body, headers={"Idempotency-Key": "token"})
    assert first.headers["cache-control"] == "no-store"
    token = first.json()["token"]
    prefix, secret = token.split(".")
    assert prefix == f"wg_{first.json()['key']}"
    assert again.json()["token"] != token
    listed = await admin.get(f"{client}/tokens")
    assert {item["key"] for item in listed.json()["items"]} == {first.json()["key"], again.json()["key"]}
    assert secret not in listed.text
    kept = await session.get(ApiToken, UUID(first.json()["id"]))
    assert kept is not None
    assert kept.secret_hash == hash_token(secret)
    answers = (await session.scalars(select(IdempotencyKey.body))).all()
    assert not [answer for answer in answers if answer and secret.encode() in answer]


@pytest.mark.parametrize("way", ["revoked", "client disabled", "by itself"])
async def test_a_token_and_what_was_traded_for_it_end_at_once(api: Api, world: World, way: str) -> None:
    client, admin = await new_client(api), api.as_("system_admin")
    token = await new_token(api, world, client, "areas:read")
    key, secret = token["token"].split(".")
    traded = await ask(api, grant_type="client_credentials", client_id=key, client_secret=secret)
    both = [bearer(token["token"]), bearer(traded.json()["access_token"])]
    for headers in both:
        assert (await api.get("/v1/areas", headers=headers)).status_code == 200
    if way == "revoked":
        assert (await admin.delete(f"{client}/tokens/{token['id']}")).status_code == 204
        assert (await admin.delete(f"{client}/tokens/{token['id']}")).status_code == 204
    elif way == "client disabled":
        assert (await admin.patch(client, json={"status": "disabled"})).status_code == 200
        reply = await admin.post(f"{client}/tokens", json=wanted(world, "areas:read"))
        problem_in(reply, 409, "client_disabled")
    else:
        assert (await api.post(REVOKE, data={"token": token["token"]})).status_code == 200
    for headers in both:
        problem_in(await api.get("/v1/areas", headers=headers), 401, "unauthenticated")
    again = await ask(api, grant_type="client_credentials", client_id=key, client_secret=secret)
    problem_in(again, 401, "invalid_client")


async def test_a_client_is_given_the_fields_that_may_tell_of_somebody_one_by_one(
    api: Api, session: AsyncSession
) -> None:
    client, admin = await new_client(api), api.as_("system_admin")
    assert (await admin.get(client)).json()["fields"] == []
    given = await admin.patch(client, json={"fields": ["title", "address"]})
    assert given.json()["fields"] == ["title", "address"]
    for wrong in (["contact"], ["phone"], "title", None):
        problem_in(await admin.patch(client, json={"fields": wrong}), 422, "invalid")
    told = (await session.scalars(select(AuditLog.data).where(AuditLog.action == "client.change"))).one()
    assert told["given"] == ["title", "address"]


async def test_a_token_cannot_be_revoked_by_its_key_alone(api: Api, world: World) -> None:
    await api.post(REVOKE, data={"token": f"wg_{world.client.key}.guess"})
    assert (await api.as_("api_client").get("/v1/areas")).status_code == 200


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"scopes": []}, "body.scopes"),
        ({"scopes": ["tickets:delete"]}, "body.scopes"),
        ({"scopes": ["areas:read\x00"]}, "body.scopes.0"),
        ({"scopes": "areas:read"}, "body.scopes"),
        ({"scopes": ["areas:read"] * 21}, "body.scopes"),
        ({"area_id": str(fixed_id(9_999))}, "body.area_id"),
        ({"expires_at": (clock.now() + timedelta(days=367)).isoformat()}, "body.expires_at"),
        ({"expires_at": (clock.now() - timedelta(seconds=1)).isoformat()}, "body.expires_at"),
        ({"expires_at": "2026-12-01T00:00:00"}, "body.expires_at"),
        ({"expires_at": "9999-12-31T23:59:59Z"}, "body.expires_at"),
    ],
)
async def test_a_token_has_known_scopes_a_real_area_and_ends_within_a_year(
    api: Api, world: World, changes: dict[str, Any], field: str
) -> None:
    client = await new_client(api)
    body = wanted(world, "areas:read") | changes
    problem_in(await api.as_("system_admin").post(f"{client}/tokens", json=body), 422, "invalid", field)


async def test_clients_are_created_once_changed_and_listed_by_name(
    api: Api, world: World, statements: Counter
) -> None:
    admin, key = api.as_("system_admin"), {"Idempotency-Key": "client"}
    first = await admin.post(PATH, json=CLIENT, headers=key)
    again = await admin.post(PATH, json=CLIENT, headers=key)
    assert first.json() == again.json()
    problem_in(await admin.post(PATH, json=CLIENT), 409, "client_name_taken")
    client, tag = first.headers["location"], first.headers["etag"]
    changed = await admin.patch(client, json={"contact": "村委会"}, headers={"If-Match": tag})
    assert changed.json()["contact"] == "村委会"
    problem_in(
        await admin.patch(client, json={"contact": "x"}, headers={"If-Match": tag}), 412, "stale_version"
    )
    problem_in(await admin.patch(client, json={"name": world.client.name}), 409, "client_name_taken")
    with statements(at_most=3):
        names = [item["name"] for item in (await admin.get(PATH)).json()["items"]]
    assert names == sorted([CLIENT["name"], world.client.name])
    page = (await admin.get(PATH, params={"limit": 1})).json()
    rest = (await admin.get(PATH, params={"limit": 1, "cursor": page["next_cursor"]})).json()
    assert [item["name"] for item in (*page["items"], *rest["items"])] == names


async def test_a_token_of_another_client_is_not_found(api: Api, world: World) -> None:
    client, admin = await new_client(api), api.as_("system_admin")
    problem_in(await admin.delete(f"{client}/tokens/{world.client.token_id}"), 404, "not_found")
    problem_in(await admin.get(f"{PATH}/{fixed_id(9_999)}/tokens"), 404, "not_found")
    body = wanted(world, "areas:read")
    problem_in(await admin.post(f"{PATH}/{fixed_id(9_999)}/tokens", json=body), 404, "not_found")


@pytest.mark.parametrize("who", [role for role in CALLERS if role is not Role.SYSTEM_ADMIN])
async def test_nobody_but_administrators_deals_in_tokens(api: Api, world: World, who: str) -> None:
    client = f"{PATH}/{world.client.id}"
    problem_in(await api.as_(who).get(f"{client}/tokens"), 403, "forbidden")
    reply = await api.as_(who).post(f"{client}/tokens", json=wanted(world, "areas:read"))
    problem_in(reply, 403, "forbidden")


async def test_the_audit_log_tells_who_gave_which_token_without_its_secret(
    api: Api, session: AsyncSession, world: World
) -> None:
    client = await new_client(api)
    token = await new_token(api, world, client, "areas:read")
    await api.as_("system_admin").delete(f"{client}/tokens/{token['id']}")
    rows = (
        await session.scalars(
            select(AuditLog).where(AuditLog.entity_id == UUID(token["id"])).order_by(AuditLog.id)
        )
    ).all()
    assert [row.action for row in rows] == ["token.create", "token.revoke"]
    assert rows[0].data["scopes"] == ["areas:read"]
    assert token["token"].split(".")[1] not in str([row.data for row in rows])
