"""The dry run of routing: it says where a ticket would go and why, and changes nothing."""

from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.models.enums import EventSource, Role, Urgency
from app.models.staff import Org, Post
from app.models.ticket import Category
from app.services.tickets import routing, routing_preview
from app.services.tickets.routing import Facts
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.routing import add_rule
from tests.support.statements import Counter
from tests.support.tickets import Loop
from tests.support.unchanged import checksums
from tests.support.world import World, fixed_id

URL = "/v1/routing/preview"


def like(world: World, place: str = "grid_a1", **changed: Any) -> dict[str, Any]:
    asked = {"category_code": "0501", "source": "grid_patrol", "urgency": "normal"}
    return {**asked, "area_id": str(world.places[place].id), **changed}


async def preview(api: Api, who: str, body: dict[str, Any]) -> dict[str, Any]:
    reply = await api.as_(who).post(URL, json=body)
    assert reply.status_code == 200, reply.text
    told: dict[str, Any] = reply.json()
    return told


async def test_it_tells_every_rule_in_the_order_of_trying_and_what_became_of_it(
    api: Api, session: AsyncSession, world: World
) -> None:
    await add_rule(session, world, "centre")
    await add_rule(session, world, "urban", category_code="05")
    await add_rule(session, world, "sanitation", category_code="0501", area="town")
    await add_rule(session, world, "fire", category_code="0501", area="grid_a1")
    await add_rule(session, world, "fire", category_code="0501", urgency="critical")
    await add_rule(session, world, "fire", category_code="0301", ended_at=clock.now())
    await session.execute(update(Org).where(Org.id == world.orgs["fire"].id).values(ended_at=clock.now()))
    await session.commit()
    told = await preview(api, "dispatcher", like(world))
    assert [
        (entry["rule"]["org"]["name"][3:], entry["matched"], entry["why"]) for entry in told["tried"]
    ] == [
        ("消防救援所", True, "org_ended"),
        ("环境卫生管理所", True, "won"),
        ("消防救援所", False, "urgency"),
        ("综合行政执法办公室", True, "outranked"),
        ("综合治理指挥中心", True, "outranked"),
    ]
    assert told["tried"][0]["text"] == "跳过：规则指定的单位已撤销"
    assert told["rule"] == told["tried"][1]["rule"]
    assert (told["text"], told["desk"], told["left_off"]) == ("推送给九江镇环境卫生管理所", None, 0)
    assert told["facts"]["area"]["name"] == "儒林第一网格"


async def test_what_no_rule_catches_goes_to_the_dispatchers_of_the_town_by_name(
    api: Api, world: World
) -> None:
    told = await preview(api, "dispatcher", like(world))
    assert told["rule"] is None
    assert (told["desk"]["area"]["name"], told["desk"]["level"]) == ("九江镇", "town")
    assert {person["name"] for person in told["desk"]["dispatchers"]} == {"吴调度", "区调度"}
    assert [centre["name"] for centre in told["desk"]["centres"]] == ["九江镇综合治理指挥中心"]
    assert "九江镇的调度员" in told["text"]


async def test_whoever_it_names_has_the_ticket_in_their_list(api: Api, world: World) -> None:
    loop = Loop(api, world)
    await loop.report()
    told = await preview(api, "dispatcher", {"ticket_id": loop.id})
    keys = {str(person.member_id): key for key, person in world.people.items()}
    for person in told["desk"]["dispatchers"]:
        tickets = (await api.as_(keys[person["id"]]).get("/v1/tickets")).json()["items"]
        assert loop.id in [ticket["id"] for ticket in tickets]


async def test_where_nobody_dispatches_it_says_who_can_change_that(
    api: Api, session: AsyncSession, world: World
) -> None:
    await session.execute(update(Post).where(Post.role == Role.DISPATCHER).values(valid_to=clock.now()))
    await session.commit()
    told = await preview(api, "system_admin", like(world))
    assert [person["name"] for person in told["desk"]["administrators"]] == ["胡管理"]
    assert "请系统管理员任命" in told["text"]


async def test_a_ticket_is_tried_as_it_is_or_as_it_might_be_classified(
    api: Api, session: AsyncSession, world: World
) -> None:
    rubbish = await add_rule(session, world, "sanitation", category_code="0501")
    noise = await add_rule(session, world, "urban", category_code="0507", urgency="urgent")
    loop = Loop(api, world)
    await loop.report()
    as_it_is = await preview(api, "dispatcher", {"ticket_id": loop.id})
    assert as_it_is["rule"]["id"] == str(rubbish)
    changed = {"category_code": "0507", "urgency": "urgent"}
    otherwise = await preview(api, "dispatcher", {"ticket_id": loop.id, **changed})
    assert otherwise["rule"]["id"] == str(noise)
    assert otherwise["facts"] | changed == otherwise["facts"]


async def test_a_ticket_whose_category_was_switched_off_is_still_tried(
    api: Api, session: AsyncSession, world: World
) -> None:
    rule = await add_rule(session, world, "sanitation", category_code="0501")
    loop = Loop(api, world)
    await loop.report()
    await session.execute(update(Category).where(Category.code == "0501").values(enabled=False))
    await session.commit()
    assert (await preview(api, "dispatcher", {"ticket_id": loop.id}))["rule"]["id"] == str(rule)


async def test_it_says_whether_the_system_would_dispatch_it(
    api: Api, session: AsyncSession, world: World
) -> None:
    await session.execute(update(Category).where(Category.code == "0501").values(auto_dispatch=True))
    await session.commit()
    assert (await preview(api, "dispatcher", like(world)))["automatic"] is False
    await add_rule(session, world, "sanitation", category_code="05")
    assert (await preview(api, "dispatcher", like(world)))["automatic"] is True
    other = like(world, category_code="0502")
    assert (await preview(api, "dispatcher", other))["automatic"] is False


async def test_it_changes_nothing(api: Api, session: AsyncSession, world: World, statements: Counter) -> None:
    await add_rule(session, world, "sanitation", category_code="0501")
    loop = Loop(api, world)
    await loop.report()
    before = await checksums(session)
    with statements(at_most=5):
        await preview(api, "dispatcher", {"ticket_id": loop.id})
    assert await checksums(session) == before


async def test_it_agrees_with_the_decision_itself(api: Api, session: AsyncSession, world: World) -> None:
    await add_rule(session, world, "centre")
    await add_rule(session, world, "urban", category_code="05", source="phone")
    await add_rule(session, world, "committee_a", area="village_a", urgency="urgent")
    await add_rule(session, world, "centre_b", category_code="0501")
    for source in ("phone", "visit"):
        for urgency in ("urgent", "normal"):
            for place in ("grid_a1", "grid_b1", "grid_c1"):
                asked = like(world, place, source=source, urgency=urgency)
                told = await preview(api, "system_admin", asked)
                facts = Facts("0501", world.places[place].path, EventSource(source), Urgency(urgency))
                decision = await routing.route(session, facts=facts)
                expected = str(decision.rule.id) if decision.rule else None
                assert (told["rule"] or {"id": None})["id"] == expected


@pytest.mark.parametrize("place", ["grid_c1", "town_b"])
async def test_a_place_next_door_does_not_exist(api: Api, world: World, place: str) -> None:
    problem_in(
        await api.as_("dispatcher").post(URL, json=like(world, place)), 404, "not_found", "body.area_id"
    )


async def test_a_ticket_that_the_caller_does_not_see_does_not_exist(api: Api, world: World) -> None:
    loop = Loop(api, world)
    await loop.report()
    for who in ("dispatcher_c", "system_admin"):
        reply = await api.as_(who).post(URL, json={"ticket_id": loop.id})
        problem_in(reply, 404, "not_found", "body.ticket_id")


@pytest.mark.parametrize("left_out", ["category_code", "area_id", "source", "urgency"])
async def test_without_a_ticket_all_facts_are_needed(api: Api, world: World, left_out: str) -> None:
    body = like(world)
    del body[left_out]
    problem_in(await api.as_("dispatcher").post(URL, json=body), 422, "invalid", "body")


async def test_an_unknown_category_is_named(api: Api, world: World) -> None:
    reply = await api.as_("dispatcher").post(URL, json=like(world, category_code="0577"))
    problem_in(reply, 422, "invalid", "body.category_code")
    problem_in(await api.as_("dispatcher").post(URL, json={"ticket_id": str(fixed_id(1))}), 404, "not_found")


async def test_of_many_rules_those_that_match_are_all_told(
    api: Api, session: AsyncSession, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routing_preview, "MOST_TOLD", 4)
    for number in range(1, 8):
        await add_rule(session, world, "urban", category_code=f"010{number}")
    matching = [await add_rule(session, world, "urban", category_code=code) for code in ("0501", "05", None)]
    told = await preview(api, "dispatcher", like(world))
    assert [entry["rule"]["id"] for entry in told["tried"] if entry["matched"]] == [
        str(rule_id) for rule_id in matching
    ]
    assert (len(told["tried"]), told["left_off"]) == (4, 6)
