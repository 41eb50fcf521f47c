"""Devices: one's own sessions by name, ended one by one; one phone an account; where pushes go."""

import asyncio
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.device import PushRegistration
from app.services.access import expiry
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.settings import vault_of_tests
from tests.support.sign_in import TOKEN, bearer, me, refresh
from tests.support.statements import Counter
from tests.support.world import PASSWORD, World

URL = "/v1/me/sessions"
PUSH = {"provider": "huawei", "app_id": "110011", "token": "a-token-of-some-phone"}


async def signed_in(api: Api, who: str, version: str | None = None) -> dict[str, Any]:
    """A new session of somebody, on a phone if its app has a version; as a header to send."""
    headers = {"X-App-Version": version} if version else {}
    reply = await api.post(TOKEN, data={"username": who, "password": PASSWORD}, headers=headers)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found | {"as": bearer(found["access_token"])}


async def sessions_of(api: Api, opened: dict[str, Any]) -> list[dict[str, Any]]:
    """The sessions that somebody sees as their own."""
    reply = await api.get(URL, headers=opened["as"])
    assert reply.status_code == 200, reply.text
    found: list[dict[str, Any]] = reply.json()["items"]
    return found


@pytest.fixture
def one_phone(app: FastAPI) -> None:
    """The deployment wants one phone an account."""
    app.state.settings = app.state.settings.model_copy(update={"one_phone": True})


async def test_a_session_is_listed_with_its_device_and_named_by_its_owner(api: Api) -> None:
    phone = await signed_in(api, "grid_worker", "1.4.0 (Android)")
    mine = next(one for one in await sessions_of(api, phone) if one["is_current"])
    assert (mine["is_mobile"], mine["app_version"], mine["name"]) == (True, "1.4.0 (Android)", None)
    reply = await api.patch(f"{URL}/{mine['id']}", json={"name": "我的红米"}, headers=phone["as"])
    assert reply.json()["name"] == "我的红米"
    browser = await signed_in(api, "grid_worker")
    seen = {one["id"]: one for one in await sessions_of(api, browser)}
    assert seen[mine["id"]] | {"is_current": True} == reply.json()
    assert [one["is_mobile"] for one in seen.values() if one["is_current"]] == [False]


async def test_a_refresh_tells_the_version_of_an_app_that_was_updated(api: Api) -> None:
    phone = await signed_in(api, "grid_worker", "1.4.0")
    form = {"grant_type": "refresh_token", "refresh_token": phone["refresh_token"]}
    await api.post(TOKEN, data=form, headers={"X-App-Version": "1.5.0"})
    (mine,) = [one for one in await sessions_of(api, phone) if one["is_current"]]
    assert mine["app_version"] == "1.5.0"


async def test_a_session_that_its_owner_ends_is_over_at_once(api: Api) -> None:
    lost, browser = await signed_in(api, "grid_worker", "1.4.0"), await signed_in(api, "grid_worker")
    (phone,) = [one for one in await sessions_of(api, lost) if one["is_current"]]
    assert (await api.delete(f"{URL}/{phone['id']}", headers=browser["as"])).status_code == 204
    problem_in(await me(api, lost["access_token"]), 401, "unauthenticated")
    assert (await refresh(api, lost["refresh_token"])).status_code == 400
    assert (await me(api, browser["access_token"])).status_code == 200
    problem_in(await api.delete(f"{URL}/{phone['id']}", headers=browser["as"]), 404, "not_found")


async def test_nobody_names_or_ends_a_session_of_somebody_else(api: Api, world: World) -> None:
    own = await signed_in(api, "grid_worker")
    theirs = f"{URL}/{world['dispatcher'].session_id}"
    problem_in(await api.delete(theirs, headers=own["as"]), 404, "not_found")
    problem_in(await api.patch(theirs, json={"name": "我的"}, headers=own["as"]), 404, "not_found")
    problem_in(await api.as_("api_client").get(URL), 403, "forbidden")
    assert (await api.as_("dispatcher").get("/v1/me")).status_code == 200


async def test_an_administrator_ends_a_session_of_somebody_else_and_it_is_on_record(
    api: Api, world: World
) -> None:
    phone = await signed_in(api, "grid_worker", "1.4.0")
    account = f"/v1/accounts/{world['grid_worker'].account_id}/sessions"
    admin = api.as_("system_admin")
    found = (await admin.get(account)).json()["items"]
    (session_id,) = [one["id"] for one in found if one["app_version"] == "1.4.0"]
    assert (await admin.delete(f"{account}/{session_id}")).status_code == 204
    problem_in(await me(api, phone["access_token"]), 401, "unauthenticated")
    log = (await api.as_("auditor").get("/v1/audit-log")).json()["items"]
    (line,) = [line for line in log if line["action"] == "account.end_session"]
    assert line["data"] == {"session_id": session_id, "reason": "ended_by_admin"}
    assert line["actor_id"] == str(world["system_admin"].member_id)
    other = f"/v1/accounts/{world['dispatcher'].account_id}/sessions/{world['grid_worker'].session_id}"
    problem_in(await admin.delete(other), 404, "not_found")
    for who in ("dispatcher", "village_admin", "auditor"):
        problem_in(await api.as_(who).get(account), 403, "forbidden")


@pytest.mark.usefixtures("one_phone")
async def test_another_phone_ends_the_first_and_leaves_browsers_alone(api: Api) -> None:
    browser = await signed_in(api, "grid_worker")
    first, others = await signed_in(api, "grid_worker", "1.4.0"), await signed_in(api, "dispatcher", "1.4.0")
    second = await signed_in(api, "grid_worker", "1.4.0")
    problem_in(await me(api, first["access_token"]), 401, "unauthenticated")
    for stays in (browser, second, others):
        assert (await me(api, stays["access_token"])).status_code == 200


@pytest.mark.usefixtures("one_phone")
async def test_a_session_that_turns_out_to_be_a_phones_ends_the_other_phone_too(api: Api) -> None:
    quiet, phone = await signed_in(api, "grid_worker"), await signed_in(api, "grid_worker", "1.4.0")
    for version in ("1.4.0", "1.4.1"):
        told = {"grant_type": "refresh_token", "refresh_token": quiet["refresh_token"]}
        quiet = (await api.post("/v1/auth/token", data=told, headers={"X-App-Version": version})).json()
        assert (await me(api, quiet["access_token"])).status_code == 200
        problem_in(await me(api, phone["access_token"]), 401, "unauthenticated")


@pytest.mark.commits
@pytest.mark.usefixtures("one_phone")
async def test_of_phones_that_sign_in_at_once_one_stays(api: Api) -> None:
    opened = await asyncio.gather(*(signed_in(api, "grid_worker", "1.4.0") for _ in range(5)))
    answers = [(await me(api, phone["access_token"])).status_code for phone in opened]
    assert sorted(answers) == [200, 401, 401, 401, 401]


async def test_without_the_setting_phones_live_side_by_side(api: Api) -> None:
    opened = [await signed_in(api, "grid_worker", "1.4.0") for _ in range(2)]
    assert [(await me(api, phone["access_token"])).status_code for phone in opened] == [200, 200]


async def test_a_push_registration_is_sealed_and_belongs_to_its_session(
    api: Api, session: AsyncSession
) -> None:
    phone = await signed_in(api, "grid_worker", "1.4.0")
    assert (await api.put("/v1/me/push", json=PUSH, headers=phone["as"])).status_code == 204
    (mine,) = [one for one in await sessions_of(api, phone) if one["is_current"]]
    assert mine["push_provider"] == "huawei"
    kept = (await session.scalars(select(PushRegistration))).one()
    assert PUSH["token"].encode() not in kept.token_sealed
    assert vault_of_tests().open(kept.token_sealed) == PUSH["token"]
    assert PUSH["token"] not in str(mine)
    assert (await api.delete("/v1/me/push", headers=phone["as"])).status_code == 204
    assert (await session.scalars(select(PushRegistration.session_id))).all() == []


async def test_a_phone_that_changed_hands_gets_no_pushes_of_its_last_owner(
    api: Api, session: AsyncSession
) -> None:
    first, second = await signed_in(api, "grid_worker", "1.4.0"), await signed_in(api, "dispatcher", "1.4.0")
    for phone in (first, second, second):
        assert (await api.put("/v1/me/push", json=PUSH, headers=phone["as"])).status_code == 204
    (mine,) = [one for one in await sessions_of(api, second) if one["is_current"]]
    assert [str(one) for one in await session.scalars(select(PushRegistration.session_id))] == [mine["id"]]


async def test_where_the_pushes_of_an_ended_session_went_is_forgotten(
    api: Api, session: AsyncSession
) -> None:
    phone = await signed_in(api, "grid_worker", "1.4.0")
    await api.put("/v1/me/push", json=PUSH, headers=phone["as"])
    await api.post("/v1/auth/revoke", data={"token": phone["refresh_token"]})
    assert await expiry.purge_push(session) == 1
    assert await expiry.purge_push(session) == 0


async def test_a_list_of_devices_costs_two_statements(api: Api, statements: Counter) -> None:
    with statements(at_most=2):
        reply: httpx.Response = await api.as_("grid_worker").get(URL)
    assert reply.status_code == 200
