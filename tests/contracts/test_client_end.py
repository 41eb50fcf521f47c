"""A third party that has ended is out at its next call: by whatever it calls with, at whatever address."""

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from tests.contracts.test_routes import guarded
from tests.support.clients import Api
from tests.support.open311 import BASE, FORM
from tests.support.operations import filled
from tests.support.problems import problem_in
from tests.support.sign_in import ask, bearer
from tests.support.third_parties import register
from tests.support.uploads import uploaded
from tests.support.world import World

ENDS = {
    "client disabled": "UPDATE api_client SET status = 'disabled'",
    "client expired": "UPDATE api_client SET expires_at = :past",
    "client without this area": "INSERT INTO api_client_area SELECT id, :elsewhere FROM api_client",
    "token revoked": "UPDATE api_token SET revoked_at = :past",
    "token expired": "UPDATE api_token SET expires_at = :past",
    "secret replaced": "UPDATE api_token SET secret_hash = 'another'",
    "overlap over": """UPDATE api_token SET secret_hash = 'another', former_secret_hash = secret_hash,
        former_until = :past""",
}


async def credentials(api: Api, world: World) -> tuple[dict[str, str], tuple[str, str]]:
    """A client's key and secret as a form has them, and what it may call with: its token, and a short one."""
    found = await register(api, world)
    token = str(found.token["token"])
    key, _dot, secret = token.partition(".")
    form = {"grant_type": "client_credentials", "client_id": key, "client_secret": secret}
    traded = (await ask(api, **form)).json()["access_token"]
    return form, (token, traded)


async def done(session: AsyncSession, world: World, end: str) -> None:
    """Have all clients end so."""
    values = {"elsewhere": world.places["village_b"].id, "past": clock.now() - timedelta(seconds=1)}
    statement = text(ENDS[end])
    await session.execute(statement, {name: values[name] for name in statement.compile().params})
    await session.commit()


def calls(api: Api, token: str) -> Iterator[httpx.Request]:
    """A read, a file, a write, a bulk; Open311 with its key in the query and in a form."""
    headers = bearer(token)
    yield api.build_request("GET", "/v1/tickets", headers=headers)
    yield api.build_request("GET", filled("/v1/attachments/{id}/content"), headers=headers)
    yield api.build_request("POST", "/v1/tickets", json={}, headers=headers)
    yield api.build_request("POST", "/v1/intake/batches", json={"items": []}, headers=headers)
    for form in ("json", "xml"):
        yield api.build_request("GET", f"{BASE}/requests.{form}", params={"api_key": token})
        yield api.build_request("POST", f"{BASE}/requests.{form}", data={**FORM, "api_key": token})


@pytest.mark.parametrize("end", ENDS)
async def test_whatever_a_client_calls_with_ends_with_it(
    api: Api, session: AsyncSession, world: World, end: str
) -> None:
    form, tokens = await credentials(api, world)
    for token in tokens:
        for request in calls(api, token):
            assert (await api.send(request)).status_code not in {401, 403}, request.url.path
    await done(session, world, end)
    for token in tokens:
        for request in calls(api, token):
            expected = 403 if request.url.path.startswith(BASE) else 401
            assert (await api.send(request)).status_code == expected, request.url.path
    problem_in(await ask(api, **form), 401, "invalid_client")


@pytest.mark.parametrize("end", [end for end in ENDS if end.startswith(("client", "token"))])
async def test_a_link_to_a_file_ends_with_the_token_that_it_was_made_by(
    api: Api, session: AsyncSession, world: World, end: str
) -> None:
    links = []
    for who in ("api_client", "grid_worker"):
        file = await uploaded(api, who)
        made = await api.as_(who).post(f"/v1/attachments/{file['id']}/links", json={})
        links.append(made.json()["url"])
        assert (await api.get(links[-1])).status_code == 200
    await done(session, world, end)
    problem_in(await api.get(links[0]), 404, "link_expired")
    assert (await api.get(links[1])).status_code == 200


async def test_a_disabled_client_is_out_at_every_address(
    app: FastAPI, api: Api, session: AsyncSession, world: World
) -> None:
    _form, tokens = await credentials(api, world)
    await done(session, world, "client disabled")
    for method, path in guarded(app):
        for token in tokens:
            problem_in(await api.request(method, filled(path), headers=bearer(token)), 401, "unauthenticated")
