"""How many SQL statements the hot calls of the tickets wing cost, with sign-in and Idempotency-Key."""

from typing import Any
from uuid import uuid4

import pytest
from httpx import Response

from app.core import clock
from app.core.ids import uuid7
from app.models.enums import Action
from app.services.tickets.commands import ACTIONS
from tests.support import steps
from tests.support.clients import Api
from tests.support.statements import Counter
from tests.support.tickets import Loop
from tests.support.world import World

WRITE, LIST, DETAIL, NOT_MODIFIED = 10, 3, 4, 2
OCCURRED = "2026-01-31T08:30:00+08:00"


def test_every_action_of_the_workflow_has_a_budget() -> None:
    assert set(steps.WAYS) == set(ACTIONS)


@pytest.mark.parametrize("action", ACTIONS)
async def test_a_step_costs_at_most_ten_statements(
    api: Api, world: World, statements: Counter, action: Action
) -> None:
    loop = Loop(api, world)
    who = await steps.bring(loop, world, action)
    version = (await loop.read())["version"]
    named = await steps.needed(loop, who, action, towards=action)
    with statements(at_most=WRITE):
        reply = await api.as_(who).post(
            f"/v1/tickets/{loop.id}/actions",
            json=steps.body(action, world, occurred_at=OCCURRED, **named),
            headers={"Idempotency-Key": str(uuid4()), "If-Match": f'"{version}"'},
        )
    assert reply.status_code == 200, reply.text


async def test_a_report_with_all_that_it_may_carry_costs_at_most_ten_statements(
    api: Api, world: World, statements: Counter
) -> None:
    household = await a_household(api, world)
    loop = Loop(api, world)
    more = {
        "household_id": household,
        "occurred_at": OCCURRED,
        "attachments": await loop.photos("grid_worker"),
    }
    body = loop.body(id=str(uuid7()), **more)
    await loop.report()
    with statements(at_most=WRITE):
        reply = await report(api, body)
    assert reply.status_code == 201, reply.text
    assert reply.json()["household_id"] == household


async def test_a_second_report_with_the_same_id_and_a_replay_cost_no_more(
    api: Api, world: World, statements: Counter
) -> None:
    body = Loop(api, world).body(id=str(uuid7()))
    assert (await report(api, body, key="first")).status_code == 201
    with statements(at_most=WRITE):
        assert (await report(api, body, key="second")).status_code == 200
    with statements(at_most=3):
        assert (await report(api, body, key="first")).status_code == 201


async def test_a_refused_step_costs_no_more_than_one_that_is_taken(
    api: Api, world: World, statements: Counter
) -> None:
    loop = Loop(api, world)
    await loop.report()
    with statements(at_most=WRITE):
        assert (await loop.try_("dispatcher", action="close")).status_code == 409


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"status": "reported"},
        {"stage": "route", "overdue": "true"},
        {"mine": "true"},
        {"area": "village_a", "category": "05", "created_from": OCCURRED},
        {"org": "urban", "sort": "due_at"},
    ],
    ids=str,
)
async def test_a_list_costs_three_statements_whatever_its_length(
    api: Api, world: World, statements: Counter, query: dict[str, str]
) -> None:
    params = {
        **{name: value for name, value in query.items() if name not in {"area", "org"}},
        **({"area_id": str(world.places[query["area"]].id)} if "area" in query else {}),
        **({"org_id": str(world.orgs[query["org"]].id)} if "org" in query else {}),
    }
    counts = []
    for _ in range(3):
        with statements(at_most=LIST) as seen:
            reply = await api.as_("dispatcher").get("/v1/tickets", params={**params, "limit": "100"})
        assert reply.status_code == 200, reply.text
        counts.append(seen.count)
        for _ in range(3):
            await Loop(api, world).report()
    assert len(set(counts)) == 1


async def test_the_detail_of_a_ticket_with_a_long_life_costs_four_statements(
    api: Api, world: World, statements: Counter
) -> None:
    loop = Loop(api, world)
    await loop.to("resolved")
    await loop.revisit(solved="unsolved", satisfaction="dissatisfied")
    await loop.act("revisit_agent", action="rework", opinion="再办一次")
    await loop.to("closed")
    for path in ("", "/events"):
        with statements(at_most=DETAIL):
            reply = await api.as_("dispatcher").get(f"/v1/tickets/{loop.id}{path}")
        assert reply.status_code == 200


async def test_an_overview_that_did_not_change_costs_two_statements(
    api: Api, world: World, statements: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    await Loop(api, world).report()
    moment = clock.now()
    monkeypatch.setattr(clock, "now", lambda: moment)
    first = await api.as_("dispatcher").get("/v1/stats/overview")
    with statements(at_most=NOT_MODIFIED):
        again = await api.as_("dispatcher").get(
            "/v1/stats/overview", headers={"If-None-Match": first.headers["etag"]}
        )
    assert again.status_code == 304


async def report(api: Api, body: dict[str, Any], key: str = "key") -> Response:
    """Report as the grid worker."""
    return await api.as_("grid_worker").post("/v1/tickets", json=body, headers={"Idempotency-Key": key})


async def a_household(api: Api, world: World) -> str:
    """A household of the grid worker's."""
    given = {
        "area_id": str(world.places["grid_a1"].id),
        "address": "沙龙路 12 号",
        "household_type": "resident",
        "residents": [{"name": "关大婶", "relation": "02", "phone": "13812345678"}],
    }
    reply = await api.as_("grid_worker").post("/v1/households", json=given)
    assert reply.status_code == 201, reply.text
    found: str = reply.json()["id"]
    return found
