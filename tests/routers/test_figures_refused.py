"""Figures and who may not have them: parts of tables, posts that ended, nonsense, times without data."""

import json
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.polled import Answers
from app.core import clock
from app.models.enums import Role
from app.models.staff import Post
from tests.routers.test_figures import LEADER, ask, told
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.tickets import Loop
from tests.support.world import World


async def test_by_category_who_sees_no_tickets_has_one_table_and_none_of_its_parts(
    api: Api, world: World
) -> None:
    for grid, who in (("grid_a1", "grid_worker"), ("grid_b1", "grid_worker_b")):
        for _number in range(5):
            loop = Loop(api, world)
            await loop.report(who, area_id=str(world.places[grid].id), location=None)
    town, village = (str(world.places[name].id) for name in ("town", "village_a"))
    for params, values in (({}, [10]), ({"area_id": town}, [10]), ({"area_id": village}, [])):
        found = await told(api, "statistician", "breakdown", kpis="reports", **params)
        assert [row["figures"][0]["value"] for row in found["rows"]] == values
    near = await told(api, LEADER, "breakdown", kpis="reports", area_id=village)
    assert [row["figures"][0]["value"] for row in near["rows"]] == [5]


async def test_a_statisticians_second_post_takes_nothing_from_who_reaches_the_same(
    api: Api, world: World, session: AsyncSession
) -> None:
    for _number in range(4):
        await Loop(api, world).report()
    both = {"member_id": world[LEADER].member_id, "area_id": world.places["town"].id}
    session.add(Post(role=Role.STATISTICIAN, valid_from=clock.now() - timedelta(days=1), **both))
    await session.commit()
    first = await told(api, LEADER, "breakdown", kpis="reports")
    other = await told(api, "supervisor", "breakdown", kpis="reports")
    assert first["rows"] == other["rows"]
    assert other["rows"][0]["figures"][0]["value"] == 4


async def test_a_post_that_ended_opens_no_kept_answer(
    app: FastAPI, api: Api, world: World, session: AsyncSession
) -> None:
    app.state.answers = Answers(held_seconds=60)
    first = await ask(api, LEADER, "flow")
    assert first.status_code == 200
    posts = update(Post).where(Post.member_id == world[LEADER].member_id)
    await session.execute(posts.values(valid_to=clock.now() - timedelta(seconds=1)))
    await session.commit()
    problem_in(await ask(api, LEADER, "flow", first), 403, "forbidden")
    await session.execute(posts.values(valid_to=None, area_id=world.places["village_b"].id))
    await session.commit()
    moved = await ask(api, LEADER, "flow", first)
    assert (moved.status_code, moved.json()["scope"]["areas"][0]["name"]) == (200, "河清村")


async def test_a_screen_that_is_revoked_sees_no_kept_answer_and_one_of_a_village_no_town(
    app: FastAPI, api: Api, world: World
) -> None:
    app.state.answers = Answers(held_seconds=60)
    village = str(world.places["village_a"].id)
    made = {"name": "村大屏", "expires_at": (clock.now() + timedelta(days=1)).isoformat(), "area_id": village}
    screen = (await api.as_(LEADER).post("/v1/screens", json=made)).json()
    headers = {"Authorization": f"Bearer {screen['token']}"}
    first = await api.get("/v1/stats/flow", headers=headers)
    assert first.status_code == 200
    town = {"area_id": str(world.places["town"].id)}
    for path in ("kpis", "flow", "map", "live", "counted", "visits", "shapes"):
        reply = await api.get(f"/v1/stats/{path}", params=town, headers=headers)
        problem_in(reply, 404, "not_found")
    problem_in(await api.get("/v1/stats/ranking", params={"by": "worker"}, headers=headers), 403, "forbidden")
    await api.as_(LEADER).delete(f"/v1/screens/{screen['id']}")
    for more in ({}, {"If-None-Match": first.headers["etag"]}):
        problem_in(await api.get("/v1/stats/flow", headers=headers | more), 401, "unauthenticated")


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("kpis", {"kpis": "reports\x00"}),
        ("kpis", {"kpis": ["reports"] * 61}),
        ("kpis", {"first": "0001-01-01", "last": "0001-01-02"}),
        ("kpis", {"first": "9999-12-30", "last": "9999-12-31"}),
        ("kpis", {"first": "1900-01-01", "last": "2026-01-01"}),
        ("kpis", {"first": "2026-01-01"}),
        ("trend", {"grain": "hour", "period": "year"}),
        ("breakdown", {"limit": "101"}),
        ("breakdown", {"by": "nothing"}),
        ("ranking", {"rows": "100000"}),
        ("live", {"limit": "-1"}),
        (
            "screen",
            {"ask": json.dumps({"questions": [{"name": f"q{n}", "kind": "flow"} for n in range(17)]})},
        ),
        ("screen", {"ask": "[" * 5000}),
        ("screen", {"ask": '{"questions": [{"name": "a", "kind": "flow", "area_id": "\\u0000"}]}'}),
        ("screen", {"ask": "x" * 20_000}),
    ],
)
async def test_nonsense_is_refused_and_breaks_nothing(api: Api, path: str, params: dict[str, Any]) -> None:
    reply = await ask(api, LEADER, path, **params)
    assert reply.status_code in {400, 422}, reply.text
    assert reply.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "params",
    [
        {"first": "1900-01-01", "last": "1900-01-02"},
        {"first": "2028-02-29", "last": "2028-02-29"},
        {"first": "2034-01-01", "last": "2034-12-31"},
        {"kpis": ["reports", "reports"]},
    ],
)
async def test_before_any_data_and_after_it_there_is_nothing_and_no_error(
    api: Api, world: World, params: dict[str, Any]
) -> None:
    await Loop(api, world).report()
    items = (await told(api, LEADER, "kpis", **params))["items"]
    of_a_period = [item for item in items if item["code"] not in {"open", "overdue_open"}]
    if "first" in params:
        assert {item["numerator"] for item in of_a_period} == {0}
    else:
        assert [item["numerator"] for item in items] == [1]
