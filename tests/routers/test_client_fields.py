"""What a third party is not given of people is in none of its answers, and the rest keeps its shape."""

import json
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel, TypeAdapter
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.withholding import STARS, Telling, given_in, shape_of, withhold
from app.models.enums.third_party import ClientField
from app.schemas.ticket import TicketBrief
from app.schemas.webhook import MessageTicket
from tests.support.clients import Api
from tests.support.third_parties import Registered, register
from tests.support.tickets import Loop
from tests.support.world import World

WORDS = {"title": "电梯困人标题", "content": "三楼老人被困的内容", "address": "儒林街一百零九号"}
OPINION, REPLY = "请物业尽快到场的意见", "已经修复的公开答复"


@pytest.fixture
async def loop(api: Api, session: AsyncSession, world: World) -> Loop:
    """A ticket with words in all of its fields, closed with a public reply."""
    found = Loop(api, world)
    await found.report(**WORDS, contact={"name": "苏先生", "phone": "13911112222"})
    await found.to("evaluating")
    await found.act("dispatcher", action="comment", opinion=OPINION)
    await session.execute(text("UPDATE ticket_outcome SET public_reply = :reply"), {"reply": REPLY})
    return found


async def answers(found: Registered, loop: Loop) -> dict[str, Any]:
    """All that tells of the ticket, by address."""
    told = {}
    for path in ("", f"/{loop.id}", f"/{loop.id}/events"):
        reply = await found.get(f"/v1/tickets{path}")
        assert reply.status_code == 200, reply.text
        assert int(reply.headers["content-length"]) == len(reply.content)
        told[path.removeprefix(f"/{loop.id}") or path[:1]] = reply.json()
    return told


async def test_a_client_that_was_given_nothing_reads_codes_and_times_alone(
    api: Api, world: World, loop: Loop
) -> None:
    found = await register(api, world)
    told = await answers(found, loop)
    everything = json.dumps(told, ensure_ascii=False)
    hidden = (*WORDS.values(), OPINION, REPLY, "苏", "2222", world["grid_worker"].name)
    assert [word for word in hidden if word in everything] == []
    (brief,) = told[""]["items"]
    assert (brief["title"], brief["status"], brief["org_name"]) == (
        STARS,
        "evaluating",
        world.orgs["urban"].name,
    )
    detail = told["/"]
    assert (detail["content"], detail["location"], detail["reporter_id"]) == (STARS, None, None)
    assert detail["handler_name"] == world["dept_handler"].name
    assert detail["outcome"]["resolution_type"]
    lean = await found.get("/v1/tickets", params={"fields": "no,title"})
    assert lean.json()["items"][0]["title"] == STARS


async def test_each_field_comes_when_it_is_given_and_no_other_with_it(
    api: Api, world: World, loop: Loop
) -> None:
    shown = {**WORDS, "opinion": OPINION, "public_reply": REPLY}
    for field, word in shown.items():
        told = json.dumps(await answers(await register(api, world, fields=[field]), loop), ensure_ascii=False)
        assert word in told, field
        assert [other for name, other in shown.items() if name != field and other in told] == [], field
    place = (await answers(await register(api, world, fields=["location"]), loop))["/"]["location"]
    assert place["lng"]


async def test_names_and_numbers_of_people_are_given_to_no_client(api: Api, world: World, loop: Loop) -> None:
    told = await answers(await register(api, world, fields=[field.value for field in ClientField]), loop)
    detail = told["/"]
    assert detail["contact"] == {"name": None, "phone": None}
    assert (detail["reporter_id"], detail["reporter_name"]) == (None, None)
    assert {event["actor_name"] for event in told["/events"]["items"]} == {None}
    assert str(world["grid_worker"].member_id) not in json.dumps(
        [{**event, "data": None} for event in told["/events"]["items"]]
    )


async def test_of_a_confidential_report_nothing_is_given_whatever_the_client_has(
    api: Api, session: AsyncSession, world: World, loop: Loop
) -> None:
    found = await register(api, world, fields=[field.value for field in ClientField])
    await session.execute(text("UPDATE ticket SET confidential = true"))
    told = json.dumps(await answers(found, loop), ensure_ascii=False)
    assert [word for word in (*WORDS.values(), OPINION, REPLY) if word in told] == []
    counted = await found.get("/v1/stats/counted", params={"kpi": "open"})
    assert WORDS["title"] not in counted.text
    twin = Loop(api, world)
    await twin.report(**WORDS)
    likely = await found.get(f"/v1/tickets/{twin.id}/duplicates")
    assert (likely.status_code, likely.json()["items"]) == (200, [])


async def test_what_a_client_sends_and_sends_again_comes_back_without_what_it_is_not_given(
    api: Api, world: World
) -> None:
    found = await register(api, world, fields=["content"])
    body = Loop(api, world).body(**WORDS)
    headers = found.headers | {"Idempotency-Key": "again"}
    first = await api.post("/v1/tickets", json=body, headers=headers)
    again = await api.post("/v1/tickets", json=body, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["idempotency-replayed"] == "true"
    for reply in (first, again):
        assert (reply.json()["title"], reply.json()["content"]) == (STARS, WORDS["content"])


async def test_people_see_what_they_have_always_seen(api: Api, loop: Loop) -> None:
    told = await api.as_("dispatcher").get(f"/v1/tickets/{loop.id}")
    assert told.json()["title"] == WORDS["title"]
    assert told.json()["contact"] == {"name": "苏*生", "phone": "*******2222"}


async def test_an_answer_with_nothing_given_is_still_an_answer_of_its_kind(app: FastAPI) -> None:
    kinds = {
        str(kind): kind
        for route in iter_route_contexts(app.routes)
        if isinstance(route.original_route, APIRoute)
        and str(route.path).startswith(("/v1/tickets", "/v1/stats"))
        and given_in(shape_of(kind := route.original_route.response_model))
    }
    assert len(kinds) >= 4
    for name, kind in kinds.items():
        for path, telling in tellings(shape_of(kind)):
            assert fits(kind, path, telling.instead), (name, path)


def tellings(shape: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Telling]]:
    """Where an answer tells of somebody."""
    found: list[tuple[tuple[str, ...], Telling]] = []
    for name, part in shape.items():
        here = (*path, name)
        found += [(here, part)] if isinstance(part, Telling) else tellings(part, here)
    return found


def fits(kind: Any, path: tuple[str, ...], value: Any) -> bool:
    """Whether the schema of an answer allows this value there."""
    schema = TypeAdapter(kind).json_schema(mode="serialization")
    types = {"null"} if value is None else {"string"}
    node: Any = schema
    for name in (*path, None):
        while "$ref" in node or "items" in node or ("anyOf" in node and name is not None):
            if "$ref" in node:
                node = schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
            elif "items" in node:
                node = node["items"]
            else:
                node = next(one for one in node["anyOf"] if one.get("type") != "null")
        if name is not None:
            node = node["properties"][name]
    allowed = {one.get("type") for one in node.get("anyOf", [node])}
    return bool(types & allowed)


def test_withholding_reaches_lists_in_lists_and_leaves_what_is_null() -> None:
    shape = {"items": {"title": Telling(ClientField.TITLE, STARS), "place": Telling(None, None)}}
    answer = {"items": [{"title": "甲", "place": {"lng": 1}, "no": 1}, {"title": None}]}
    withhold(answer, shape, ())
    assert answer == {"items": [{"title": STARS, "place": None, "no": 1}, {"title": None}]}


def test_an_answer_of_two_kinds_loses_what_either_may_tell() -> None:
    class One(BaseModel):
        """Tells a title by its ticket."""

        ticket: TicketBrief

    class Other(BaseModel):
        """Tells a place by its ticket."""

        ticket: MessageTicket

    shape = shape_of(list[One | Other])
    answer = [{"ticket": {"title": "甲", "address": "街", "no": 1}}]
    withhold(answer, shape, ())
    assert answer == [{"ticket": {"title": STARS, "address": None, "no": 1}}]
