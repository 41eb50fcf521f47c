"""Screens: a token that opens figures on a wall, of one area or organisation, and nothing else."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import Response
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.models.platform import AuditLog
from app.models.screen import Screen
from tests.contracts.test_routes import PUBLIC
from tests.support.clients import Api
from tests.support.operations import operations
from tests.support.problems import problem_in
from tests.support.world import World

URL, OPENED = "/v1/screens", "/v1/stats/definitions"
IN_A_MONTH = timedelta(days=30)


def body(**scope: Any) -> dict[str, Any]:
    """A screen that is valid for a month."""
    wanted = {"name": "指挥中心大屏", "expires_at": (clock.now() + IN_A_MONTH).isoformat()}
    return wanted | {name: str(value) for name, value in scope.items()}


async def made(api: Api, who: str, **scope: Any) -> dict[str, Any]:
    """A new screen with its token."""
    reply = await api.as_(who).post(URL, json=body(**scope))
    assert reply.status_code == 201, reply.text
    assert reply.headers["cache-control"] == "no-store"
    shown: dict[str, Any] = reply.json()
    return shown


async def ask(api: Api, token: str, path: str = OPENED, method: str = "GET", **params: Any) -> Response:
    """A call as the screen."""
    return await api.request(method, path, params=params, headers={"Authorization": f"Bearer {token}"})


async def test_a_screens_token_is_shown_once_and_only_its_hash_is_kept(
    api: Api, world: World, session: AsyncSession
) -> None:
    shown = await made(api, "leader_viewer", area_id=world.places["town"].id)
    assert shown["token"].startswith(f"wgs_{shown['key']}.")
    secret = shown["token"].split(".")[1]
    (listed,) = (await api.as_("leader_viewer").get(URL)).json()["items"]
    assert secret not in str(listed)
    row = await session.get(Screen, shown["id"])
    assert row is not None
    assert secret.encode() not in row.secret_hash
    assert (listed["name"], listed["area"]["name"], listed["org"]) == ("指挥中心大屏", "九江镇", None)


async def test_a_screen_opens_the_addresses_of_figures_and_no_other(
    app: FastAPI, api: Api, world: World
) -> None:
    token = (await made(api, "system_admin", area_id=world.places["town"].id))["token"]
    opened = set()
    for operation in operations(app):
        reply = await ask(api, token, operation.url, operation.method, **operation.query())
        if reply.status_code != 401 and (operation.method, operation.path) not in PUBLIC:
            opened.add(operation.name)
    assert opened == {
        "stats_overview",
        "stats_definitions",
        "stats_freshness",
        "stats_kpis",
        "stats_trend",
        "stats_breakdown",
        "stats_flow",
        "stats_overdue",
        "stats_ranking",
        "stats_visits",
        "stats_screen",
        "stats_map",
        "stats_shapes",
        "stats_live",
        "stats_counted",
    }


@pytest.mark.parametrize("who", ["leader_viewer", "system_admin"])
async def test_a_screen_ends_when_it_is_revoked_or_its_time_is_over(
    api: Api, world: World, session: AsyncSession, who: str
) -> None:
    first = await made(api, who, area_id=world.places["town"].id)
    second = await made(api, who, area_id=world.places["village_a"].id)
    for shown in (first, second):
        assert (await ask(api, shown["token"])).status_code == 200
    assert (await api.as_(who).delete(f"{URL}/{first['id']}")).status_code == 204
    assert (await api.as_(who).delete(f"{URL}/{first['id']}")).status_code == 204
    problem_in(await ask(api, first["token"]), 401, "unauthenticated")
    assert (await ask(api, second["token"])).status_code == 200
    over = (
        update(Screen).where(Screen.id == second["id"]).values(expires_at=clock.now() - timedelta(seconds=1))
    )
    await session.execute(over)
    problem_in(await ask(api, second["token"]), 401, "unauthenticated")


@pytest.mark.parametrize(
    "wrong", ["wgs_", "wgs_x", "wgs_{key}.", "wgs_{key}.x", "wgs_{key}.{secret}x", "wg_{key}.{secret}"]
)
async def test_nothing_but_the_whole_token_opens_anything(api: Api, world: World, wrong: str) -> None:
    token = (await made(api, "leader_viewer", area_id=world.places["town"].id))["token"]
    key, secret = token.removeprefix("wgs_").split(".")
    problem_in(await ask(api, wrong.format(key=key, secret=secret)), 401, "unauthenticated")


async def test_a_leader_makes_screens_for_what_they_lead_and_sees_no_others(api: Api, world: World) -> None:
    elsewhere = await made(api, "system_admin", area_id=world.places["town_b"].id)
    for scope in (
        {"area_id": world.places["town_b"].id},
        {"area_id": world.places["county"].id},
        {"org_id": world.orgs["centre_b"].id},
    ):
        problem_in(await api.as_("leader_viewer").post(URL, json=body(**scope)), 404, "not_found")
    own = [
        await made(api, "leader_viewer", area_id=world.places["village_b"].id),
        await made(api, "leader_viewer", org_id=world.orgs["urban"].id),
    ]
    listed = (await api.as_("leader_viewer").get(URL)).json()["items"]
    assert [one["id"] for one in listed] == [one["id"] for one in reversed(own)]
    problem_in(await api.as_("leader_viewer").delete(f"{URL}/{elsewhere['id']}"), 404, "not_found")
    assert (await ask(api, elsewhere["token"])).status_code == 200


async def test_the_head_of_an_organisation_makes_screens_for_it_alone(api: Api, world: World) -> None:
    await made(api, "dept_head", org_id=world.orgs["urban"].id)
    for scope in ({"org_id": world.orgs["fire"].id}, {"area_id": world.places["village_a"].id}):
        problem_in(await api.as_("dept_head").post(URL, json=body(**scope)), 404, "not_found")
    problem_in(
        await api.as_("dispatcher").post(URL, json=body(area_id=world.places["town"].id)), 403, "forbidden"
    )


async def test_a_screen_is_of_one_scope_and_of_a_year_at_most(api: Api, world: World) -> None:
    town, urban = world.places["town"].id, world.orgs["urban"].id
    late = {"expires_at": (clock.now() + timedelta(days=400)).isoformat()}
    for wrong in ({}, {"area_id": town, "org_id": urban}, {"area_id": town} | late):
        problem_in(await api.as_("system_admin").post(URL, json=body() | body(**wrong)), 422, "invalid")


@pytest.mark.commits
async def test_making_and_stopping_a_screen_is_audited_and_its_use_is_noted(
    api: Api, world: World, session: AsyncSession
) -> None:
    shown = await made(api, "leader_viewer", area_id=world.places["town"].id)
    assert (await api.as_("leader_viewer").get(URL)).json()["items"][0]["last_used_at"] is None
    await ask(api, shown["token"])
    assert (await api.as_("leader_viewer").get(URL)).json()["items"][0]["last_used_at"] is not None
    await api.as_("leader_viewer").delete(f"{URL}/{shown['id']}")
    rows = await session.scalars(select(AuditLog).where(AuditLog.entity == "screen").order_by(AuditLog.at))
    noted = [(row.action, str(row.entity_id), row.actor_id) for row in rows]
    member = world["leader_viewer"].member_id
    assert noted == [("screen.create", shown["id"], member), ("screen.revoke", shown["id"], member)]
    assert shown["token"].split(".")[1] not in str(noted)
