"""How often a client may call, what is counted and noted of its calls, and its page of itself."""

import re
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.models.access import ApiCall, ApiToken, ApiUse
from app.services.access import uses
from app.services.platform.leases import Leases
from tests.support.clients import Api
from tests.support.open311 import BASE, FORM
from tests.support.problems import problem_in
from tests.support.sign_in import ask
from tests.support.statements import Counter
from tests.support.third_parties import Registered, register
from tests.support.tickets import Loop
from tests.support.world import World

FIELD = re.compile(r'"minute";(?:q=\d+;w=60|r=(\d+);t=\d+), "day";(?:q=\d+;w=86400|r=\d+;t=\d+)')


async def written(app: FastAPI) -> None:
    """Have the process write down what it has counted."""
    await app.state.uses.flush(app.state.sessions)


async def used(api: Api, found: Registered) -> dict[str, dict[str, Any]]:
    """The client's figures by operation, as an administrator reads them."""
    told = (await api.as_("system_admin").get(f"{found.address}/use")).json()
    return {one["operation"]: one for one in told["operations"]}


async def test_a_client_may_call_so_often_and_is_told_how_often_still(api: Api, world: World) -> None:
    found = await register(api, world, per_minute=5, per_day=100)
    replies = [await found.get("/v1/tickets") for _ in range(7)]
    assert [reply.status_code for reply in replies] == [200] * 5 + [429] * 2
    assert {reply.headers["ratelimit-policy"] for reply in replies} == {
        '"minute";q=5;w=60, "day";q=100;w=86400',
        '"minute";q=5;w=60',
    }
    left = [FIELD.fullmatch(reply.headers["ratelimit"]) for reply in replies[:5]]
    assert [found and found[1] for found in left] == ["4", "3", "2", "1", "0"]
    problem_in(replies[6], 429, "rate_limited")
    assert 1 <= int(replies[6].headers["retry-after"]) <= 12
    assert (await api.as_("dispatcher").get("/v1/tickets")).headers.get("ratelimit") is None


async def test_all_tokens_of_a_client_share_its_allowance_and_clients_do_not(api: Api, world: World) -> None:
    found, other = await register(api, world, per_day=3), await register(api, world)
    admin = api.as_("system_admin")
    body = {"scopes": ["areas:read"], "area_id": str(world.places["village_a"].id)}
    body["expires_at"] = found.token["expires_at"]
    second = Registered(api, found.address, (await admin.post(f"{found.address}/tokens", json=body)).json())
    statuses = [(await one.get("/v1/areas")).status_code for one in (found, second, found, second, found)]
    assert statuses == [200, 200, 200, 429, 429]
    assert (await other.get("/v1/areas")).status_code == 200


async def test_a_trade_of_its_secret_is_a_call_like_any_other(app: FastAPI, api: Api, world: World) -> None:
    found = await register(api, world, per_minute=3)
    key, secret = found.token["token"].split(".")
    form = {"grant_type": "client_credentials", "client_id": key, "client_secret": secret}
    replies = [await ask(api, **form) for _ in range(4)]
    assert [reply.status_code for reply in replies] == [200] * 3 + [429]
    assert FIELD.fullmatch(replies[0].headers["ratelimit"])
    problem_in(replies[3], 429, "rate_limited")
    assert int(replies[3].headers["retry-after"]) >= 1
    assert (await found.get("/v1/areas")).status_code == 429
    await found.change(per_minute=60, networks=["10.20.0.0/16"])
    problem_in(await ask(api, **form), 400, "unauthorized_client")
    await written(app)
    told = (await used(api, found))["token_issue"]
    assert (told["calls"], told["limited"], told["errors"]) == (5, 1, 1)
    noted = (await api.as_("auditor").get("/v1/client-calls", params={"client_id": found.id})).json()
    assert [(row["operation"], row["status"]) for row in noted["items"]] == [
        ("token_issue", 400),
        *[("token_issue", 200)] * 3,
    ]


async def test_another_process_grants_no_more_than_is_left(app: FastAPI, api: Api, world: World) -> None:
    found = await register(api, world, per_minute=8)
    processes = [Leases() for _ in range(3)]
    granted = 0
    for number in range(30):
        app.state.leases = processes[number % 3]
        granted += (await found.get("/v1/areas")).status_code == 200
    assert granted == 8


async def test_a_raised_allowance_counts_from_the_next_call_on(api: Api, world: World) -> None:
    found = await register(api, world, per_minute=1)
    assert [(await found.get("/v1/areas")).status_code for _ in range(2)] == [200, 429]
    await found.change(per_minute=600)
    assert (await found.get("/v1/areas")).status_code == 200


async def test_a_limit_costs_a_few_statements_in_a_hundred_calls(
    api: Api, world: World, statements: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.support.statements.ALLOWANCES", "nothing")
    found = await register(api, world)
    with statements() as seen:
        for _ in range(100):
            await found.get("/v1/sla/limits")
    taken = [text for text in seen.texts if "rate_limit" in text]
    assert 2 <= len(taken) <= 12


async def test_calls_errors_and_refusals_are_counted_by_operation_and_day(
    app: FastAPI, api: Api, world: World
) -> None:
    found = await register(api, world, "areas:read", "tickets:read", per_minute=6)
    for path in ("/v1/areas", "/v1/areas", "/v1/tickets/x", "/v1/stats/overview", "/v1/areas", "/v1/areas"):
        await found.get(path)
    assert (await found.get("/v1/areas")).status_code == 429
    await written(app)
    await written(app)
    told = await used(api, found)
    assert (told["areas_list"]["calls"], told["areas_list"]["limited"]) == (5, 1)
    assert (told["ticket_read"]["errors"], told["stats_overview"]["errors"]) == (1, 1)
    days = (await api.as_("system_admin").get(f"{found.address}/use")).json()["days"]
    assert len(days) == 30
    assert days[-1] == {"day": clock.today().isoformat(), "calls": 7, "errors": 2, "limited": 1}
    assert {day["calls"] for day in days[:-1]} == {0}


async def test_a_call_from_elsewhere_is_counted_though_it_is_refused(
    app: FastAPI, api: Api, world: World
) -> None:
    found = await register(api, world, networks=["10.20.0.0/16"])
    problem_in(await found.get("/v1/areas"), 403, "address_refused")
    await written(app)
    assert (await used(api, found))["areas_list"]["errors"] == 1


async def test_when_a_token_was_last_used_is_noted_about_once_a_minute(
    app: FastAPI, api: Api, session: AsyncSession, world: World
) -> None:
    found, admin = await register(api, world), api.as_("system_admin")
    assert found.token["last_used_at"] is None

    async def noted() -> str:
        await found.get("/v1/areas")
        await written(app)
        return str((await admin.get(f"{found.address}/tokens")).json()["items"][0]["last_used_at"])

    first = await noted()
    assert first != "None"
    assert await noted() == first
    before = clock.now() - timedelta(minutes=2)
    await session.execute(update(ApiToken).values(last_used_at=before))
    assert await noted() > first


async def test_writes_and_looks_at_what_tells_of_people_are_noted_one_by_one(
    app: FastAPI, api: Api, world: World
) -> None:
    plain, given = await register(api, world), await register(api, world, fields=["content"])
    loop = Loop(api, world)
    ticket = (await api.post("/v1/tickets", json=loop.body(), headers=plain.headers)).json()
    for found in (plain, given):
        for path in ("/v1/areas", "/v1/tickets", f"/v1/tickets/{ticket['id']}"):
            assert (await found.get(path)).status_code == 200
    await written(app)
    noted = (await api.as_("auditor").get("/v1/client-calls")).json()["items"]
    assert [(row["client_id"], row["operation"], row["record_id"]) for row in noted] == [
        (given.id, "ticket_read", ticket["id"]),
        (plain.id, "ticket_report", None),
    ]
    assert [row["status"] for row in noted] == [200, 201]
    assert all(row["request_id"] for row in noted)
    own = await api.as_("system_admin").get("/v1/client-calls", params={"client_id": plain.id})
    assert [row["token_id"] for row in own.json()["items"]] == [plain.token["id"]]
    problem_in(await api.as_("dispatcher").get("/v1/client-calls"), 403, "forbidden")


@pytest.mark.parametrize("form", ["json", "xml"])
async def test_a_look_at_reports_by_open311_is_noted_as_any_other(
    app: FastAPI, api: Api, world: World, form: str
) -> None:
    plain, given = await register(api, world), await register(api, world, fields=["content"])
    for found in (plain, given):
        key = found.token["token"]
        sent = await api.post(f"{BASE}/requests.json", data={**FORM, "api_key": key})
        request_id = sent.json()[0]["service_request_id"]
        for path in ("services", "requests", f"requests/{request_id}"):
            reply = await api.get(f"{BASE}/{path}.{form}", params={"api_key": key})
            assert reply.status_code == 200, reply.text
    await written(app)
    noted = (await api.as_("auditor").get("/v1/client-calls")).json()["items"]
    assert [(row["client_id"], row["operation"], row["record_id"]) for row in noted] == [
        (given.id, "open311_request", request_id),
        (given.id, "open311_requests", None),
        (given.id, "open311_report", None),
        (plain.id, "open311_report", None),
    ]


async def test_what_could_not_be_written_is_written_the_next_time(
    app: FastAPI, api: Api, session: AsyncSession, world: World
) -> None:
    found = await register(api, world)
    await found.get("/v1/areas")

    class Away(Exception):
        """The database is away."""

    def away() -> Any:
        raise Away

    with pytest.raises(Away):
        await app.state.uses.flush(away)
    await found.get("/v1/areas")
    await written(app)
    assert (await session.scalars(select(ApiUse.calls))).all() == [2]


async def test_what_is_old_is_forgotten(app: FastAPI, api: Api, session: AsyncSession, world: World) -> None:
    found = await register(api, world)
    await api.post("/v1/tickets", json=Loop(api, world).body(), headers=found.headers)
    await written(app)
    assert await uses.forget_old(session) == 0
    await session.execute(update(ApiUse).values(hour=clock.now() - uses.COUNTED_FOR * 1.01))
    await session.execute(update(ApiCall).values(at=clock.now() - uses.KEPT_FOR * 1.01))
    assert await uses.forget_old(session) == 2
    assert (await session.scalars(select(ApiCall))).all() == []


async def test_a_client_finds_itself_by_its_token(app: FastAPI, api: Api, world: World) -> None:
    found = await register(api, world, area="village_a", owner="12345 热线", fields=["title"], per_minute=99)
    hook = {"url": "https://hooks.example.com/x", "description": "推送"}
    made = await api.post("/v1/webhooks", json=hook, headers=found.headers)
    await api.post(f"/v1/webhooks/{made.json()['id']}/test", headers=found.headers)
    await found.get("/v1/tickets/x")
    await written(app)
    told = (await found.get("/v1/clients/self")).json()
    assert (told["id"], told["owner"], told["fields"]) == (found.id, "12345 热线", ["title"])
    assert (told["token"]["key"], told["token"]["area"]["name"]) == (found.token["key"], "儒林社区")
    assert told["datasets"] == ["areas", "stats", "tickets"]
    minute, day = told["allowances"]
    assert (minute["name"], minute["limit"], day["window_s"]) == ("minute", 99, 86_400)
    assert 80 <= minute["remaining"] < 99
    today = told["days"][-1]
    assert (today["calls"], today["errors"]) == (3, 1)
    assert [delivery["event_type"] for delivery in told["deliveries"]] == ["webhook.test"]
    assert "contact" not in told
    problem_in(await api.as_("system_admin").get("/v1/clients/self"), 403, "forbidden")
