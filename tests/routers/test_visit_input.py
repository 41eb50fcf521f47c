"""Visits that cannot be: every refusal is in Chinese and names the field; nothing is stored."""

import time
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.ids import uuid7
from app.models.registry import Household
from app.models.visit import Visit
from tests.support import households
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.visits import SOMETHING_HEARD, URL, at, body, recorded
from tests.support.world import World

PLANS = "/v1/visit-plans"
QUICKLY = 2.0


@pytest.fixture
async def home(session: AsyncSession, world: World) -> Household:
    """A household of the first grid."""
    return await households.add(session, world, world.places["grid_a1"], 1)


async def planned(api: Api, world: World, **changed: Any) -> str:
    """The id of a plan for the first village that began yesterday."""
    day = clock.today() - timedelta(days=1)
    sent = {"title": "冬季走访", "programme": "grid", "area_id": str(world.places["village_a"].id)}
    sent |= {"starts_on": day.isoformat(), "due_on": (day + timedelta(days=30)).isoformat()}
    made = await api.as_("village_admin").post(PLANS, json=sent | changed)
    assert made.status_code == 201, made.text
    plan_id: str = made.json()["id"]
    return plan_id


def hours(later: float) -> str:
    return (clock.now() + timedelta(hours=later)).isoformat()


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"household_id": str(uuid7())}, "body.household_id"),
        ({"occurred_at": hours(2)}, "body.occurred_at"),
        ({"occurred_at": "2026-11-01T09:00:00"}, "body.occurred_at"),
        ({"duration_s": -1}, "body.duration_s"),
        ({"location": {"lng": 113.0, "lat": 22.8}}, "body.location.coord_type"),
        ({"location": {"lng": 22.8, "lat": 113.0, "coord_type": "wgs84"}}, "body.location"),
        ({"plan_id": str(uuid7())}, "body.plan_id"),
        ({"answers": {"gas": "ok"}}, "body.answers"),
        ({"companion_ids": [str(uuid7())]}, "body.companion_ids"),
        ({"attachment_ids": [str(uuid7())]}, "body.attachment_ids"),
        ({"visit_type": "holiday"}, "body.visit_type"),
        ({"content": "\x00"}, "body.content"),
        ({"opinions": [{"content": "路灯", "outcome": "ticket"}]}, "body.opinions.0"),
    ],
)
async def test_a_visit_that_cannot_be_is_refused_with_its_field_in_chinese(
    api: Api, session: AsyncSession, world: World, home: Household, changed: dict[str, Any], field: str
) -> None:
    reply = await api.as_("grid_worker").post(URL, json=body(world, home) | changed)
    assert reply.status_code in {404, 422}, reply.text
    problem = problem_in(reply, reply.status_code, reply.json()["code"])
    (error,) = [each for each in problem["errors"] if each["field"].startswith(field)]
    assert any("一" <= character <= "鿿" for character in error["message"]), error
    assert await session.scalar(select(func.count()).select_from(Visit)) == 0


async def test_a_household_that_ended_is_visited_no_more(
    api: Api, session: AsyncSession, world: World
) -> None:
    gone = await households.add(session, world, world.places["grid_a1"], 2, ended_on=clock.today())
    reply = await api.as_("grid_worker").post(URL, json=body(world, gone))
    problem_in(reply, 422, "invalid", "body.household_id")


async def test_a_visit_far_away_is_kept_with_its_distance_and_does_not_count(
    api: Api, world: World, home: Household
) -> None:
    far = at(world) | {"lat": at(world)["lat"] + 1}
    visit = await recorded(api, "grid_worker", body(world, home, location=far))
    assert (visit["is_effective"], visit["lacks"]) == (False, ["nearness"])
    assert visit["distance_m"] > 100_000


async def test_only_those_who_carry_a_plan_out_record_visits_for_it(
    api: Api, world: World, home: Household
) -> None:
    plan_id = await planned(api, world, assignee_ids=[str(world["grid_leader"].member_id)])
    sent = body(world, home, plan_id=plan_id)
    problem_in(await api.as_("grid_worker").post(URL, json=sent), 422, "invalid", "body.plan_id")
    along = sent | {"companion_ids": [str(world["grid_leader"].member_id)]}
    assert (await recorded(api, "grid_worker", along))["plan_id"] == plan_id
    anybody = await planned(api, world)
    assert (await recorded(api, "grid_worker", sent | {"plan_id": anybody}))["plan_id"] == anybody


async def test_a_visit_before_a_plan_began_is_none_of_it(api: Api, world: World, home: Household) -> None:
    plan_id = await planned(api, world)
    early = body(world, home, plan_id=plan_id, occurred_at=hours(-72))
    problem_in(await api.as_("grid_worker").post(URL, json=early), 422, "invalid", "body.plan_id")


async def test_a_ticket_tells_the_visit_it_came_from_and_not_to_who_may_not_know_who_reported(
    api: Api, world: World, home: Household
) -> None:
    secret = SOMETHING_HEARD | {"ticket": SOMETHING_HEARD["ticket"] | {"confidential": True}}
    visit = await recorded(api, "grid_worker", body(world, home, opinions=[SOMETHING_HEARD, secret]))
    for opinion in visit["opinions"]:
        ticket = (await api.as_("dispatcher").get(f"/v1/tickets/{opinion['ticket_id']}")).json()
        assert ticket["visit_id"] == visit["id"]
    other = await api.as_("grid_worker").post(
        "/v1/tickets",
        json={
            "title": "路灯不亮",
            "content": "村口路灯不亮",
            "category_code": "0501",
            "area_id": str(world.places["grid_a1"].id),
            "address": "村口",
        },
    )
    assert other.json()["visit_id"] is None


async def test_long_answers_to_a_tricky_questionnaire_are_judged_quickly(
    api: Api, world: World, home: Household
) -> None:
    tricky = {"anyOf": [{"type": "string", "minLength": number + 50} for number in range(20)]}
    schema = {"type": "object", "properties": {"x": {"type": "array", "items": tricky}}}
    plan_id = await planned(api, world, questionnaire=schema)
    sent = body(world, home, plan_id=plan_id, answers={"x": [0] * 10_000})
    started = time.monotonic()
    problem_in(await api.as_("grid_worker").post(URL, json=sent), 422, "invalid", "body.answers.x.0")
    assert time.monotonic() - started < QUICKLY
    deep: dict[str, Any] = {"type": "object"}
    for _level in range(7):
        deep = {"type": "object", "properties": {"x": deep}}
    refused = await api.as_("village_admin").post(
        PLANS,
        json={
            "title": "深",
            "programme": "grid",
            "area_id": str(world.places["village_a"].id),
            "starts_on": clock.today().isoformat(),
            "due_on": clock.today().isoformat(),
            "questionnaire": deep,
        },
    )
    problem_in(refused, 422, "invalid", "body.questionnaire")
