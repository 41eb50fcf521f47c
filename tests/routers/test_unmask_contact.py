"""The plain phone of whoever complained: for the present handler and for those who call back."""

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from tests.support.clients import Api
from tests.support.looks import logged, look
from tests.support.problems import problem_in
from tests.support.tickets import REPORT, Loop
from tests.support.world import World

PHONE = REPORT["contact"]["phone"]


@pytest.fixture
def loop(api: Api, world: World) -> Loop:
    """A ticket with a contact."""
    return Loop(api, world)


async def seen_by(api: Api, loop: Loop, *people: str) -> set[str]:
    """Those of the people to whom the phone is shown; the others are refused."""
    found = set()
    for who in people:
        reply = await look(api, who, f"/v1/tickets/{loop.id}/contact", "phone")
        if reply.status_code == 200:
            assert reply.json()["values"] == {"phone": PHONE}
            found.add(who)
        else:
            problem_in(reply, 403, "unmask_refused")
    return found


async def test_the_handler_and_those_who_call_back_see_the_phone_and_nobody_else(
    api: Api, loop: Loop
) -> None:
    await loop.to("processing")
    others = "grid_worker", "village_admin", "dept_handler_2", "dept_head", "supervisor", "leader_viewer"
    callers = {"dept_handler", "dispatcher", "revisit_agent"}
    assert await seen_by(api, loop, *callers, *others) == callers


async def test_before_signing_nobody_of_the_office_sees_it(api: Api, loop: Loop) -> None:
    await loop.to("dispatched")
    assert await seen_by(api, loop, "dept_handler", "dept_head") == set()


async def test_after_the_close_the_handler_does_not_see_it_any_more(api: Api, loop: Loop) -> None:
    await loop.to("evaluating")
    for who, body in list(loop.story())[-2:]:
        await loop.act(who, **body)
    assert loop.status == "closed"
    assert await seen_by(api, loop, "dept_handler", "dispatcher") == {"dispatcher"}


async def test_a_confidential_reporter_stays_hidden_from_the_handler(
    api: Api, loop: Loop, session: AsyncSession
) -> None:
    await loop.report(confidential=True)
    await loop.to("processing")
    assert await seen_by(api, loop, "dept_handler", "revisit_agent") == {"revisit_agent"}
    assert [line.refusal for line in await logged(session)] == ["unmask_refused", None]


async def test_a_ticket_without_a_contact_has_nothing_to_show(api: Api, loop: Loop) -> None:
    await loop.report(contact=None)
    reply = await look(api, "dispatcher", f"/v1/tickets/{loop.id}/contact", "phone")
    problem_in(reply, 404, "not_found")
