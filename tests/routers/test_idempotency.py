"""`Idempotency-Key`: the same call again gets the first answer, and nothing is done twice."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import Response
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Sessions
from app.core.ids import uuid7
from app.models.enums import Action
from app.models.platform import IdempotencyKey
from app.models.ticket import Ticket
from app.services.platform import idempotency
from tests.support import ledger, steps
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.races import at_once
from tests.support.tickets import Loop
from tests.support.world import World

REPLAYED = "idempotency-replayed"


async def test_the_same_report_with_the_same_key_gets_the_first_answer_again(
    api: Api, world: World, session: AsyncSession
) -> None:
    body = Loop(api, world).body()
    first = await report(api, body)
    again = await report(api, body)
    assert REPLAYED not in first.headers
    assert again.headers[REPLAYED] == "true"
    assert (again.status_code, again.content) == (201, first.content)
    for header in ("etag", "location", "content-type"):
        assert again.headers[header] == first.headers[header]
    assert await count(session, Ticket) == 1


async def test_a_step_is_taken_once_and_answered_as_the_first_time_even_after_later_steps(
    api: Api, world: World, session: AsyncSession
) -> None:
    loop = Loop(api, world)
    await loop.report()
    first = await act(api, loop, {"action": "accept"}, "a key")
    await act(api, loop, steps.body(Action.DISPATCH, world), "another key")
    again = await act(api, loop, {"action": "accept"}, "a key")
    assert (again.status_code, again.content) == (200, first.content)
    assert (again.headers["etag"], again.headers[REPLAYED]) == ('"2"', "true")
    assert (await ledger.audit(session, UUID(loop.id)))["version"] == 3


async def test_a_key_that_was_used_for_something_else_is_refused(
    api: Api, world: World, session: AsyncSession
) -> None:
    loop, body = Loop(api, world), Loop(api, world).body()
    loop.id = (await report(api, body)).json()["id"]
    withdraw = f"/v1/tickets/{loop.id}/actions"
    for path, other in (
        ("/v1/tickets", {**body, "title": "另一件事"}),
        ("/v1/tickets?x=1", body),
        (withdraw, {"action": "withdraw"}),
    ):
        problem_in(await report(api, other, path=path), 422, "idempotency_key_reused")
    assert (await ledger.audit(session, UUID(loop.id)))["status"] == "reported"
    assert await count(session, Ticket) == 1


async def test_the_same_key_of_somebody_else_is_another_key(
    api: Api, world: World, session: AsyncSession
) -> None:
    body = Loop(api, world).body(area_id=str(world.places["village_a"].id), location=None)
    people = ("village_admin", "dispatcher", "api_client")
    replies = [await report(api, body, who=who) for who in people]
    assert [reply.status_code for reply in replies] == [201, 201, 201]
    assert not any(REPLAYED in reply.headers for reply in replies)
    assert await count(session, Ticket) == 3


async def test_a_refused_call_keeps_nothing_and_its_key_is_free_for_the_corrected_one(
    api: Api, world: World, session: AsyncSession
) -> None:
    loop = Loop(api, world)
    await loop.report()
    dispatch = steps.body(Action.DISPATCH, world)
    for wrong, status, headers in (
        ({"action": "accept", "urgency": "later"}, 422, {}),
        ({"action": "accept", "category_code": "9998"}, 422, {}),
        (dispatch, 409, {}),
        ({"action": "accept"}, 412, {"If-Match": '"9"'}),
        ({"action": "withdraw"}, 403, {}),
    ):
        reply = await act(api, loop, wrong, "a key", **headers)
        assert reply.status_code == status, reply.text
        assert await count(session, IdempotencyKey) == 0
    assert (await act(api, loop, {"action": "accept"}, "a key")).status_code == 200
    assert (await act(api, loop, dispatch, "another key")).status_code == 200
    assert await count(session, IdempotencyKey) == 2


async def test_who_may_not_write_claims_no_key(api: Api, world: World, session: AsyncSession) -> None:
    for who in ("auditor", "newcomer", "disabled", "former"):
        reply = await report(api, Loop(api, world).body(), who=who)
        assert reply.status_code in {401, 403}
    assert await count(session, IdempotencyKey) == 0


@pytest.mark.parametrize("key", ["", "x" * 201, "编号".encode()], ids=["empty", "too long", "no ASCII"])
async def test_a_key_that_cannot_be_one_is_refused(
    api: Api, world: World, session: AsyncSession, key: Any
) -> None:
    reply = await api.as_("grid_worker").post(
        "/v1/tickets", json=Loop(api, world).body(), headers={"Idempotency-Key": key}
    )
    problem_in(reply, 422, "invalid", "header.Idempotency-Key")
    assert await count(session, Ticket) == 0


async def test_a_read_takes_no_notice_of_a_key(api: Api, session: AsyncSession) -> None:
    for _ in range(2):
        reply = await api.as_("dispatcher").get("/v1/tickets", headers={"Idempotency-Key": "a key"})
        assert (reply.status_code, REPLAYED in reply.headers) == (200, False)
    assert await count(session, IdempotencyKey) == 0


async def test_an_answer_is_kept_for_48_hours(
    api: Api, world: World, session: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    body, made = Loop(api, world).body(), clock.now()
    await report(api, body)
    for hours, left in ((47, 1), (49, 0)):
        moment = made + timedelta(hours=hours)
        monkeypatch.setattr(clock, "now", lambda moment=moment: moment)
        await idempotency.forget_old(session)
        assert await count(session, IdempotencyKey) == left
    await session.commit()
    monkeypatch.undo()
    assert REPLAYED not in (await report(api, body)).headers
    assert await count(session, Ticket) == 2


async def test_a_report_with_the_clients_own_id_is_stored_once(
    api: Api, world: World, session: AsyncSession
) -> None:
    body = Loop(api, world).body(id=str(uuid7()))
    first, again = await report(api, body, key=None), await report(api, body, key=None)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"] == body["id"]
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"] == f"/v1/tickets/{body['id']}"
    assert await count(session, Ticket) == 1


async def test_an_id_that_is_taken_by_another_report_is_a_conflict(
    api: Api, world: World, session: AsyncSession
) -> None:
    body = Loop(api, world).body(id=str(uuid7()))
    await report(api, body, key=None)
    problem_in(await report(api, {**body, "title": "另一件事"}, key=None), 409, "ticket_exists")
    problem_in(await report(api, body, key=None, who="grid_leader"), 409, "ticket_exists")
    elsewhere = {**body, "area_id": str(world.places["grid_c1"].id)}
    problem_in(await report(api, elsewhere, key=None, who="grid_worker_c"), 409, "ticket_exists")
    assert (await ledger.audit(session, UUID(body["id"])))["version"] == 1


@pytest.mark.commits
async def test_twins_that_arrive_at_once_are_one_report(api: Api, world: World, sessions: Sessions) -> None:
    body = Loop(api, world).body()
    replies = await asyncio.gather(*(report(api, body) for _ in range(5)))
    assert {(reply.status_code, reply.content) for reply in replies} == {(201, replies[0].content)}
    assert sorted(REPLAYED in reply.headers for reply in replies) == [False, True, True, True, True]
    async with sessions() as session:
        assert await count(session, Ticket) == 1


@pytest.mark.commits
async def test_twins_of_a_step_that_wait_for_one_another_take_it_once(
    api: Api, world: World, sessions: Sessions
) -> None:
    loop = Loop(api, world)
    await loop.report()
    twins = [act(api, loop, {"action": "accept"}, "a key") for _ in range(2)]
    first, second = await at_once(sessions, UUID(loop.id), twins)
    assert (first.status_code, second.status_code) == (200, 200)
    assert (second.content, second.headers[REPLAYED]) == (first.content, "true")
    async with sessions() as session:
        assert (await ledger.audit(session, UUID(loop.id)))["version"] == 2


@pytest.mark.commits
async def test_when_the_first_of_two_twins_fails_the_second_is_the_first(
    api: Api, world: World, sessions: Sessions
) -> None:
    loop = Loop(api, world)
    await loop.to("accepted")
    stale = act(api, loop, steps.body(Action.DISPATCH, world), "a key", **{"If-Match": '"1"'})
    fresh = act(api, loop, steps.body(Action.DISPATCH, world), "a key", **{"If-Match": '"2"'})
    first, second = await at_once(sessions, UUID(loop.id), [stale, fresh])
    problem_in(first, 412, "stale_version")
    assert (second.status_code, REPLAYED in second.headers) == (200, False)
    async with sessions() as session:
        assert (await ledger.audit(session, UUID(loop.id)))["version"] == 3


async def report(
    api: Api,
    body: dict[str, Any],
    *,
    who: str = "grid_worker",
    key: str | None = "a key",
    path: str = "/v1/tickets",
) -> Response:
    """Report, with a key unless it is None."""
    headers = {} if key is None else {"Idempotency-Key": key}
    return await api.as_(who).post(path, json=body, headers=headers)


async def act(api: Api, loop: Loop, body: dict[str, Any], key: str, **headers: str) -> Response:
    """The dispatcher takes a step, with a key."""
    return await api.as_("dispatcher").post(
        f"/v1/tickets/{loop.id}/actions", json=body, headers={"Idempotency-Key": key, **headers}
    )


async def count(session: AsyncSession, table: Any) -> int:
    """How many rows a table has."""
    return await session.scalar(select(func.count()).select_from(table)) or 0
