"""The to-do: every badge says what its list shows, to whom it concerns and to nobody else."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.models.enums import Role
from app.models.enums.message import Task
from app.models.registry import Household
from app.models.ticket import Ticket
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.staff import give_post
from tests.support.statements import Counter
from tests.support.tickets import Loop
from tests.support.world import CALLERS, World

URL, TICKETS = "/v1/todo", "/v1/todo/tickets"


async def tasks(api: Api, who: str) -> Mapping[str, int]:
    """The badges of somebody that are not zero."""
    reply = await api.as_(who).get(URL)
    assert reply.status_code == 200, reply.text
    return {name: badge["count"] for name, badge in reply.json()["tasks"].items() if badge["count"]}


@pytest.fixture
def loop(api: Api, world: World) -> Loop:
    """A ticket to be told of."""
    return Loop(api, world)


async def test_a_ticket_is_on_the_badge_of_whoever_has_the_next_step(api: Api, loop: Loop) -> None:
    told = []
    for status in ("reported", "accepted", "dispatched", "processing", "resolved", "evaluating"):
        await loop.to(status)
        people = ("grid_worker", "dispatcher", "village_admin", "dept_handler", "revisit_agent")
        told.append({who: set(found) for who in people if (found := await tasks(api, who))})
    assert told == [
        {"dispatcher": {"to_accept"}, "village_admin": {"to_accept"}},
        {"dispatcher": {"to_route"}, "village_admin": {"to_route"}},
        {"dept_handler": {"to_sign"}},
        {"dept_handler": {"to_handle"}},
        {"grid_worker": {"to_revisit"}, "revisit_agent": {"to_revisit"}},
        {"dispatcher": {"to_close"}},
    ]


async def test_nobody_elsewhere_has_a_task_of_it(api: Api, loop: Loop) -> None:
    for status in ("reported", "dispatched", "processing", "resolved"):
        await loop.to(status)
        for who in ("grid_worker_b", "village_admin_b", "dispatcher_c", "dept_handler_fire", "statistician"):
            assert await tasks(api, who) == {}, (status, who)


async def test_the_list_of_a_task_shows_the_tickets_that_its_badge_counts(api: Api, loop: Loop) -> None:
    await loop.to("dispatched")
    for who in CALLERS:
        if who is Role.API_CLIENT:
            continue
        counted = (await api.as_(who).get(URL)).json()["tasks"]
        for name, badge in counted.items():
            if badge["list"].startswith(TICKETS):
                shown = (await api.as_(who).get(badge["list"])).json()["items"]
                assert len(shown) == badge["count"], (who, name)
    (shown,) = (await api.as_("dept_head").get(f"{TICKETS}?task=to_sign")).json()["items"]
    assert shown["id"] == loop.id
    assert (await api.as_("grid_worker").get(f"{TICKETS}?task=to_sign")).json()["items"] == []


async def test_what_was_given_to_one_handler_is_no_task_of_another(
    api: Api, world: World, loop: Loop
) -> None:
    await loop.to("accepted")
    given = {"org_id": str(world.orgs["urban"].id), "member_id": str(world["dept_handler_2"].member_id)}
    await loop.act("dispatcher", action="dispatch", **given)
    assert await tasks(api, "dept_handler") == {}
    assert await tasks(api, "dept_handler_2") == {"to_sign": 1}


async def test_whoever_asked_has_nothing_to_approve(
    api: Api, world: World, session: AsyncSession, loop: Loop
) -> None:
    await loop.to("processing")
    await give_post(session, world, "dept_handler", Role.DISPATCHER, area_id=world.places["town"].id)
    asked = {"reason": "season", "resume_on": str(clock.today() + timedelta(days=9)), "opinion": "汛期"}
    await loop.act("dept_handler", action="request_suspend", **asked)
    assert "to_approve" not in await tasks(api, "dept_handler")
    assert await tasks(api, "dispatcher") == {"to_approve": 1}


async def test_a_joint_ticket_a_card_and_an_escalation_are_tasks(api: Api, world: World, loop: Loop) -> None:
    await loop.to("processing")
    helper = [str(world.orgs["fire"].id)]
    await loop.act("dispatcher", action="request_joint", helper_org_ids=helper, opinion="请协助")
    await loop.act("supervisor", action="supervise", level="yellow", opinion="限期")
    assert await tasks(api, "dept_handler_fire") == {"to_help": 1}
    assert await tasks(api, "dept_handler") == {"to_handle": 1, "to_answer": 1}
    await loop.act("dept_handler", action="reply_supervision", opinion="正在办")
    assert await tasks(api, "dept_handler") == {"to_handle": 1}
    await loop.act("dept_head", action="escalate", reason="beyond_powers", opinion="无权处理")
    assert await tasks(api, "supervisor") == {"to_decide": 1}


async def test_a_returned_report_is_its_reporters_task(api: Api, loop: Loop) -> None:
    await loop.report()
    await loop.act("dispatcher", action="return_for_info", reason="incomplete", opinion="请补照片")
    assert await tasks(api, "grid_worker") == {"to_supplement": 1}
    assert await tasks(api, "grid_leader") == {}


async def test_overdue_counts_for_whoever_has_it_and_for_whoever_routes(
    api: Api, session: AsyncSession, loop: Loop
) -> None:
    await loop.to("processing")
    late = clock.now() - timedelta(minutes=1)
    await session.execute(update(Ticket).where(Ticket.id == UUID(loop.id)).values(due_at=late))
    await session.commit()
    assert (await tasks(api, "dept_handler"))["overdue"] == 1
    assert (await tasks(api, "dispatcher"))["overdue"] == 1
    assert "overdue" not in await tasks(api, "dept_handler_2")


async def test_visits_care_and_transfers_that_wait_are_counted(
    api: Api, world: World, session: AsyncSession
) -> None:
    home = {"area_id": str(world.places["grid_a1"].id), "address": "一巷 1 号", "household_type": "resident"}
    home["residents"] = [{"name": "关大婶", "relation": "02"}]  # type: ignore[assignment]
    other = {**home, "address": "一巷 2 号", "residents": [{"name": "邻居", "relation": "02"}]}
    later = (await api.as_("grid_worker").post("/v1/households", json=other)).json()
    made = (await api.as_("grid_worker").post("/v1/households", json=home)).json()
    care: dict[str, Any] = {"resident_id": made["people"][0]["resident_id"], "category": "disabled"}
    care |= {"care_level": "red", "responsible_id": str(world["grid_worker"].member_id)}
    assert (await api.as_("grid_worker").post("/v1/care-objects", json=care)).status_code == 201
    offer = {"household_id": made["id"], "to_code": world.places["village_c"].code}
    assert (await api.as_("grid_worker").post("/v1/transfers", json=offer)).status_code == 201
    due = {"next_visit_due": clock.today()}
    await session.execute(update(Household).where(Household.id == UUID(made["id"])).values(**due))
    not_yet = {"next_visit_due": clock.today() + timedelta(days=1)}
    await session.execute(update(Household).where(Household.id == UUID(later["id"])).values(**not_yet))
    await session.commit()
    assert (await tasks(api, "grid_worker"))["visits_due"] == 1
    for badge in (await api.as_("grid_worker").get(URL)).json()["tasks"].values():
        shown = (await api.as_("grid_worker").get(badge["list"])).json()["items"]
        assert len(shown) == badge["count"], badge
    assert "visits_due" not in await tasks(api, "grid_worker_a2")
    assert "transfers_in" not in await tasks(api, "village_admin")
    await give_post(
        session, world, "village_admin_b", Role.VILLAGE_ADMIN, area_id=world.places["village_c"].id
    )
    assert (await tasks(api, "village_admin_b"))["transfers_in"] == 1


async def test_a_badge_stops_at_99_and_says_that_there_are_more(
    api: Api, session: AsyncSession, loop: Loop
) -> None:
    await loop.report()
    copied = "id, no, version, created_at, updated_at"
    names = [column.name for column in Ticket.__table__.columns if column.name not in copied.split(", ")]
    await session.execute(
        text(
            f"INSERT INTO ticket (id, no, {', '.join(names)}) SELECT gen_random_uuid(), 'C' || n, "  # noqa: S608
            f"{', '.join(names)} FROM ticket, generate_series(1, 120) n WHERE id = :id"
        ),
        {"id": loop.id},
    )
    await session.commit()
    badge = (await api.as_("dispatcher").get(URL)).json()["tasks"]["to_accept"]
    assert badge == {"count": 99, "more": True, "list": f"{TICKETS}?task=to_accept"}


async def test_the_badges_cost_two_statements_and_nothing_when_nothing_changed(
    api: Api, loop: Loop, statements: Counter
) -> None:
    await loop.to("dispatched")
    with statements(at_most=2):
        first = await api.as_("dept_handler").get(URL)
    again = await api.as_("dept_handler").get(URL, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    await loop.to("processing")
    changed = await api.as_("dept_handler").get(URL, headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200
    assert changed.headers["etag"] != first.headers["etag"]


async def test_a_list_of_tasks_costs_two_statements(api: Api, loop: Loop, statements: Counter) -> None:
    await loop.to("dispatched")
    with statements(at_most=2):
        await api.as_("dept_handler").get(f"{TICKETS}?task=to_sign")


async def test_a_third_party_has_no_tasks(api: Api) -> None:
    problem_in(await api.as_("api_client").get(URL), 403, "forbidden")
    problem_in(await api.as_("api_client").get(f"{TICKETS}?task=to_sign"), 403, "forbidden")


async def test_every_task_has_a_badge_for_some_role(api: Api) -> None:
    found: set[str] = set()
    for who in CALLERS:
        if who is not Role.API_CLIENT:
            found |= (await api.as_(who).get(URL)).json()["tasks"].keys()
    assert found == {task.value for task in Task}
