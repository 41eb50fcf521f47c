"""Rules of limits over HTTP: which one wins and why, and how the administrator keeps them."""

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import uuid7
from app.models.enums import ClockKind
from app.services.tickets import sla
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.statements import Counter
from tests.support.tickets import Loop
from tests.support.world import World

URL, LIMITS = "/v1/sla/policies", "/v1/sla/limits"
HANDLE = {"clock": "handle", "unit": "work_days", "amount": 3}


async def made(api: Api, **changed: Any) -> dict[str, Any]:
    reply = await api.as_("system_admin").post(URL, json=HANDLE | changed)
    assert reply.status_code == 201, reply.text
    policy: dict[str, Any] = reply.json()
    return policy


async def limit(api: Api, who: str = "dispatcher", **query: Any) -> dict[str, Any]:
    reply = await api.as_(who).get(LIMITS, params={"clock": "handle"} | query)
    assert reply.status_code == 200, reply.text
    answer: dict[str, Any] = reply.json()
    return answer


@pytest.mark.parametrize(
    ("clock", "urgency", "unit", "amount"),
    [
        ("accept", "critical", "wall_minutes", 15),
        ("handle", "normal", "work_days", 5),
        ("handle", "complex", "work_days", 15),
        ("contact", "critical", "wall_minutes", 30),
        ("contact", "urgent", "wall_minutes", 240),
        ("contact", "normal", "work_days", 1),
    ],
)
async def test_a_deployment_begins_with_the_default_limits_as_rules(
    api: Api, clock: str, urgency: str, unit: str, amount: int
) -> None:
    found = await limit(api, clock=clock, urgency=urgency)
    assert (found["unit"], found["amount"]) == (unit, amount)
    assert found["policy"]["urgency"] == urgency
    assert [tried["why"] for tried in found["tried"] if tried["matched"]] == ["won"]


async def test_the_most_specific_rule_wins_and_the_answer_says_why(
    api: Api, world: World, statements: Counter
) -> None:
    village, town = (str(world.places[key].id) for key in ("village_a", "town"))
    by_class = await made(api, category_code="05", amount=4)
    by_town = await made(api, area_id=town, amount=6)
    by_village = await made(api, area_id=village, amount=2)
    by_level = await made(api, org_level="town", amount=7)
    grid = str(world.places["grid_a1"].id)
    await limit(api)
    with statements(at_most=3):
        found = await limit(api, area_id=grid, org_level="town")
    assert (found["unit"], found["amount"], found["policy"]["id"]) == ("work_days", 2, by_village["id"])
    assert found["policy"]["area"]["name"] == world.places["village_a"].name
    told = [(tried["policy"]["id"], tried["why"]) for tried in found["tried"]]
    assert told[:3] == [
        (by_village["id"], "won"),
        (by_town["id"], "outranked"),
        (by_level["id"], "outranked"),
    ]
    assert (by_class["id"], "category") in told
    assert {why for _policy, why in told} == {"won", "outranked", "category", "urgency"}
    assert found["text"] == "按命中的规则：2 个工作日，比另外 3 条也符合的规则更具体"
    assert (await limit(api, area_id=grid, category="0501"))["policy"]["id"] == by_class["id"]
    next_door = await limit(api, area_id=str(world.places["grid_b1"].id), org_level="village")
    assert next_door["policy"]["id"] == by_town["id"]


async def test_the_overall_limit_is_told_by_its_stages_until_a_rule_sets_one(api: Api) -> None:
    found = await limit(api, clock="overall")
    assert (found["unit"], found["amount"], found["policy"]) == (None, None, None)
    stages = [(stage["clock"], stage["unit"], stage["amount"]) for stage in found["stages"]]
    assert stages == [
        ("accept", "work_minutes", 240),
        ("dispatch", "work_minutes", 240),
        ("handle", "work_days", 5),
        ("revisit", "work_days", 2),
        ("close", "work_days", 2),
    ]
    rule = await made(api, clock="overall", amount=20)
    found = await limit(api, clock="overall")
    assert (found["amount"], found["stages"], found["policy"]["id"]) == (20, None, rule["id"])


async def test_an_area_next_door_has_no_limits_for_somebody_who_does_not_see_it(
    api: Api, world: World
) -> None:
    params = {"clock": "handle", "area_id": str(world.places["town_b"].id)}
    reply = await api.as_("dispatcher").get(LIMITS, params=params)
    problem_in(reply, 404, "not_found", "query.area_id")


async def test_an_ended_rule_counts_no_more_and_stays_as_it_was(api: Api) -> None:
    client, policy = api.as_("system_admin"), await made(api, category_code="05")
    assert (await limit(api, category="0501"))["amount"] == 3
    url = f"{URL}/{policy['id']}"
    ended = await client.post(f"{url}/end", headers={"If-Match": '"1"'})
    assert ended.json()["ended_at"] is not None
    assert (await limit(api, category="0501"))["amount"] == 5
    problem_in(await client.post(f"{url}/end"), 409, "sla_policy_ended")
    problem_in(await client.patch(url, json={"amount": 9}), 409, "sla_policy_ended")
    listed = (await client.get(URL, params={"ended": True})).json()["items"]
    assert [row["id"] for row in listed] == [policy["id"]]
    assert (await made(api, category_code="05", amount=8))["id"] != policy["id"]


async def test_even_without_the_rules_it_began_with_a_clock_has_its_default_limit(
    api: Api, world: World
) -> None:
    client = api.as_("system_admin")
    for row in (await client.get(URL, params={"clock": "accept", "limit": 100})).json()["items"]:
        assert (await client.post(f"{URL}/{row['id']}/end")).status_code == 200
    found = await limit(api, clock="accept", urgency="normal")
    assert (found["unit"], found["amount"], found["policy"]) == ("work_minutes", 240, None)
    assert found["text"].startswith("没有规则适用，按默认时限表")
    await Loop(api, world).report()


async def test_a_changed_rule_counts_from_now_on_and_its_history_says_who_changed_what(
    api: Api, world: World, statements: Counter
) -> None:
    client = api.as_("system_admin")
    policy = await made(api, category_code="0501", urgency="urgent", note="街道办会议定")
    url, who = f"{URL}/{policy['id']}", str(world["system_admin"].member_id)
    assert (policy["created_by"], policy["category_label"]) == (who, "暴露垃圾")
    changed = await client.patch(
        url, json={"unit": "wall_minutes", "amount": 720}, headers={"If-Match": '"1"'}
    )
    assert (changed.headers["etag"], changed.json()["amount"]) == ('"2"', 720)
    assert (await limit(api, category="0501", urgency="urgent"))["unit"] == "wall_minutes"
    problem_in(await client.patch(url, json={"amount": 1}, headers={"If-Match": '"1"'}), 412, "stale_version")
    await client.post(f"{url}/end")
    with statements(at_most=3):
        history = (await client.get(f"{url}/history")).json()["items"]
    assert [(row["version"], row["action"], row["by"]) for row in history] == [
        (3, "sla_policy.end", who),
        (2, "sla_policy.change", who),
        (1, "sla_policy.create", who),
    ]
    before, after = history[1]["before"], history[1]["after"]
    assert (before["unit"], before["amount"]) == ("work_days", 3)
    assert (after["unit"], after["amount"]) == ("wall_minutes", 720)
    assert "街道办" not in str(history)


async def test_two_running_rules_never_ask_for_the_very_same(api: Api) -> None:
    await made(api, category_code="05", org_level="city")
    again = await api.as_("system_admin").post(
        URL, json=HANDLE | {"category_code": "05", "org_level": "city"}
    )
    problem_in(again, 409, "sla_policy_exists")
    twin = await api.as_("system_admin").post(URL, json=HANDLE | {"urgency": "normal"})
    problem_in(twin, 409, "sla_policy_exists")


@pytest.mark.parametrize(
    ("changed", "status", "field"),
    [
        ({"clock": "lunch"}, 422, "body.clock"),
        ({"category_code": "7"}, 422, "body.category_code"),
        ({"category_code": "7777"}, 422, "body.category_code"),
        ({"area_id": str(uuid7())}, 404, "body.area_id"),
        ({"org_level": "province"}, 422, "body.org_level"),
        ({"amount": 0}, 422, "body.amount"),
        ({"amount": 5_000}, 422, "body.amount"),
        ({"unit": None}, 422, "body.unit"),
        ({"ended_at": "2026-01-01T00:00:00Z"}, 422, "body.ended_at"),
    ],
)
async def test_a_wrong_rule_names_the_field_in_chinese(
    api: Api, changed: dict[str, Any], status: int, field: str
) -> None:
    reply = await api.as_("system_admin").post(URL, json=HANDLE | changed)
    problem = problem_in(reply, status, "invalid" if status == 422 else "not_found", field)
    assert all(not error["message"].isascii() for error in problem["errors"])


@pytest.mark.parametrize("who", ["dispatcher", "dept_head", "supervisor", "auditor", "api_client"])
async def test_only_the_administrator_keeps_rules(api: Api, who: str) -> None:
    policy, client = await made(api, category_code="05"), api.as_(who)
    url = f"{URL}/{policy['id']}"
    for reply in (
        await client.get(URL),
        await client.post(URL, json=HANDLE),
        await client.get(url),
        await client.patch(url, json={"amount": 1}),
        await client.post(f"{url}/end"),
        await client.get(f"{url}/history"),
    ):
        problem_in(reply, 403, "forbidden")


async def test_seeding_again_adds_nothing_and_brings_nothing_back(api: Api, session: AsyncSession) -> None:
    client = api.as_("system_admin")
    rows = (await client.get(URL, params={"clock": "sign", "limit": 100})).json()["items"]
    await client.post(f"{URL}/{rows[0]['id']}/end")
    await client.patch(f"{URL}/{rows[1]['id']}", json={"amount": 77})
    await sla.seed(session)
    kept = (await client.get(URL, params={"clock": "sign", "limit": 100})).json()["items"]
    assert [row["id"] for row in kept] == [row["id"] for row in rows[1:]]
    assert kept[0]["amount"] == 77


async def test_there_is_a_rule_for_every_clock_but_the_overall_one(api: Api) -> None:
    rows = (await api.as_("system_admin").get(URL, params={"limit": 100})).json()["items"]
    assert {row["clock"] for row in rows} == set(ClockKind) - {ClockKind.OVERALL}
    assert all(row["created_by"] is None for row in rows)
