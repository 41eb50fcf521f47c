"""Visit plans over HTTP: their households, questionnaires, progress, the funnel, and the day's log."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.models.registry import Household
from tests.support import dwellings, households
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.tickets import Loop
from tests.support.visits import SOMETHING_HEARD, body, recorded
from tests.support.visits import URL as VISITS
from tests.support.world import World

URL = "/v1/visit-plans"
QUESTIONS: dict[str, Any] = {
    "type": "object",
    "properties": {"gas": {"type": "string", "enum": ["ok", "leak"]}, "alone": {"type": "boolean"}},
    "required": ["gas"],
    "additionalProperties": False,
}


def plan(world: World, **changed: Any) -> dict[str, Any]:
    """A plan of this month for the first village."""
    return {
        "title": "冬季用气安全走访",
        "programme": "special",
        "area_id": str(world.places["village_a"].id),
        "starts_on": (clock.today() - timedelta(days=1)).isoformat(),
        "due_on": (clock.today() + timedelta(days=30)).isoformat(),
        "assignee_ids": [str(world["grid_worker"].member_id)],
    } | changed


async def made(api: Api, sent: dict[str, Any], who: str = "village_admin") -> dict[str, Any]:
    """Make a plan that must be taken."""
    reply = await api.as_(who).post(URL, json=sent)
    assert reply.status_code == 201, reply.text
    stored: dict[str, Any] = reply.json()
    return stored


@pytest.fixture
async def homes(session: AsyncSession, world: World) -> list[Household]:
    """Two households in the first grid, one in the second, one in the village next door."""
    keys = ("grid_a1", "grid_a1", "grid_a2", "grid_b1")
    return [
        await households.add(session, world, world.places[key], number) for number, key in enumerate(keys)
    ]


async def test_progress_counts_each_household_once_and_only_effective_visits_as_done(
    api: Api, world: World, homes: list[Household]
) -> None:
    stored = await made(api, plan(world))
    assert stored["progress"] == {
        "households": 3,
        "visited": 0,
        "effective": 0,
        "done": {"numerator": 0, "denominator": 3, "rate": 0.0},
    }
    for sent in (
        body(world, homes[0], plan_id=stored["id"]),
        body(world, homes[0], plan_id=stored["id"]),
        body(world, homes[1], plan_id=stored["id"], location=None),
    ):
        await recorded(api, "grid_worker", sent)
    reply = await api.as_("grid_worker").get(f"{URL}/{stored['id']}")
    progress = reply.json()["progress"]
    assert (progress["visited"], progress["effective"]) == (2, 1)
    assert progress["done"]["numerator"] == 1
    left = await api.as_("village_admin").get(f"{VISITS}/due", params={"plan_id": stored["id"]})
    assert {item["id"] for item in left.json()["items"]} == {str(homes[1].id), str(homes[2].id)}


async def test_a_plan_without_households_has_no_rate(api: Api, world: World) -> None:
    stored = await made(api, plan(world))
    assert stored["progress"]["done"] == {"numerator": 0, "denominator": 0, "rate": None}


async def test_a_quota_is_done_when_it_is_reached_and_never_more_than_done(
    api: Api, world: World, homes: list[Household]
) -> None:
    stored = await made(api, plan(world, quota=1))
    for home in homes[:2]:
        await recorded(api, "grid_worker", body(world, home, plan_id=stored["id"]))
    reply = await api.as_("village_admin").get(f"{URL}/{stored['id']}")
    assert reply.json()["progress"]["done"] == {"numerator": 1, "denominator": 1, "rate": 1.0}


@pytest.mark.usefixtures("homes")
async def test_a_plan_by_tag_means_where_somebody_with_it_lives_and_never_tells_of_health(
    api: Api, world: World
) -> None:
    home = await dwellings.household(api, "grid_worker", world.places["grid_a1"])
    url = f"/v1/residents/{home['people'][0]['resident_id']}/tags"
    for tag in ("living_alone", "disabled"):
        assert (await api.as_("grid_worker").post(url, json={"code": tag})).status_code == 201
    by_tag = plan(world, scope="tag", tags=["living_alone", "veteran"])
    stored = await made(api, by_tag)
    assert (stored["progress"]["households"], stored["tags"]) == (1, ["living_alone", "veteran"])
    due = await api.as_("grid_worker").get(f"{VISITS}/due", params={"plan_id": stored["id"]})
    assert [item["id"] for item in due.json()["items"]] == [home["id"]]
    client = api.as_("village_admin")
    told = await client.post(URL, json=by_tag | {"tags": ["disabled"]})
    problem_in(told, 422, "invalid", "body.tags")
    problem_in(await client.post(URL, json=by_tag | {"tags": []}), 422, "invalid")
    problem_in(await client.post(URL, json=by_tag | {"scope": "area"}), 422, "invalid")


async def test_a_plan_by_care_level_or_by_list_means_those_households_alone(
    api: Api, world: World, homes: list[Household]
) -> None:
    care = {"household_id": str(homes[1].id), "category": "low_income", "care_level": "red"}
    assert (await api.as_("grid_worker").post("/v1/care-objects", json=care)).status_code == 201
    by_care = await made(api, plan(world, scope="care", care_levels=["red"]))
    by_list = await made(api, plan(world, scope="list", household_ids=[str(homes[2].id)]))
    assert [one["progress"]["households"] for one in (by_care, by_list)] == [1, 1]
    outside = plan(world, scope="list", household_ids=[str(homes[3].id)])
    problem_in(await api.as_("village_admin").post(URL, json=outside), 404, "not_found", "body.household_ids")
    wrong = await api.as_("grid_worker").post(VISITS, json=body(world, homes[0], plan_id=by_list["id"]))
    problem_in(wrong, 422, "invalid", "body.plan_id")


@pytest.mark.parametrize(
    ("who", "place", "status"),
    [
        ("grid_leader", "grid_a1", 201),
        ("dispatcher", "town", 201),
        ("grid_leader", "village_a", 404),
        ("village_admin", "village_b", 404),
        ("grid_worker", "grid_a1", 403),
        ("leader_viewer", "town", 403),
    ],
)
async def test_plans_are_made_by_leaders_for_their_own_areas(
    api: Api, world: World, who: str, place: str, status: int
) -> None:
    sent = plan(world, area_id=str(world.places[place].id), assignee_ids=[])
    assert (await api.as_(who).post(URL, json=sent)).status_code == status


async def test_who_carries_a_plan_out_sees_it_and_the_next_village_does_not(api: Api, world: World) -> None:
    stored = await made(api, plan(world))
    mine = await api.as_("grid_worker").get(URL, params={"mine": True})
    assert [item["id"] for item in mine.json()["items"]] == [stored["id"]]
    assert (await api.as_("grid_worker_a2").get(f"{URL}/{stored['id']}")).status_code == 200
    problem_in(await api.as_("grid_worker_b").get(f"{URL}/{stored['id']}"), 404, "not_found")
    assert (await api.as_("grid_worker_b").get(URL)).json()["items"] == []


async def test_a_plan_changes_at_its_version_and_takes_no_visits_after_its_end(
    api: Api, world: World, homes: list[Household]
) -> None:
    stored = await made(api, plan(world))
    url, client = f"{URL}/{stored['id']}", api.as_("village_admin")
    changed = await client.patch(url, json={"assignee_ids": []}, headers={"If-Match": '"1"'})
    assert (changed.json()["assignees"], changed.headers["etag"]) == ([], '"2"')
    problem_in(await client.patch(url, json={"quota": 2}, headers={"If-Match": '"1"'}), 412, "stale_version")
    too_early = (clock.today() - timedelta(days=2)).isoformat()
    problem_in(await client.patch(url, json={"due_on": too_early}), 422, "invalid", "body.due_on")
    assert (await client.post(f"{url}/end")).json()["ended_at"]
    problem_in(await client.post(f"{url}/end"), 409, "visit_plan_ended")
    late = await api.as_("grid_worker").post(VISITS, json=body(world, homes[0], plan_id=stored["id"]))
    problem_in(late, 422, "invalid", "body.plan_id")


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        (None, "body.answers.gas"),
        ({}, "body.answers.gas"),
        ({"gas": "unsure"}, "body.answers.gas"),
        ({"gas": "ok", "alone": "yes"}, "body.answers.alone"),
        ({"gas": "ok", "pets": 3}, "body.answers.pets"),
    ],
)
async def test_answers_that_do_not_fit_the_questionnaire_are_refused_by_field(
    api: Api, world: World, homes: list[Household], answers: dict[str, Any] | None, field: str
) -> None:
    stored = await made(api, plan(world, questionnaire=QUESTIONS))
    sent = body(world, homes[0], plan_id=stored["id"], answers=answers)
    problem_in(await api.as_("grid_worker").post(VISITS, json=sent), 422, "invalid", field)


async def test_answers_are_kept_and_nobody_met_answers_nothing(
    api: Api, world: World, homes: list[Household]
) -> None:
    stored = await made(api, plan(world, questionnaire=QUESTIONS))
    given = {"gas": "ok", "alone": True}
    visit = await recorded(api, "grid_worker", body(world, homes[0], plan_id=stored["id"], answers=given))
    assert visit["answers"] == given
    sent = body(world, homes[1], plan_id=stored["id"], result="not_met")
    assert (await recorded(api, "grid_worker", sent))["answers"] is None
    unasked = body(world, homes[0], answers=given)
    problem_in(await api.as_("grid_worker").post(VISITS, json=unasked), 422, "invalid", "body.answers")


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "array"},
        {"type": "object", "properties": {"x": {"type": "no such type"}}},
        {"type": "object", "properties": {"x": {"$ref": "https://example.org/x"}}},
        {"type": "object", "properties": {"x": {"pattern": "(a+)+$"}}},
        {"type": "object", "title": "\x00"},
        {"type": "object", "properties": {"x": {"multipleOf": 0.1}}},
        {"type": "object", "properties": {"x": {"allOf": [{"not": {}} for _turn in range(21)]}}},
        {"type": "object", "$defs": {"x": {"type": "string"}}},
    ],
)
async def test_a_questionnaire_that_is_none_or_could_do_harm_is_refused(
    api: Api, world: World, schema: dict[str, Any]
) -> None:
    reply = await api.as_("village_admin").post(URL, json=plan(world, questionnaire=schema))
    problem_in(reply, 422, "invalid", "body.questionnaire")


async def test_a_question_may_be_called_like_a_keyword(api: Api, world: World) -> None:
    schema = {"type": "object", "properties": {"format": {"type": "string"}}}
    assert (await made(api, plan(world, questionnaire=schema)))["questionnaire"] == schema


async def test_the_funnel_leads_from_visits_to_what_was_solved(
    api: Api, world: World, homes: list[Household]
) -> None:
    kinds = [SOMETHING_HEARD] * 3 + [{"content": "楼道灯已换", "outcome": "settled"}, {"content": "谢谢"}]
    visit = await recorded(api, "grid_worker", body(world, homes[0], opinions=kinds))
    await recorded(api, "grid_worker", body(world, homes[1], location=None))
    first, second, _third = (one["ticket_id"] for one in visit["opinions"][:3])
    loop = Loop(api, world)
    loop.id, loop.status = first, "reported"
    await loop.to("evaluating")
    for who, step in list(loop.story())[5:]:
        await loop.act(who, **step)
    loop.id = second
    await loop.act("dispatcher", action="reject", reason="no_substance", opinion="没有实质内容")
    seen = (await api.as_("leader_viewer").get(f"{VISITS}/funnel")).json()
    assert (seen["visits"], seen["effective_visits"], seen["visits_with_opinion"]) == (2, 1, 1)
    kinds_seen = {kind: seen[kind] for kind in ("opinions", "settled", "noted", "reported")}
    assert kinds_seen == {"opinions": 5, "settled": 1, "noted": 1, "reported": 3}
    fates = {kind: seen[kind] for kind in ("undecided", "refused", "accepted", "open", "solved", "unsolved")}
    assert fates == {"undecided": 1, "refused": 1, "accepted": 1, "open": 0, "solved": 1, "unsolved": 0}
    assert seen["acceptance_rate"] == {"numerator": 1, "denominator": 2, "rate": 0.5}
    assert seen["solved_rate"] == {"numerator": 1, "denominator": 1, "rate": 1.0}
    other = (await api.as_("village_admin_b").get(f"{VISITS}/funnel")).json()
    assert (other["visits"], other["solved_rate"]["rate"]) == (0, None)
    problem_in(await api.as_("api_client").get(f"{VISITS}/funnel"), 403, "forbidden")


async def test_the_days_log_is_what_was_done_and_nobody_types_it(
    api: Api, world: World, homes: list[Household]
) -> None:
    now = clock.now().isoformat()
    sent = body(world, homes[0], occurred_at=now, opinions=[SOMETHING_HEARD])
    await recorded(api, "grid_worker", sent)
    await recorded(api, "grid_worker", body(world, homes[1], occurred_at=now, result="not_met"))
    await Loop(api, world).report()
    log = (await api.as_("grid_worker").get("/v1/daily-log")).json()
    figures = ("visits", "effective_visits", "households", "minutes", "opinions", "tickets_reported")
    assert [log[figure] for figure in figures] == [2, 1, 2, 20, 1, 2]
    assert {one["address"] for one in log["visited"]} == {home.address for home in homes[:2]}
    member_id = str(world["grid_worker"].member_id)
    theirs = await api.as_("village_admin").get("/v1/daily-log", params={"member_id": member_id})
    assert theirs.json() == log
    for who in ("grid_assistant", "village_admin_b"):
        reply = await api.as_(who).get("/v1/daily-log", params={"member_id": member_id})
        problem_in(reply, 404, "not_found")
    yesterday = (clock.today() - timedelta(days=1)).isoformat()
    assert (await api.as_("grid_worker").get("/v1/daily-log", params={"on": yesterday})).json()["visits"] == 0
