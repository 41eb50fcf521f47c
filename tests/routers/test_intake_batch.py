"""Many tickets in one call: each by itself, once, with a result that says what became of it."""

import asyncio
import json
from collections import Counter as Counted
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from app.core.db import Sessions
from tests.support.clients import Api
from tests.support.operations import JSON
from tests.support.orders import BATCHES, batch, order, push, try_push
from tests.support.problems import problem_in
from tests.support.races import PATIENCE
from tests.support.statements import Counter
from tests.support.third_parties import mapped
from tests.support.world import World

COUNT = text("SELECT count(*) FROM ticket")
REFS = text("SELECT count(*) FROM external_ref")


def told(results: list[dict[str, Any]]) -> list[tuple[str | None, str]]:
    """Reference and outcome of each."""
    return [(one["external_ref"], one["outcome"]) for one in results]


async def test_each_is_created_already_there_or_refused_by_itself(
    api: Api, session: AsyncSession, world: World
) -> None:
    known = await push(api, external_ref="1")
    results = await batch(
        api,
        order(external_ref="1"),
        order(external_ref="2"),
        order(external_ref="3", title=""),
        order(external_ref="4", area_code=world.places["village_b"].code, location=None),
        order(external_ref="1", content="另一件事"),
        "不是工单",
        order(external_ref="5", category_code="0000"),
        order(external_ref="6"),
    )
    assert told(results) == [
        ("1", "already_there"),
        ("2", "created"),
        ("3", "refused"),
        ("4", "refused"),
        ("1", "refused"),
        (None, "refused"),
        ("5", "refused"),
        ("6", "created"),
    ]
    assert (results[0]["id"], results[0]["no"]) == (known["id"], known["no"])
    assert (results[1]["status"], results[1]["status_word"]) == ("reported", "已上报待受理")
    problems = {number: results[number]["problem"] for number in (2, 3, 4, 6)}
    assert [(one["code"], one["errors"][0]["field"]) for one in problems.values()] == [
        ("invalid", "body.items.2.title"),
        ("not_found", "body.items.3.area_code"),
        ("external_ref_reused", "body.items.4.external_ref"),
        ("unknown_category", "body.items.6.category_code"),
    ]
    assert await session.scalar(COUNT) == await session.scalar(REFS) == 3


async def test_the_same_bulk_again_makes_nothing(api: Api, session: AsyncSession) -> None:
    items = [order(external_ref=str(number)) for number in range(20)]
    first = await batch(api, *items)
    again = await batch(api, *items)
    assert {outcome for _ref, outcome in told(again)} == {"already_there"}
    assert [one["id"] for one in again] == [one["id"] for one in first]
    assert await session.scalar(COUNT) == 20


async def test_a_reference_twice_in_a_bulk_is_one_ticket(api: Api) -> None:
    results = await batch(api, *(order() for _time in range(5)))
    assert [outcome for _ref, outcome in told(results)] == ["created", *["already_there"] * 4]
    assert len({one["id"] for one in results}) == 1


async def test_refusals_speak_english_to_whoever_prefers_it(api: Api) -> None:
    [result] = await batch(api, order(title=""), headers={"Accept-Language": "en"})
    assert result["problem"]["title"] == "Some fields are wrong"


HOSTILE = {
    "no object": 7,
    "nothing": None,
    "very deep": '{"external_ref": "9", "title": ' + "[" * 400 + "]" * 400 + "}",
    "a lone surrogate": r'{"external_ref": "\ud800", "title": "\ud800"}',
    "a NUL": r'{"external_ref": "9", "title": "\u0000"}',
    "a reference of a wrong form": '{"external_ref": "9\\n", "title": "x"}',
    "a huge number": '{"external_ref": "9", "reply_due_at": ' + "9" * 4_000 + "}",
    "unknown fields": '{"external_ref": "9", "__class__": {}, "字段": []}',
}


@pytest.mark.parametrize("item", HOSTILE.values(), ids=HOSTILE)
async def test_whatever_an_item_is_it_refuses_itself_alone(api: Api, item: object) -> None:
    raw = item if isinstance(item, str) else json.dumps(item)
    content = f'{{"items": [{json.dumps(order(external_ref="1"))}, {raw}]}}'.encode()
    reply = await api.as_("api_client").post(BATCHES, content=content, headers=JSON)
    assert reply.status_code == 200, reply.text
    first, second = reply.json()["results"]
    assert (first["outcome"], second["outcome"]) == ("created", "refused")
    assert second["external_ref"] in {"9", None}
    assert second["problem"]["errors"][0]["field"].startswith("body.items.1")


async def test_a_bulk_has_one_to_a_thousand_items(api: Api) -> None:
    for items, told_why in (([], "至少 1 项"), ([order()] * 1001, "最多 1000 项")):
        reply = await api.as_("api_client").post(BATCHES, json={"items": items})
        assert told_why in problem_in(reply, 422, "invalid", "body.items")["detail"]
    problem_in(await api.as_("dispatcher").post(BATCHES, json={"items": [order()]}), 403, "forbidden")


async def test_a_thousand_orders_of_a_usual_length_come_in_one_call_with_a_result_each(api: Api) -> None:
    wrong = order(title="", content="来电人反映垃圾无人清运。" * 30, external_ref="0")
    items = [wrong | {"external_ref": str(number)} for number in range(1000)]
    items[17], items[999] = order(external_ref="17"), order(external_ref="999")
    reply = await api.as_("api_client").post(BATCHES, content=json.dumps({"items": items}), headers=JSON)
    assert reply.status_code == 200, reply.text
    found = told(reply.json()["results"])
    assert [ref for ref, _outcome in found] == [str(number) for number in range(1000)]
    assert [ref for ref, outcome in found if outcome == "created"] == ["17", "999"]


async def test_an_item_that_breaks_something_leaves_nothing_and_holds_up_no_other(
    api: Api, engine: AsyncEngine, session: AsyncSession, logged: list[Any]
) -> None:
    def break_it(*call: Any) -> None:
        if "INSERT INTO ticket" in call[2] and "要出错" in str(call[3]):
            raise RuntimeError(f"broken for a test: {call[3]}")

    event.listen(engine.sync_engine, "before_cursor_execute", break_it)
    try:
        results = await batch(
            api, order(external_ref="1"), order(external_ref="2", title="要出错"), order(external_ref="3")
        )
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", break_it)
    assert told(results) == [("1", "created"), ("2", "retry"), ("3", "created")]
    assert results[1]["problem"]["code"] == "internal_error"
    assert "entry_failed" in [line["event"] for line in logged]
    assert "要出错" not in str(logged) + str(results)
    assert await session.scalar(COUNT) == await session.scalar(REFS) == 2
    [again] = await batch(api, order(external_ref="2", title="要出错"))
    assert again["outcome"] == "created"


async def test_a_bulk_looks_up_its_tables_once_and_costs_six_statements_an_item(
    api: Api, world: World, statements: Counter
) -> None:
    await mapped(api, world.client.id, categories=[{"code": "A17", "category_code": "0602"}])
    items = [order(external_ref=str(number), category_code="A17") for number in range(10)]
    with statements() as seen:
        await batch(api, *items[:1])
    with statements(at_most=seen.count + 6 * 8):
        await batch(api, *items[1:])
    with statements(at_most=seen.count):
        await push(api, external_ref="11", category_code="A17")


@pytest.mark.commits
async def test_one_reference_from_many_calls_at_once_is_one_ticket(
    app: FastAPI, api: Api, sessions: Sessions
) -> None:
    items = [order(external_ref=str(number)) for number in range(10)]
    app.state.push_gate = asyncio.Semaphore(4)
    calls = [batch(api, *items), batch(api, *reversed(items))]
    singles = [try_push(api, external_ref=str(number)) for number in range(10)]
    found = await asyncio.gather(*calls, *singles)
    bulks, replies = found[:2], found[2:]
    outcomes = [one["outcome"] for results in bulks for one in results]
    created = outcomes.count("created") + [reply.status_code for reply in replies].count(201)
    assert created == 10
    assert set(outcomes) <= {"created", "already_there"}
    async with sessions() as session:
        assert await session.scalar(COUNT) == await session.scalar(REFS) == 10


@pytest.mark.commits
async def test_a_bulk_that_was_cut_off_is_sent_again_as_it_was(
    app: FastAPI, api: Api, sessions: Sessions
) -> None:
    items = [order(external_ref=str(number)) for number in range(60)]
    app.state.push_gate = asyncio.Semaphore(4)
    call = asyncio.create_task(batch(api, *items))
    async with asyncio.timeout(PATIENCE), sessions() as session:
        while not await session.scalar(COUNT):
            assert not call.done()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    again = Counted(outcome for _ref, outcome in told(await batch(api, *items)))
    assert again["already_there"] > 0
    assert again["created"] > 0
    assert again.total() == again["already_there"] + again["created"] == 60
    async with sessions() as session:
        assert await session.scalar(COUNT) == await session.scalar(REFS) == 60
