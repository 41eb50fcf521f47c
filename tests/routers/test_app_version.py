"""The oldest app that may still work: an older one is told where to update, browsers never are."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

from app.api.app_version import number_of
from app.config import Settings
from app.main import create_app
from tests.support.clients import Api
from tests.support.database import Database
from tests.support.problems import problem_in
from tests.support.sign_in import REVOKE, TOKEN
from tests.support.world import PASSWORD, World

STORE = "https://example.org/app"


@pytest.fixture
async def api(app: FastAPI, settings: Settings, database: Database, world: World) -> AsyncIterator[Api]:
    """The application of a deployment whose apps must be 1.4 or later, on the test's transaction."""
    chosen = settings.model_copy(update={"min_app_version": "1.4.0", "app_update_url": STORE})
    own = create_app(chosen, database.url)
    await own.state.engine.dispose()
    own.state._state.update(app.state._state | {"settings": chosen})
    async with Api(own, world) as client:
        yield client


@pytest.mark.parametrize("version", ["1.3.9", "1.3", "0.9 (Android 10)", "1", "beta", "", "v2", "1.3.99.99"])
async def test_an_older_app_is_told_where_a_newer_one_is(api: Api, version: str) -> None:
    headers = {"X-App-Version": version}
    for method, path in (("GET", "/v1/me"), ("POST", TOKEN), ("POST", "/v1/tickets")):
        reply = await api.as_("grid_worker").request(method, path, headers=headers)
        problem = problem_in(reply, 426, "app_too_old")
        assert (problem["minimum"], problem["update_url"]) == ("1.4.0", STORE)
        assert STORE in problem["detail"]
        assert "更新" in problem["title"]
        assert reply.headers["upgrade"] == "wangge-app/1.4.0"


@pytest.mark.parametrize("version", ["1.4.0", "1.4", "1.4.0 (HarmonyOS)", "1.10", "2.0.0-rc1", "1.4.0.1"])
async def test_an_app_that_is_new_enough_works(api: Api, version: str) -> None:
    reply = await api.as_("grid_worker").get("/v1/me", headers={"X-App-Version": version})
    assert reply.status_code == 200


async def test_a_browser_signs_in_and_works_without_a_version(api: Api) -> None:
    reply = await api.post(TOKEN, data={"username": "dispatcher", "password": PASSWORD})
    assert reply.status_code == 200
    assert (await api.as_("dispatcher").get("/v1/me")).status_code == 200
    assert (await api.as_("api_client").get("/v1/me")).status_code == 200


async def test_an_old_app_can_still_sign_out_and_operators_can_still_ask(api: Api) -> None:
    old = {"X-App-Version": "1.0"}
    assert (await api.post(REVOKE, data={"token": "x"}, headers=old)).status_code == 200
    assert (await api.get("/healthz", headers=old)).status_code == 200


def test_versions_are_compared_by_number_and_not_by_letter() -> None:
    assert number_of("1.10.0") > number_of("1.9.9")
    assert number_of("1.4.0") == number_of("1.4") == number_of(" 1.4.0.0 ")
    assert number_of("no number") == ()
