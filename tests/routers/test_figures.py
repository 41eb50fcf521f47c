"""Figures at their addresses: what a viewer of a dashboard would notice, whoever the viewer is."""

import asyncio
import json
import re
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import Response

from app.api import polled
from app.api.polled import Answers
from app.core import clock
from app.services.stats.kpis import KPIS
from app.services.stats.questions import STANDARD
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.statements import Counter
from tests.support.tickets import Loop
from tests.support.world import World

STATS = "/v1/stats"
PATHS = (
    "kpis",
    "trend",
    "breakdown",
    "flow",
    "overdue",
    "ranking",
    "visits",
    "map",
    "live",
    "counted",
    "screen",
)
LEADER = "leader_viewer"


@pytest.fixture
async def town(api: Api, world: World) -> None:
    """Tickets in two villages and the next town, at several stages."""
    for grid, who, status in (
        ("grid_a1", "grid_worker", "reported"),
        ("grid_a1", "grid_worker", "closed"),
        ("grid_a2", "grid_worker_a2", "processing"),
        ("grid_b1", "grid_worker_b", "dispatched"),
        ("grid_c1", "grid_worker_c", "reported"),
    ):
        loop = Loop(api, world)
        await loop.report(who, area_id=str(world.places[grid].id), location=None)
        if status != "reported":
            await loop.to(status)


@pytest.fixture
def still(town: None, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands a little after a full minute, so that no minute ends in between."""
    assert town is None
    for who in (*world.people, "api_client"):
        world.token(who)
    moment = clock.now().replace(second=20, microsecond=0)
    monkeypatch.setattr(clock, "now", lambda: moment)


async def ask(api: Api, who: str, path: str, seen: Response | None = None, **params: Any) -> Response:
    """A question, if its answer changed since the one that was seen."""
    headers = {"If-None-Match": seen.headers["etag"]} if seen else {}
    return await api.as_(who).get(f"{STATS}/{path}", params=params, headers=headers)


async def told(api: Api, who: str, path: str, **params: Any) -> Any:
    """The answer to a question."""
    reply = await ask(api, who, path, **params)
    assert reply.status_code == 200, reply.text
    return reply.json()


@pytest.mark.usefixtures("town", "still")
@pytest.mark.parametrize("path", PATHS)
async def test_who_asks_again_gets_304_until_something_happens(api: Api, world: World, path: str) -> None:
    first = await ask(api, LEADER, path)
    assert first.status_code == 200, first.text
    again = await ask(api, LEADER, path, first)
    assert (again.status_code, again.content) == (304, b"")
    for name in ("etag", "cache-control", "vary"):
        assert again.headers[name] == first.headers[name]
    assert first.headers["cache-control"] == "private, no-cache"
    await Loop(api, world).report()
    fresh = await ask(api, LEADER, path, first)
    assert (fresh.status_code, fresh.headers["etag"] != first.headers["etag"]) == (200, True)


@pytest.mark.usefixtures("town", "still")
@pytest.mark.parametrize("path", [*PATHS, "shapes"])
async def test_304_asks_for_the_caller_and_the_mark_and_for_no_figures(
    api: Api, statements: Counter, path: str
) -> None:
    first = await ask(api, LEADER, path)
    with statements(at_most=2) as seen:
        assert (await ask(api, LEADER, path, first)).status_code == 304
    assert not [sql for sql in seen.texts if re.search(r"\b(ticket|ticket_event|stat_\w+|visit)\b", sql)]


@pytest.mark.usefixtures("town", "still")
async def test_for_a_second_all_who_ask_the_same_get_the_same_for_one_statement(
    app: FastAPI, api: Api, world: World, statements: Counter
) -> None:
    app.state.answers = Answers(held_seconds=60)
    first = await ask(api, LEADER, "screen")
    await Loop(api, world).report()
    with statements(at_most=1):
        other = await ask(api, "supervisor", "screen")
    assert (other.content, other.headers["etag"]) == (first.content, first.headers["etag"])
    with statements(at_most=1):
        assert (await ask(api, LEADER, "screen", first)).status_code == 304
    app.state.answers = Answers(held_seconds=0)
    assert (await ask(api, LEADER, "screen", first)).status_code == 200


@pytest.mark.commits
@pytest.mark.usefixtures("town", "still")
async def test_who_asks_while_the_answer_is_worked_out_waits_for_it(
    app: FastAPI, api: Api, statements: Counter
) -> None:
    app.state.answers = Answers(held_seconds=60)
    with statements() as seen:
        replies = await asyncio.gather(*(ask(api, LEADER, "flow") for _number in range(6)))
    assert {reply.status_code for reply in replies} == {200}
    assert len({reply.content for reply in replies}) == 1
    assert sum("stat_cell" in sql for sql in seen.texts) == 1


async def test_who_would_wait_too_long_is_given_the_last_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polled, "PATIENCE_SECONDS", 0.01)
    answers = Answers()
    async with answers.turn("a") as last:
        assert last is None
        kept = answers.keep("a", "1", b"old")
        async with answers.turn("a") as given:
            assert given is kept
    async with answers.turn("a") as again:
        assert again is None, "there is room, so it is worked out"


async def test_a_first_answer_is_waited_for_however_long_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polled, "PATIENCE_SECONDS", 0)
    answers, order = Answers(), list[str]()

    async def work_out(name: str) -> None:
        async with answers.turn("a") as last:
            assert last is None
            order.append(name)
            await asyncio.sleep(0)

    await asyncio.gather(work_out("first"), work_out("second"))
    assert order == ["first", "second"]


async def test_answers_that_were_not_asked_for_longest_go_first() -> None:
    answers = Answers(most_bytes=10, held_seconds=60)
    for question in ("a", "b"):
        answers.keep(question, question, b"12345")
    assert answers.still("a", "a")
    answers.keep("c", "c", b"12345")
    assert [bool(answers.fresh(question)) for question in ("a", "b", "c")] == [True, False, True]


@pytest.mark.usefixtures("town")
async def test_the_flow_shows_where_tickets_are(api: Api) -> None:
    stages = {row["stage"]: row for row in (await told(api, LEADER, "flow"))["stages"]}
    assert {name: row["open"] for name, row in stages.items()} == {
        "report": 1,
        "route": 1,
        "handle": 1,
        "revisit": 0,
        "close": 0,
    }
    assert (stages["report"]["entered"], stages["close"]["entered"]) == (4, 1)


@pytest.mark.usefixtures("town")
async def test_every_kpi_comes_with_what_it_was_divided_from_and_null_for_nothing(api: Api) -> None:
    found = {item["code"]: item for item in (await told(api, LEADER, "kpis"))["items"]}
    assert found.keys() == KPIS.keys()
    assert (found["reports"]["value"], found["reports"]["denominator"]) == (4, None)
    assert (found["satisfaction_rate"]["numerator"], found["satisfaction_rate"]["denominator"]) == (1, 1)
    nothing = found["mediation_success"]
    assert (nothing["value"], nothing["numerator"], nothing["denominator"]) == (None, 0, 0)


@pytest.mark.usefixtures("town")
@pytest.mark.parametrize(
    ("by", "rows"),
    [
        ("area", {"儒林社区": 3, "河清村": 1}),
        ("source", {"网格巡查": 4}),
        ("category", {"暴露垃圾": 4}),
        ("worker", {"关小勤": 2, "刘二格": 1, "张河清": 1}),
    ],
)
async def test_a_breakdown_adds_up_to_the_whole(api: Api, by: str, rows: dict[str, int]) -> None:
    found = await told(api, LEADER, "breakdown", by=by, kpis="reports")
    assert {row["name"]: row["figures"][0]["value"] for row in found["rows"]} == rows


@pytest.mark.usefixtures("town")
async def test_the_map_has_every_grid_with_its_outline_and_its_figures(api: Api, world: World) -> None:
    found = await told(api, LEADER, "map", period="today")
    figures = {one["properties"]["name"]: one["properties"] for one in found["features"]}
    assert {name: row["open"] for name, row in figures.items()} == {
        "儒林第一网格": 1,
        "儒林第二网格": 1,
        "河清第一网格": 1,
        "河清第二网格": 0,
    }
    assert figures["儒林第一网格"]["closed"] == 1
    outline = next(one for one in found["features"] if one["properties"]["name"] == "儒林第一网格")
    west, south = world.places["grid_a1"].corner or (0, 0)
    assert [round(west, 5), round(south, 5)] in outline["geometry"]["coordinates"][0]
    without = await told(api, LEADER, "map", period="today", geometry="false")
    assert {one["geometry"] for one in without["features"]} == {None}
    shapes = await told(api, LEADER, "shapes")
    assert [one["geometry"] for one in shapes["features"]] == [one["geometry"] for one in found["features"]]


@pytest.mark.usefixtures("town", "still")
async def test_outlines_stay_304_while_tickets_move_and_change_when_an_area_does(
    api: Api, world: World
) -> None:
    seen = await ask(api, LEADER, "shapes")
    await Loop(api, world).report()
    assert (await ask(api, LEADER, "shapes", seen)).status_code == 304
    grid = world.places["grid_a1"].id
    changed = await api.as_("system_admin").patch(f"/v1/areas/{grid}", json={"name": "新名网格"})
    assert changed.status_code == 200, changed.text
    fresh = await ask(api, LEADER, "shapes", seen)
    assert "新名网格" in fresh.text


@pytest.mark.usefixtures("town")
async def test_a_screen_answers_each_question_as_its_own_address_does(api: Api) -> None:
    found = (await told(api, LEADER, "screen"))["answers"]
    assert found.keys() == {question.name for question in STANDARD.questions}
    for question in STANDARD.questions:
        params = question.model_dump(mode="json", exclude={"name", "kind"}, exclude_none=True)
        alone = await told(api, LEADER, question.kind, **params)
        assert strip(found[question.name]) == strip(alone), question.kind


def strip(answer: Any) -> Any:
    """An answer without the moment of the feed."""
    return {name: value for name, value in answer.items() if name != "as_of"}


async def test_a_screens_questions_are_refused_with_the_place_that_is_wrong(api: Api) -> None:
    twice = {"questions": [{"name": "a", "kind": "flow"}, {"name": "a", "kind": "live"}]}
    for wrong in ("{", "[]", json.dumps(twice), json.dumps({"questions": [{"name": "a", "kind": "no"}]})):
        reply = await ask(api, LEADER, "screen", ask=wrong)
        assert reply.status_code in {400, 422}, wrong
    problem = problem_in(await ask(api, LEADER, "screen", ask='{"questions": []}'), 422, "invalid")
    assert problem["errors"][0]["field"] == "query.ask.questions"


@pytest.mark.usefixtures("town")
@pytest.mark.parametrize("path", [*PATHS, "shapes"])
async def test_what_lies_outside_the_callers_reach_is_not_there(api: Api, world: World, path: str) -> None:
    if path != "screen":
        for who, area in ((LEADER, "town_b"), (LEADER, "county"), ("village_admin", "village_b")):
            problem_in(await ask(api, who, path, area_id=world.places[area].id), 404, "not_found")
        problem_in(await ask(api, "dept_head", path, org_id=world.orgs["fire"].id), 404, "not_found")
    for who in ("grid_assistant", "system_admin", "auditor", "former"):
        problem_in(await ask(api, who, path), 403, "forbidden")


@pytest.mark.usefixtures("town")
async def test_each_sees_the_figures_of_their_own_reach(api: Api, world: World) -> None:
    reports = {
        who: (await told(api, who, "kpis", kpis="reports"))["items"][0]["value"]
        for who in (
            LEADER,
            "village_admin",
            "village_admin_b",
            "grid_worker",
            "grid_worker_c",
            "statistician",
        )
    }
    assert reports == {
        LEADER: 4,
        "village_admin": 3,
        "village_admin_b": 1,
        "grid_worker": 2,
        "grid_worker_c": 1,
        "statistician": 4,
    }
    narrowed = await told(api, LEADER, "kpis", kpis="reports", area_id=world.places["village_b"].id)
    assert narrowed["items"][0]["value"] == 1
    assert (await told(api, "dept_head", "kpis", kpis="results"))["items"][0]["value"] == 1


@pytest.mark.usefixtures("town", "still")
async def test_nobody_gets_the_kept_answer_of_somebody_with_another_reach(api: Api) -> None:
    whole = await ask(api, LEADER, "flow")
    part = await ask(api, "village_admin", "flow")
    assert whole.headers["etag"] != part.headers["etag"]
    assert whole.json() != part.json()
    assert (await ask(api, "village_admin", "flow", whole)).status_code == 200
    same = await ask(api, "supervisor", "flow")
    assert same.content == whole.content


async def test_the_live_feed_tells_the_last_steps_without_anybody(api: Api, world: World) -> None:
    loop = Loop(api, world)
    await loop.to("processing")
    items = (await told(api, LEADER, "live"))["items"]
    assert [item["action"] for item in items] == ["sign", "dispatch", "accept", "report"]
    assert {item["no"] for item in items} == {
        (await api.as_(LEADER).get(f"/v1/tickets/{loop.id}")).json()["no"]
    }
    for hidden in ("关", "梁经办", "吴调度", "建筑垃圾", "13812345678", "沙龙路"):
        assert hidden not in str(items), hidden


@pytest.mark.parametrize("who", [LEADER, "dispatcher", "dept_head"])
async def test_trap_9_a_confidential_ticket_never_runs_over_the_live_feed(
    api: Api, world: World, who: str
) -> None:
    open_one, secret = Loop(api, world), Loop(api, world)
    await open_one.to("processing")
    await secret.report(confidential=True)
    await secret.to("processing")
    items = (await told(api, who, "live"))["items"]
    assert {item["ticket_id"] for item in items} == {open_one.id}


@pytest.mark.parametrize("step", ["sign", "close"])
@pytest.mark.parametrize(("who", "whose"), [("village_admin_b", "village_b"), (LEADER, "town")])
async def test_a_quiet_place_is_not_silent_beside_a_busy_one_however_old_its_tickets(
    api: Api, world: World, monkeypatch: pytest.MonkeyPatch, who: str, whose: str, step: str
) -> None:
    monkeypatch.setattr("app.services.stats.live._LOOKED_AT", 3)
    monkeypatch.setattr("app.services.stats.live._LAST_MOVED", 1)
    busy, area = "grid_a1" if whose == "village_b" else "grid_c1", str(world.places["grid_b1"].id)
    by = "grid_worker" if whose == "village_b" else "grid_worker_c"
    old, *others = [Loop(api, world) for _number in range(4)]
    await old.report("grid_worker_b", area_id=area, location=None)
    await old.to("dispatched" if step == "sign" else "resolved")
    newer = Loop(api, world)
    await newer.report("grid_worker_b", area_id=area, location=None)
    await old.to("processing" if step == "sign" else "closed")
    for loop in others:
        await loop.report(by, area_id=str(world.places[busy].id), location=None)
    first = (await told(api, who, "live"))["items"]
    items = [item for item in first if item["area"]["id"] == area]
    assert (items[0]["ticket_id"], items[0]["action"]) == (old.id, step)
