"""What the system routes by itself after an acceptance, and what it leaves to people."""

from uuid import UUID

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.ticket import Category
from tests.support import ledger
from tests.support.clients import Api
from tests.support.routing import add_rule
from tests.support.statements import Counter
from tests.support.tickets import Loop
from tests.support.world import World


@pytest.fixture
async def loop(api: Api, world: World, session: AsyncSession) -> Loop:
    """A report of a category that is dispatched automatically."""
    await session.execute(update(Category).where(Category.code == "0501").values(auto_dispatch=True))
    await session.commit()
    loop = Loop(api, world)
    await loop.report()
    return loop


async def test_an_accepted_ticket_goes_on_at_once_to_whom_the_rule_names(
    api: Api, world: World, session: AsyncSession, loop: Loop
) -> None:
    person = world["dept_handler"].member_id
    rule = await add_rule(session, world, "urban", category_code="0501", member_id=person)
    ticket = await loop.act("dispatcher", action="accept")
    lead = (ticket["status"], ticket["lead_org_id"], ticket["handler_id"])
    assert lead == ("dispatched", str(world.orgs["urban"].id), str(person))
    assert {c["kind"] for c in ticket["clocks"] if not c["stopped_at"]} == {
        "sign", "contact", "handle", "overall",
    }  # fmt: skip
    events = (await api.as_("dispatcher").get(f"/v1/tickets/{loop.id}/events")).json()["items"]
    told = [(event["action"], event["actor_role"], event["actor_id"]) for event in events[1:]]
    dispatcher = str(world["dispatcher"].member_id)
    assert told == [("accept", "dispatcher", dispatcher), ("dispatch", "system", None)]
    assert events[-1]["data"]["rule_id"] == str(rule)
    assert (await loop.act("dept_handler", action="sign"))["status"] == "processing"
    await ledger.audit(session, UUID(loop.id))


async def test_what_no_rule_catches_waits_for_the_dispatcher(
    world: World, session: AsyncSession, loop: Loop
) -> None:
    await add_rule(session, world, "urban", category_code="0502")
    ticket = await loop.act("dispatcher", action="accept")
    assert ticket["status"] == "accepted"
    assert "dispatch" in {entry["action"] for entry in ticket["allowed_actions"]}


async def test_the_category_that_the_dispatcher_corrects_decides(
    world: World, session: AsyncSession, loop: Loop
) -> None:
    await add_rule(session, world, "urban")
    ticket = await loop.act("dispatcher", action="accept", category_code="0601")
    assert ticket["status"] == "accepted", "0601 is not dispatched automatically"


async def test_a_comment_on_a_ticket_that_waits_sends_it_nowhere(
    world: World, session: AsyncSession, loop: Loop
) -> None:
    await loop.act("dispatcher", action="accept")
    await add_rule(session, world, "urban", category_code="0501")
    assert (await loop.act("dispatcher", action="comment", opinion="已核实位置"))["status"] == "accepted"


async def test_an_acceptance_that_goes_on_by_itself_is_two_steps_for_one_key(
    api: Api, world: World, session: AsyncSession, loop: Loop, statements: Counter
) -> None:
    await add_rule(session, world, "urban", category_code="0501")
    url, headers = f"/v1/tickets/{loop.id}/actions", {"Idempotency-Key": "accept"}
    with statements(at_most=15):
        first = await api.as_("dispatcher").post(url, json={"action": "accept"}, headers=headers)
    again = await api.as_("dispatcher").post(url, json={"action": "accept"}, headers=headers)
    assert (first.status_code, again.json()) == (200, first.json())
    assert (first.json()["version"], first.headers["etag"]) == (3, '"3"')
