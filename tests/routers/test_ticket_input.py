"""Bad input to the tickets' addresses: the field is named in the caller's language, and nothing changes."""

import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.ids import uuid7
from app.models.enums import Action
from app.services.tickets.commands import ACTIONS, MODELS
from tests.support import steps
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.tickets import Loop
from tests.support.unchanged import checksums
from tests.support.world import World

CHINESE = re.compile(r"[\u4e00-\u9fff]")
ENGLISH = {"Accept-Language": "en-GB,en;q=0.9,zh;q=0.5"}
JSON = {"Content-Type": "application/json"}
NEXT_YEAR = (clock.now() + timedelta(days=365)).isoformat()
NO_TEXTS = {"a lone surrogate": "垃圾\ud800", "NUL": "垃圾\x00", "nothing": "  ", "a control": "a\x1bb"}
NO_MOMENTS = {
    "year 1900": "1900-01-01T00:00:00+08:00",
    "next year": NEXT_YEAR,
    "naive": "2026-01-31T08:30:00",
    "no date": "2026-02-30T08:30:00+08:00",
}
POINT = {"lng": 113.005, "lat": 22.835, "coord_type": "wgs84"}
# What is changed in a good report, and the field that the problem names.
WRONG_REPORTS: dict[str, tuple[dict[str, Any], str]] = {
    **{f"a title with {name}": ({"title": text}, "body.title") for name, text in NO_TEXTS.items()},
    **{f"content with {name}": ({"content": text}, "body.content") for name, text in NO_TEXTS.items()},
    **{f"an address with {name}": ({"address": text}, "body.address") for name, text in NO_TEXTS.items()},
    **{
        f"a contact's name with {name}": ({"contact": {"name": text}}, "body.contact.name")
        for name, text in NO_TEXTS.items()
    },
    **{f"time: {name}": ({"occurred_at": moment}, "body.occurred_at") for name, moment in NO_MOMENTS.items()},
    "a title of two lines": ({"title": "一\n二"}, "body.title"),
    "a title of 201 characters": ({"title": "长" * 201}, "body.title"),
    "content of 4,001 characters": ({"content": "长" * 4001}, "body.content"),
    "a title that is a number": ({"title": 7}, "body.title"),
    "no title": ({"title": None}, "body.title"),
    "an unknown field": ({"reporter_id": str(uuid7())}, "body.reporter_id"),
    "an unknown source": ({"source": "rumour"}, "body.source"),
    "an unknown urgency": ({"urgency": 1}, "body.urgency"),
    "a category of letters": ({"category_code": "abcd"}, "body.category_code"),
    "a class instead of a category": ({"category_code": "05"}, "body.category_code"),
    "an id that is none": ({"id": "1"}, "body.id"),
    "a landline as mobile": ({"contact": {"phone": "075786521234"}}, "body.contact.phone"),
    "no datum": ({"location": {"lng": 113.005, "lat": 22.835}}, "body.location.coord_type"),
    "swapped coordinates": ({"location": {**POINT, "lng": 22.835, "lat": 113.005}}, "body.location.lat"),
    "swapped within both ranges": ({"location": {**POINT, "lng": 23.1, "lat": 87.6}}, "body.location"),
    "null island": ({"location": {**POINT, "lng": 0, "lat": 0}}, "body.location"),
    "a point in the sea of Japan": ({"location": {**POINT, "lng": 139.7, "lat": 35.6}}, "body.location"),
    "no number": ({"location": {**POINT, "lng": "east"}}, "body.location.lng"),
    "infinity": ({"location": {**POINT, "lat": 1e999}}, "body.location.lat"),
}


@pytest.fixture
async def loop(api: Api, world: World) -> Loop:
    """A ticket that is there already, accepted."""
    loop = Loop(api, world)
    await loop.to("accepted")
    return loop


@pytest.fixture
async def untouched(session: AsyncSession, loop: Loop) -> AsyncIterator[None]:
    """Every table is the same after the test."""
    assert loop.id
    before = await checksums(session)
    yield
    after = await checksums(session)
    assert {name for name in before if before[name] != after[name]} == set()


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(("change", "field"), WRONG_REPORTS.values(), ids=WRONG_REPORTS)
async def test_a_wrong_report_is_refused_with_the_name_of_the_field(
    api: Api, loop: Loop, change: dict[str, Any], field: str
) -> None:
    await refused(api, "/v1/tickets", loop.body(**change), 422, "invalid", field, who="grid_worker")


@pytest.mark.usefixtures("untouched")
async def test_an_unknown_category_is_refused_wherever_one_is_given(api: Api, loop: Loop) -> None:
    for code in ("0001", "9998"):
        wrong = loop.body(category_code=code)
        await refused(
            api, "/v1/tickets", wrong, 422, "unknown_category", "body.category_code", who="grid_worker"
        )


async def test_an_unknown_category_is_refused_at_acceptance(
    api: Api, world: World, session: AsyncSession
) -> None:
    loop = Loop(api, world)
    await loop.report()
    before = await checksums(session)
    wrong = {"action": "accept", "category_code": "9998"}
    await refused(api, loop_actions(loop), wrong, 422, "unknown_category", "body.category_code")
    assert await checksums(session) == before


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("place", ["village_c", "grid_c1", "town_b", "county", "nowhere"])
async def test_another_area_is_not_found_whether_or_not_it_exists(
    api: Api, world: World, loop: Loop, place: str
) -> None:
    area_id = str(world.places[place].id if place in world.places else uuid7())
    wrong = loop.body(area_id=area_id)
    await refused(api, "/v1/tickets", wrong, 404, "not_found", "body.area_id", who="grid_worker")


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("place", ["village_c", "town_b", "nowhere"])
async def test_a_list_of_another_area_is_not_found(api: Api, world: World, place: str) -> None:
    area_id = str(world.places[place].id if place in world.places else uuid7())
    for headers in ({}, ENGLISH):
        reply = await api.as_("dispatcher").get("/v1/tickets", params={"area_id": area_id}, headers=headers)
        problem_in(reply, 404, "not_found", "query.area_id")


@pytest.mark.usefixtures("untouched")
async def test_a_household_of_another_grid_is_refused(api: Api, loop: Loop) -> None:
    wrong = loop.body(household_id=str(uuid7()))
    await refused(api, "/v1/tickets", wrong, 422, "invalid", "body.household_id", who="grid_worker")


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("action", [action for action in ACTIONS if len(MODELS[action].model_fields) > 2])
async def test_an_action_names_every_field_that_it_misses(api: Api, loop: Loop, action: Action) -> None:
    reply = await api.as_("dispatcher").post(loop_actions(loop), json={"action": action, "nonsense": 1})
    problem = problem_in(reply, 422, "invalid", f"body.{action}.nonsense")
    missing = {error["field"] for error in problem["errors"] if error["code"] == "missing"}
    required = {name for name, field in MODELS[action].model_fields.items() if field.is_required()}
    assert missing == {f"body.{action}.{name}" for name in required - {"action"}}


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("text", NO_TEXTS.values(), ids=NO_TEXTS)
async def test_no_action_takes_a_text_that_cannot_be_kept(
    api: Api, world: World, loop: Loop, action: Action, text: str
) -> None:
    good = steps.body(action, world)
    for name, value in good.items():
        if value == steps.TEXT:
            await refused(
                api, loop_actions(loop), {**good, name: text}, 422, "invalid", f"body.{action}.{name}"
            )


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("moment", NO_MOMENTS.values(), ids=NO_MOMENTS)
async def test_an_absurd_device_time_is_refused_at_a_step(
    api: Api, world: World, loop: Loop, moment: str
) -> None:
    wrong = {"action": "dispatch", "org_id": str(world.orgs["urban"].id), "occurred_at": moment}
    await refused(api, loop_actions(loop), wrong, 422, "invalid", "body.dispatch.occurred_at")


@pytest.mark.usefixtures("untouched")
async def test_an_unknown_or_missing_action_is_refused(api: Api, loop: Loop) -> None:
    for wrong in ({"action": "explode"}, {"action": 7}, {"action": "report"}, {}):
        await refused(api, loop_actions(loop), wrong, 422, "invalid", "body")


@pytest.mark.usefixtures("untouched")
async def test_an_action_that_the_state_refuses_says_what_is_possible(api: Api, loop: Loop) -> None:
    for headers in ({}, ENGLISH):
        reply = await api.as_("dispatcher").post(
            loop_actions(loop), json={"action": "close"}, headers=headers
        )
        problem = problem_in(reply, 409, "illegal_transition")
        offered = {entry["action"]: entry["needs"] for entry in problem["allowed_actions"]}
        assert offered.keys() == {
            "dispatch", "return_for_info", "reject", "merge", "escalate", "change", "urge", "supervise",
            "comment", "void",
        }  # fmt: skip
        assert {need["field"] for need in offered["dispatch"] if need["required"]} == {"org_id"}
        assert bool(CHINESE.search(problem["detail"])) == (not headers)


@pytest.mark.usefixtures("untouched")
async def test_an_action_of_somebody_else_says_whose_it_is(api: Api, loop: Loop) -> None:
    reply = await api.as_("village_admin").post(
        loop_actions(loop), json={"action": "reject", "reason": "not_ours", "opinion": "不属于本村"}
    )
    assert "镇街受理调度员" in problem_in(reply, 403, "not_your_action")["detail"]


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("version", ['"1"', 'W/"1"', '"7"', "3"])
async def test_a_stale_version_is_a_failed_precondition(
    api: Api, world: World, loop: Loop, version: str
) -> None:
    wrong = {"action": "dispatch", "org_id": str(world.orgs["urban"].id)}
    await refused(api, loop_actions(loop), wrong, 412, "stale_version", None, headers={"If-Match": version})


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("path", ["", "/{id}/actions"])
async def test_a_body_that_is_no_json_or_too_large_is_refused(
    api: Api, app: FastAPI, loop: Loop, path: str
) -> None:
    client = api.as_("dispatcher")
    for content in (b'{"title": ', b"\xff\xfe", b"title=x"):
        reply = await client.post(
            f"/v1/tickets{path.format(id=loop.id)}", content=content, headers={**JSON, "Idempotency-Key": "k"}
        )
        problem_in(reply, 400, "bad_request")
    large = json.dumps({"title": "x" * app.state.settings.max_body_bytes}).encode()
    reply = await client.post(f"/v1/tickets{path.format(id=loop.id)}", content=large, headers=JSON)
    problem_in(reply, 413, "body_too_large")


WRONG_QUERIES = {
    "limit 0": ({"limit": "0"}, "query.limit"),
    "limit 101": ({"limit": "101"}, "query.limit"),
    "limit of letters": ({"limit": "many"}, "query.limit"),
    "a broken cursor": ({"cursor": "????"}, "query.cursor"),
    "an unknown status": ({"status": "lost"}, "query.status"),
    "an unknown stage": ({"stage": "lost"}, "query.stage"),
    "an unknown order": ({"sort": "title"}, "query.sort"),
    "a category of one digit": ({"category": "5"}, "query.category"),
    "an area that is no id": ({"area_id": "440605121"}, "query.area_id"),
    "a naive time": ({"created_from": "2026-01-31T08:30:00"}, "query.created_from"),
    "a time of the year 1": ({"created_before": "0001-01-01T00:00:00Z"}, "query.created_before"),
}


@pytest.mark.parametrize(("query", "field"), WRONG_QUERIES.values(), ids=WRONG_QUERIES)
async def test_a_wrong_query_is_refused_with_the_name_of_the_parameter(
    api: Api, query: dict[str, str], field: str
) -> None:
    for headers in ({}, ENGLISH):
        reply = await api.as_("dispatcher").get("/v1/tickets", params=query, headers=headers)
        check_language(problem_in(reply, 422, "invalid", field), english=bool(headers))


def loop_actions(loop: Loop) -> str:
    """Where the ticket's steps are taken."""
    return f"/v1/tickets/{loop.id}/actions"


async def refused(
    api: Api,
    path: str,
    body: dict[str, Any],
    status: int,
    code: str,
    field: str | None,
    *,
    who: str = "dispatcher",
    headers: dict[str, str] | None = None,
) -> None:
    """The body is refused with this problem, in Chinese and, to whom prefers it, in English."""
    content = json.dumps(body).encode()
    for language in ({}, ENGLISH):
        reply: Response = await api.as_(who).post(
            path, content=content, headers={**JSON, **language, **(headers or {})}
        )
        check_language(problem_in(reply, status, code, field), english=bool(language))


def check_language(problem: dict[str, Any], *, english: bool) -> None:
    """Every text of the problem is in the one language."""
    texts = [problem["title"], problem["detail"], *(error["message"] for error in problem.get("errors", ()))]
    for text in texts:
        assert bool(CHINESE.search(text)) != english, text
