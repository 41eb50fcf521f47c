"""Queues and cursors that no honest phone sends: each entry is refused by itself, and nothing breaks."""

import asyncio
import base64
import json
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Sessions
from app.core.ids import uuid7
from app.models.enums import Role
from app.services.mobile import carrying
from app.services.mobile import push as sync_push
from app.services.mobile.operations import Done, Operation
from tests.support.clients import Api
from tests.support.phones import (
    PULL,
    PUSH,
    Store,
    action,
    comment,
    entry,
    outcomes,
    push,
    report,
    side_by_side,
    try_push,
)
from tests.support.problems import problem_in
from tests.support.staff import give_post
from tests.support.statements import Counter
from tests.support.tickets import Loop
from tests.support.world import World

FAR = (
    "0001-01-01T00:00:00Z",
    "1900-01-01T00:00:00+08:00",
    "9999-12-31T23:59:59-12:00",
    "2200-01-01T00:00:00Z",
)
TEXTS = ("\x00", "a\x00b", "\ud800", "x\udfff", "x" * 100_000)


async def sent(api: Api, *entries: Any, **texts: str) -> Response:
    """Send a queue in ASCII, as a client may write what is no text; `texts` are JSON put in as it is."""
    body = json.dumps({"operations": entries})
    for name, told in texts.items():
        body = body.replace(f'"{name}"', told)
    headers = {"content-type": "application/json"}
    return await api.as_("grid_worker").post(PUSH, content=body, headers=headers)


def told(reply: Response) -> list[str]:
    """What became of each."""
    assert reply.status_code == 200, reply.text
    return outcomes(reply.json()["results"])


@pytest.mark.parametrize("kind", [[], {}, None, 7, True, "", "ticket.vote", "x" * 9999, "\ud800", [[[]]]])
async def test_a_kind_that_is_none_refuses_its_entry_alone(api: Api, world: World, kind: Any) -> None:
    assert told(await sent(api, report(world) | {"kind": kind}, report(world))) == ["refused", "applied"]


@pytest.mark.parametrize("field", ["op_id", "id", "version", "after", "occurred_at", "body"])
@pytest.mark.parametrize("value", [[], {}, True, 7.5, -1, 10**30, -(10**30), "", "x", *TEXTS, [[[{}]]]])
async def test_a_field_of_the_wrong_kind_refuses_its_entry_alone(
    api: Api, world: World, field: str, value: Any
) -> None:
    loop = Loop(api, world)
    await loop.report()
    for wrong in (report(world) | {field: value}, comment(loop.id) | {field: value}):
        assert told(await sent(api, wrong, report(world))) == ["refused", "applied"]


async def test_what_is_nested_deeply_breaks_nothing(api: Api) -> None:
    deep = entry("ticket.action", {"action": "comment", "opinion": "deep"}, id=str(uuid7()))
    for depth in (50, 300, 600, *range(840, 940), 1500, 50_000):
        reply = await sent(api, deep, deep="[" * depth + "]" * depth)
        if reply.status_code == 200:
            assert told(reply) == ["refused"], depth
        else:
            problem_in(reply, 400, "bad_request")


@pytest.mark.parametrize("moment", FAR)
async def test_a_clock_that_is_centuries_off_loses_nothing(api: Api, world: World, moment: str) -> None:
    body = {"sent_at": moment, "operations": [report(world), report(world, occurred_at=moment)]}
    reply = await api.as_("grid_worker").post(PUSH, json=body)
    if reply.status_code == 200:
        assert outcomes(reply.json()["results"])[0] == "applied"
    else:
        problem_in(reply, 422, "invalid", "body.sent_at")
    assert (await try_push(api, "grid_worker", report(world, occurred_at=moment))).status_code == 200


async def test_a_version_that_nothing_can_have_is_refused(api: Api, world: World) -> None:
    loop = Loop(api, world)
    await loop.report()
    for version in (0, -1, 2**31, 2**63, 1.5, "1", True):
        (result,) = await push(api, "grid_worker", comment(loop.id) | {"version": version})
        assert result["outcome"] == "refused", version
    (result,) = await push(api, "grid_worker", action(loop.id, "withdraw", version=2**31 - 1))
    assert result["outcome"] == "conflict"


async def test_entries_that_wait_for_each_other_or_themselves_are_refused(api: Api, world: World) -> None:
    one, other, alone = report(world), report(world), report(world)
    one["after"], other["after"], alone["after"] = other["op_id"], one["op_id"], alone["op_id"]
    results = await push(api, "grid_worker", one, other, alone, report(world))
    assert outcomes(results) == ["refused", "refused", "refused", "applied"]
    assert {result["problem"]["code"] for result in results[:3]} == {"depends_on_refused"}


async def test_what_was_made_on_top_of_what_has_not_come_waits_for_it(api: Api, world: World) -> None:
    made = report(world)
    follow = comment(made["id"], after=made["op_id"])
    assert outcomes(await push(api, "grid_worker", follow)) == ["retry"]
    assert outcomes(await push(api, "grid_worker", made, follow)) == ["applied", "applied"]
    assert outcomes(await push(api, "grid_worker", follow)) == ["already_applied"]


async def test_nobodys_operation_stands_for_anybody_elses(api: Api, world: World) -> None:
    made = report(world)
    assert outcomes(await push(api, "grid_worker", made)) == ["applied"]
    loop = Loop(api, world)
    await loop.report("grid_leader")
    assert outcomes(await push(api, "grid_leader", comment(loop.id, after=made["op_id"]))) == ["retry"]


async def test_a_queue_longer_than_four_megabytes_is_refused_as_such(api: Api) -> None:
    whole = json.dumps({"operations": [{"op_id": "x" * (4 * 1024 * 1024)}]})
    reply = await api.as_("grid_worker").post(
        PUSH, content=whole, headers={"content-type": "application/json"}
    )
    problem_in(reply, 413, "body_too_large")


@pytest.mark.commits
async def test_two_hundred_operations_on_one_ticket_follow_each_other(
    app: FastAPI, api: Api, session: AsyncSession, world: World
) -> None:
    side_by_side(app)
    loop = Loop(api, world)
    await loop.report()
    queue = [comment(loop.id, f"第 {number} 条") for number in range(200)]
    first, second = await asyncio.gather(*(push(api, "grid_worker", *queue) for _ in range(2)))
    assert sorted({*outcomes(first), *outcomes(second)}) == ["already_applied", "applied"]
    statement = "SELECT opinion FROM ticket_note JOIN ticket_event ON event_id = ticket_event.id ORDER BY seq"
    found = (await session.scalars(text(statement))).all()
    assert found == [f"第 {number} 条" for number in range(200)]


async def test_an_operation_costs_few_statements(api: Api, world: World, statements: Counter) -> None:
    loop = Loop(api, world)
    seen = await loop.to("dispatched")
    await push(api, "grid_worker", report(world))
    for who, queued, most in (
        ("grid_worker", report(world), 10),
        ("grid_worker", comment(loop.id), 10),
        ("dept_handler", action(loop.id, "sign", version=seen["version"] + 1), 10),
    ):
        with statements(at_most=most):
            assert outcomes(await push(api, who, queued)) == ["applied"]
        with statements(at_most=3):
            assert outcomes(await push(api, who, queued)) == ["already_applied"]


@pytest.mark.parametrize("limit", ["0", "-1", "101", "x", "1e2", "99999999999999999999"])
async def test_a_page_has_one_to_a_hundred_records(api: Api, limit: str) -> None:
    problem_in(await api.as_("grid_worker").get(PULL, params={"limit": limit}), 422, "invalid")


async def test_a_forged_cursor_shows_nothing_that_the_caller_does_not_see(api: Api, world: World) -> None:
    other = Loop(api, world)
    await other.report("grid_worker_b", area_id=str(world.places["grid_b1"].id))
    store = Store(api, "grid_worker")
    await store.sync()
    assert store.cursor is not None
    held = opened(store.cursor)
    now = int(clock.now().timestamp() * 1000)
    forged: list[dict[str, Any]] = [
        {"m": mode, "n": step, "a": after, "t": 0, "i": 0, "h": 0, "g": "0" * 32, "w": now}
        for mode in ("f", "c", "x")
        for step in (-1, 0, 3, 99, 2**62)
        for after in (None, "0" * 32, "f" * 32)
    ]
    forged += [{"w": 2**62}, {"w": -1}, {"t": -1, "i": -1}, {"i": 2**63 - 1}, {"c": -1}, {"c": 2**62}]
    forged += [{"a": 5}, {"a": []}, {"g": None}, {"k": []}, {"k": {"status": 5}}, {"m": []}, {"n": 1.5}]
    for changed in forged:
        cursor = closed(held | changed)
        reply = await api.as_("grid_worker").get(PULL, params={"cursor": cursor, "limit": "3"})
        assert reply.status_code in {200, 410, 422}, (changed, reply.text)
        assert other.id not in reply.text


async def test_anothers_cursor_is_nobodys(api: Api) -> None:
    mine, theirs = Store(api, "grid_worker"), Store(api, "grid_leader")
    await mine.sync()
    theirs.memory.write(cursor=mine.cursor)
    problem_in(await theirs.page(), 410, "sync_cursor_stale")


@pytest.mark.parametrize("cut", [1, 10, 50, 120])
async def test_a_cursor_that_was_cut_off_is_a_problem(api: Api, cut: int) -> None:
    store = Store(api, "grid_worker")
    await store.sync()
    assert store.cursor is not None
    reply = await api.as_("grid_worker").get(PULL, params={"cursor": store.cursor[:-cut]})
    problem_in(reply, 422, "invalid", "query.cursor")


async def test_a_post_that_comes_between_the_pages_of_a_first_sync_begins_it_anew(
    api: Api, session: AsyncSession, world: World
) -> None:
    store = Store(api, "grid_worker")
    store.take((await store.page(limit=1)).json())
    await give_post(session, world, "grid_worker", Role.GRID_WORKER, area_id=world.places["grid_a2"].id)
    problem_in(await store.page(limit=1), 410, "sync_cursor_stale")
    store.memory.begin_anew()
    await store.sync(limit=1)
    assert str(world.places["grid_a2"].id) in store.kept["areas"]


@pytest.mark.commits
async def test_what_moved_away_just_before_a_post_ended_is_forgotten_too(
    api: Api, session: AsyncSession, sessions: Sessions, world: World
) -> None:
    await give_post(session, world, "grid_leader", Role.GRID_LEADER, area_id=world.places["grid_b1"].id)
    await session.commit()
    loop = Loop(api, world)
    await loop.report()
    store = Store(api, "grid_leader", sessions)
    await store.sync()
    assert loop.id in store.kept["tickets"]
    elsewhere = {"area_id": str(world.places["grid_a2"].id), "opinion": "地点有误"}
    await loop.act("dispatcher", action="change", **elsewhere)
    post = f"/v1/posts/{world['grid_leader'].post_id}/end"
    assert (await api.as_("system_admin").post(post, json={})).status_code == 200
    pages = await store.sync(limit=1)
    assert not any(page["first"] for page in pages)
    assert store.kept["tickets"] == {}


@pytest.mark.commits
async def test_a_farewell_that_meets_another_change_of_posts_begins_anew(
    api: Api, session: AsyncSession, sessions: Sessions, world: World
) -> None:
    await give_post(session, world, "grid_leader", Role.GRID_LEADER, area_id=world.places["grid_b1"].id)
    await session.commit()
    loop = Loop(api, world)
    await loop.report()
    store = Store(api, "grid_leader", sessions)
    await store.sync()
    post = f"/v1/posts/{world['grid_leader'].post_id}/end"
    assert (await api.as_("system_admin").post(post, json={})).status_code == 200
    store.take((await store.page(limit=1)).json())
    await give_post(session, world, "grid_leader", Role.GRID_LEADER, area_id=world.places["grid_a2"].id)
    await session.commit()
    problem_in(await store.page(limit=1), 410, "sync_cursor_stale")
    await store.sync(limit=1)
    anew = Store(api, "grid_leader")
    await anew.sync()
    assert store.kept == anew.kept


def opened(cursor: str) -> dict[str, Any]:
    """What a cursor says."""
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    return found


def closed(said: dict[str, Any]) -> str:
    """A cursor that says something."""
    return base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")


async def test_an_entry_that_breaks_the_server_holds_up_no_other(
    api: Api, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad, behind = report(world), report(world), report(world)

    async def stumble(session: AsyncSession, *, operation: Operation, **named: Any) -> Done:
        if str(operation.record_id) == bad["id"]:
            raise KeyError(bad["id"])
        return await carrying.carry_out(session, operation=operation, **named)

    with monkeypatch.context() as broken:
        broken.setattr(sync_push, "carry_out", stumble)
        results = await push(api, "grid_worker", good, bad, behind)
    assert outcomes(results) == ["applied", "retry", "applied"]
    assert results[1]["problem"]["status"] == 500
    # Nothing of it was kept: once the server is mended, the same entry is carried out.
    assert outcomes(await push(api, "grid_worker", bad)) == ["applied"]
