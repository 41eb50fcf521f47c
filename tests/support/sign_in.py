"""Signing in over HTTP, for tests that need tokens of a session of their own."""

from typing import Any

import httpx

from tests.support.clients import Api
from tests.support.world import PASSWORD

TOKEN, REVOKE = "/v1/auth/token", "/v1/auth/revoke"


async def ask(api: Api, **form: str) -> httpx.Response:
    """Send a form to the token endpoint."""
    return await api.post(TOKEN, data=form)


async def try_password(api: Api, username: str, password: str = PASSWORD) -> httpx.Response:
    """Sign in with a password, whatever comes of it."""
    return await ask(api, username=username, password=password)


async def tokens_of(api: Api, username: str, password: str = PASSWORD) -> dict[str, Any]:
    """The tokens of a new session."""
    reply = await try_password(api, username, password)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


async def refresh(api: Api, refresh_token: str, **also: str) -> httpx.Response:
    """Trade a refresh token for new tokens."""
    return await ask(api, grant_type="refresh_token", refresh_token=refresh_token, **also)


async def me(api: Api, access_token: str) -> httpx.Response:
    """Who this token says one is."""
    return await api.get("/v1/me", headers=bearer(access_token))


def bearer(token: str) -> dict[str, str]:
    """The header that a token travels in."""
    return {"Authorization": f"Bearer {token}"}
