"""Routing on a real database: which rule catches, what the system may dispatch itself, and never nowhere."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.models.access import Account
from app.models.enums import Action, AreaLevel, EventSource, Role, Urgency
from app.models.staff import Member, Org, Post
from app.models.ticket import Category
from app.schemas.routing import Why
from app.services.tickets import routing, view
from app.services.tickets.routing import Facts
from tests.support import steps
from tests.support.clients import Api
from tests.support.routing import SINCE, add_dispatcher, add_rule
from tests.support.statements import Counter
from tests.support.tickets import Loop
from tests.support.world import World

URBAN_DISPATCHERS = {"吴调度", "区调度"}


def facts(world: World, place: str = "grid_a1", category: str = "0501", **changed: Any) -> Facts:
    given = {"source": EventSource.GRID_PATROL, "urgency": Urgency.NORMAL} | changed
    return Facts(category, world.places[place].path, **given)


async def nobody_dispatches(session: AsyncSession) -> None:
    """All dispatchers' posts ended an hour ago."""
    ended = {"valid_to": clock.now() - timedelta(hours=1)}
    await session.execute(update(Post).where(Post.role == Role.DISPATCHER).values(ended))
    await session.commit()


async def test_the_most_specific_rule_of_the_ticket_wins_in_one_statement(
    session: AsyncSession, world: World, statements: Counter
) -> None:
    await add_rule(session, world, "centre")
    await add_rule(session, world, "urban", category_code="05")
    wanted = await add_rule(session, world, "sanitation", category_code="0501", area="town")
    await add_rule(session, world, "fire", category_code="03")
    await add_rule(session, world, "committee_b", category_code="0501", area="village_b")
    with statements(at_most=1):
        decision = await routing.route(session, facts=facts(world))
    assert decision.rule is not None
    assert (decision.rule.id, decision.rule.org_id) == (wanted, world.orgs["sanitation"].id)
    assert [entry.why for entry in decision.tried] == [Why.WON, Why.OUTRANKED, Why.OUTRANKED]
    assert decision.desk is None


async def test_a_rule_for_a_lower_area_wins_there_and_nowhere_else(
    session: AsyncSession, world: World
) -> None:
    town = await add_rule(session, world, "sanitation", category_code="0501", area="town")
    village = await add_rule(session, world, "committee_a", category_code="0501", area="village_a")
    for place, wanted in (("grid_a1", village), ("micro_a1", village), ("grid_b1", town), ("town", town)):
        decision = await routing.route(session, facts=facts(world, place))
        assert decision.rule is not None
        assert decision.rule.id == wanted, place


async def test_an_ended_rule_and_an_ended_organisation_catch_nothing(
    session: AsyncSession, world: World
) -> None:
    await add_rule(session, world, "sanitation", category_code="0501", ended_at=SINCE)
    await add_rule(session, world, "urban", category_code="0501")
    last = await add_rule(session, world, "centre", category_code="05")
    await session.execute(update(Org).where(Org.id == world.orgs["urban"].id).values(ended_at=clock.now()))
    decision = await routing.route(session, facts=facts(world))
    assert decision.rule is not None
    assert decision.rule.id == last
    assert [entry.why for entry in decision.tried] == [Why.ORG_ENDED, Why.WON]


async def test_an_organisation_that_does_not_serve_the_place_is_passed_over(
    session: AsyncSession, world: World
) -> None:
    await add_rule(session, world, "centre_b", category_code="0501")
    decision = await routing.route(session, facts=facts(world))
    assert [entry.why for entry in decision.tried] == [Why.ORG_ELSEWHERE]
    assert decision.desk is not None
    elsewhere = await routing.route(session, facts=facts(world, "grid_c1"))
    assert elsewhere.rule is not None


@pytest.mark.parametrize("change", [{"ended_at": SINCE}, {"org_id": None}], ids=["left", "moved"])
async def test_a_rule_to_a_person_catches_until_the_person_has_gone(
    session: AsyncSession, world: World, change: dict[str, Any]
) -> None:
    person = world["dept_handler"]
    rule = await add_rule(session, world, "urban", category_code="0501", member_id=person.member_id)
    decision = await routing.route(session, facts=facts(world))
    assert decision.rule is not None
    assert (decision.rule.id, decision.rule.member_id) == (rule, person.member_id)
    await session.execute(update(Member).where(Member.id == person.member_id).values(change))
    decision = await routing.route(session, facts=facts(world))
    assert [entry.why for entry in decision.tried] == [Why.MEMBER_GONE]
    assert decision.desk is not None


async def test_what_no_rule_catches_goes_to_the_dispatchers_of_its_town(
    session: AsyncSession, world: World, statements: Counter
) -> None:
    with statements(at_most=2):
        decision = await routing.route(session, facts=facts(world))
    assert decision.rule is None
    desk = decision.desk
    assert desk is not None
    assert desk.area is not None
    assert (desk.area.id, desk.level) == (world.places["town"].id, AreaLevel.TOWN)
    assert {person.name for person in desk.dispatchers} == URBAN_DISPATCHERS
    assert [centre.id for centre in desk.centres] == [world.orgs["centre"].id]


@pytest.mark.parametrize("how", ["post ended", "post not begun", "left", "account disabled"])
async def test_a_town_without_anybody_at_its_desk_leaves_it_to_the_next_level_up(
    session: AsyncSession, world: World, how: str
) -> None:
    await add_dispatcher(session, world, "supervisor", "county")
    await add_dispatcher(session, world, "leader_viewer", "village_a")
    people = [world["dispatcher"].member_id, world["dispatcher_2"].member_id]
    moment = clock.now()
    change: Any = {
        "post ended": update(Post).where(Post.member_id.in_(people)).values(valid_to=moment),
        "post not begun": update(Post)
        .where(Post.member_id.in_(people))
        .values(valid_from=moment + timedelta(days=1)),
        "left": update(Member).where(Member.id.in_(people)).values(ended_at=moment),
        "account disabled": update(Account).where(Account.member_id.in_(people)).values(status="disabled"),
    }
    await session.execute(change[how])
    desk = (await routing.route(session, facts=facts(world))).desk
    assert desk is not None
    assert desk.area is not None
    assert (desk.area.id, desk.level) == (world.places["county"].id, AreaLevel.COUNTY)
    assert [person.name for person in desk.dispatchers] == ["曾督办"]
    assert list(desk.centres) == []


async def test_where_nobody_dispatches_above_somebody_below_the_town_does(
    session: AsyncSession, world: World
) -> None:
    await nobody_dispatches(session)
    await add_dispatcher(session, world, "leader_viewer", "grid_a1")
    await add_dispatcher(session, world, "supervisor", "village_a")
    desk = (await routing.route(session, facts=facts(world))).desk
    assert desk is not None
    assert [person.name for person in desk.dispatchers] == ["曾督办"]


async def test_where_nobody_dispatches_at_all_the_administrators_are_named(
    session: AsyncSession, world: World, statements: Counter
) -> None:
    await nobody_dispatches(session)
    with statements(at_most=3):
        desk = (await routing.route(session, facts=facts(world))).desk
    assert desk is not None
    assert (desk.area, list(desk.dispatchers)) == (None, [])
    assert [person.name for person in desk.administrators] == ["胡管理"]


async def test_no_place_and_no_category_is_ever_routed_nowhere(session: AsyncSession, world: World) -> None:
    await add_rule(session, world, "centre_b", category_code="01")
    await add_rule(session, world, "sanitation", category_code="0501", area="grid_a2")
    for place in world.places:
        for category in ("0101", "0501", "9999"):
            decision = await routing.route(session, facts=facts(world, place, category))
            desk = decision.desk
            assert decision.rule or (desk and (desk.dispatchers or desk.administrators)), (place, category)


async def test_only_a_category_that_is_flagged_is_dispatched_by_the_system(
    api: Api, session: AsyncSession, world: World, statements: Counter
) -> None:
    rule = await add_rule(session, world, "urban", category_code="0501")
    loop = Loop(api, world)
    await loop.to("accepted")
    ticket = await view.load(session, (await loop.read())["id"])
    with statements(at_most=1):
        assert await routing.auto_dispatch(session, ticket=ticket) is None
    await session.execute(update(Category).where(Category.code == "0501").values(auto_dispatch=True))
    ticket = await view.load(session, ticket.id)
    with statements(at_most=1):
        found = await routing.auto_dispatch(session, ticket=ticket)
    assert found is not None
    assert (found.id, found.org_id) == (rule, world.orgs["urban"].id)


async def test_a_flagged_category_without_a_rule_waits_for_a_person(
    api: Api, session: AsyncSession, world: World
) -> None:
    await session.execute(update(Category).values(auto_dispatch=True))
    await session.commit()
    loop = Loop(api, world)
    await loop.to("accepted")
    ticket = await view.load(session, (await loop.read())["id"])
    assert await routing.auto_dispatch(session, ticket=ticket) is None


async def test_what_an_organisation_had_before_is_not_sent_by_the_system_again(
    api: Api, session: AsyncSession, world: World
) -> None:
    await add_rule(session, world, "urban", category_code="0501")
    await session.execute(update(Category).values(auto_dispatch=True))
    await session.commit()
    loop = Loop(api, world)
    await loop.to("dispatched")
    await loop.act("dept_handler", **steps.plain(Action.DECLINE, world))
    assert (await loop.act("dispatcher", action="approve_decline"))["status"] == "accepted"
    ticket = await view.load(session, (await loop.read())["id"])
    assert await routing.auto_dispatch(session, ticket=ticket) is None
