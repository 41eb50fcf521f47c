"""Two people act on one ticket at the same moment: one wins, and the timeline shows one step."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from httpx import Response
from sqlalchemy import select

from app.core import db
from app.core.db import Sessions
from app.core.ids import uuid7
from app.models.enums import Action
from app.models.ticket import Ticket
from tests.support import ledger, steps
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.races import at_once, until_waiting
from tests.support.tickets import Loop
from tests.support.world import World

pytestmark = pytest.mark.commits

Move = tuple[str, Action]
A = Action
# The action whose place the ticket is brought to, and two moves that exclude each other there.
RIVALS: tuple[tuple[Action, Move, Move], ...] = (
    (A.ACCEPT, ("dispatcher", A.ACCEPT), ("dispatcher_2", A.ACCEPT)),
    (A.ACCEPT, ("dispatcher", A.ACCEPT), ("village_admin", A.ACCEPT)),
    (A.ACCEPT, ("dispatcher", A.REJECT), ("dispatcher_2", A.RETURN_FOR_INFO)),
    (A.ACCEPT, ("grid_worker", A.WITHDRAW), ("dispatcher", A.ACCEPT)),
    (A.DISPATCH, ("dispatcher", A.DISPATCH), ("dispatcher_2", A.DISPATCH)),
    (A.DISPATCH, ("dispatcher", A.DISPATCH), ("dispatcher_2", A.RETURN_FOR_INFO)),
    (A.DISPATCH, ("dispatcher", A.REJECT), ("village_admin", A.DISPATCH)),
    (A.SIGN, ("dept_handler", A.SIGN), ("dept_handler_2", A.SIGN)),
    (A.DECLINE, ("dept_handler", A.DECLINE), ("dept_head", A.DECLINE)),
    (A.APPROVE_DECLINE, ("dispatcher", A.APPROVE_DECLINE), ("dispatcher_2", A.DENY_DECLINE)),
    (A.RESOLVE, ("dept_handler", A.RESOLVE), ("dept_handler", A.RESOLVE)),
    (A.RESOLVE, ("dept_handler", A.RESOLVE), ("dept_head", A.DECLINE)),
    (A.REVISIT, ("revisit_agent", A.REVISIT), ("revisit_agent_2", A.REVISIT)),
    (A.EVALUATE, ("dispatcher_2", A.EVALUATE), ("revisit_agent", A.EVALUATE)),
    (A.CLOSE, ("dispatcher", A.CLOSE), ("dispatcher_2", A.CLOSE)),
    (A.VOID, ("supervisor", A.VOID), ("supervisor", A.VOID)),
    (A.CANCEL_REQUEST, ("dept_handler", A.CANCEL_REQUEST), ("dispatcher", A.APPROVE_SUSPEND)),
    (A.APPROVE_WITHDRAW, ("grid_worker", A.CANCEL_REQUEST), ("dispatcher", A.APPROVE_WITHDRAW)),
    (A.APPROVE_EXTENSION, ("leader_viewer", A.APPROVE_EXTENSION), ("supervisor", A.APPROVE_EXTENSION)),
    (A.APPROVE_REVIEW, ("dispatcher", A.APPROVE_REVIEW), ("dispatcher_2", A.DENY_REVIEW)),
    (A.REQUEST_SUSPEND, ("dept_handler", A.REQUEST_SUSPEND), ("dept_head", A.REQUEST_EXTENSION)),
    (A.DECIDE, ("dispatcher", A.DECIDE), ("supervisor", A.DECIDE)),
    (A.RESUME, ("dept_handler", A.RESUME), ("dispatcher", A.RESUME)),
    (A.SUPERVISE, ("supervisor", A.SUPERVISE), ("leader_viewer", A.SUPERVISE)),
    (A.UNMERGE, ("dispatcher", A.UNMERGE), ("dispatcher_2", A.UNMERGE)),
    (A.REOPEN, ("dispatcher", A.REOPEN), ("dispatcher_2", A.REOPEN)),
)
# Steps that one after the other would both be right: only the version that was read tells them apart.
NEIGHBOURS: tuple[tuple[Action, Move, Move], ...] = (
    (A.ACCEPT, ("dispatcher", A.ACCEPT), ("dispatcher_2", A.REJECT)),
    (A.SUBMIT, ("grid_worker", A.SUBMIT), ("grid_worker", A.WITHDRAW)),
    (A.SIGN, ("dept_handler", A.SIGN), ("dept_head", A.DECLINE)),
    (A.REWORK, ("revisit_agent", A.REWORK), ("dispatcher", A.EVALUATE)),
    (A.RESOLVE, ("dept_handler", A.RESOLVE), ("supervisor", A.VOID)),
    (A.EVALUATE, ("revisit_agent", A.EVALUATE), ("supervisor", A.VOID)),
)


def named(rivals: tuple[Action, Move, Move]) -> str:
    """How a pair is called in the test's name."""
    _place, (one, first), (other, second) = rivals
    return f"{one} {first} - {other} {second}"


@pytest.mark.parametrize("rivals", RIVALS, ids=named)
async def test_of_two_moves_at_the_same_moment_exactly_one_wins(
    api: Api, sessions: Sessions, world: World, rivals: tuple[Action, Move, Move]
) -> None:
    place, *moves = rivals
    for order in (moves, moves[::-1]):
        loop = Loop(api, world)
        await steps.bring(loop, world, place)
        before = (await loop.read())["version"]
        replies = await at_once(sessions, UUID(loop.id), [step(api, world, loop, move) for move in order])
        assert [reply.status_code for reply in replies] == [200, 409], [reply.text for reply in replies]
        assert replies[1].json()["code"] in {"illegal_transition", "action_refused"}
        assert isinstance(replies[1].json()["allowed_actions"], list)
        await one_step_was_taken(api, sessions, loop, before, order[0])


@pytest.mark.parametrize("rivals", [*NEIGHBOURS, *RIVALS[:6]], ids=named)
async def test_of_two_who_read_the_same_version_the_second_is_stale(
    api: Api, sessions: Sessions, world: World, rivals: tuple[Action, Move, Move]
) -> None:
    place, *moves = rivals
    loop = Loop(api, world)
    await steps.bring(loop, world, place)
    before = (await loop.read())["version"]
    both = [step(api, world, loop, move, version=before) for move in moves]
    first, second = await at_once(sessions, UUID(loop.id), both)
    assert first.status_code == 200, first.text
    problem_in(second, 412, "stale_version")
    await one_step_was_taken(api, sessions, loop, before, moves[0])


async def test_trap_4_of_two_handlers_who_sign_at_once_one_does(
    api: Api, sessions: Sessions, world: World
) -> None:
    loop = Loop(api, world)
    await loop.to("dispatched")
    both = [step(api, world, loop, (who, A.SIGN)) for who in ("dept_handler", "dept_handler_2")]
    first, second = await at_once(sessions, UUID(loop.id), both)
    assert first.json()["handler_id"] == str(world["dept_handler"].member_id)
    assert second.status_code == 409
    assert "经办人" in second.json()["detail"]
    await one_step_was_taken(api, sessions, loop, 3, ("dept_handler", A.SIGN))


async def test_of_six_who_dispatch_at_once_one_does(api: Api, sessions: Sessions, world: World) -> None:
    loop = Loop(api, world)
    await steps.bring(loop, world, A.DISPATCH)
    moves = [("dispatcher", A.DISPATCH), ("dispatcher_2", A.DISPATCH), ("village_admin", A.DISPATCH)] * 2
    replies = await at_once(sessions, UUID(loop.id), [step(api, world, loop, move) for move in moves])
    assert sorted(reply.status_code for reply in replies) == [200] + [409] * 5
    await one_step_was_taken(api, sessions, loop, 2, moves[0])


async def test_who_loses_sight_of_a_ticket_while_waiting_for_it_finds_nothing(
    api: Api, sessions: Sessions, world: World
) -> None:
    loop = Loop(api, world)
    await steps.bring(loop, world, A.SIGN)
    moves = [("dispatcher", A.REROUTE), ("dept_handler", A.SIGN)]
    replies = await at_once(sessions, UUID(loop.id), [step(api, world, loop, move) for move in moves])
    assert [reply.status_code for reply in replies] == [200, 404]
    await one_step_was_taken(api, sessions, loop, 3, moves[0])


async def test_trap_5_of_two_tickets_that_are_merged_into_each_other_at_once_one_remains(
    api: Api, sessions: Sessions, world: World
) -> None:
    one, other = Loop(api, world), Loop(api, world)
    for loop in (one, other):
        await loop.to("processing")
    pair = select(Ticket.id).where(Ticket.id.in_([UUID(one.id), UUID(other.id)]))
    async with sessions() as holder:
        await holder.execute(pair.with_for_update())
        merges = [
            asyncio.ensure_future(merged("dispatcher", one, other)),
            asyncio.ensure_future(merged("dispatcher_2", other, one)),
        ]
        await until_waiting(sessions, 2)
        await holder.rollback()
    codes = sorted(reply.status_code for reply in await asyncio.gather(*merges))
    assert codes[0] == 200
    assert codes[1] in {409, 422}
    again = [await merged("dispatcher", one, other), await merged("dispatcher", other, one)]
    assert {reply.status_code for reply in again} == {409, 422}
    async with sessions() as session:
        rows = [await ledger.audit(session, UUID(loop.id)) for loop in (one, other)]
    assert sorted(row["status"] for row in rows) == ["merged", "processing"]


async def merged(who: str, child: Loop, master: Loop) -> Response:
    """Try to merge one ticket into another."""
    return await child.try_(who, action="merge", master_id=master.id)


async def test_many_reports_at_once_get_a_number_each(api: Api, sessions: Sessions, world: World) -> None:
    body = Loop(api, world).body()
    client = api.as_("grid_worker")
    replies = await asyncio.gather(*(client.post("/v1/tickets", json=body) for _ in range(20)))
    assert {reply.status_code for reply in replies} == {201}
    assert len({reply.json()["no"] for reply in replies}) == 20
    async with sessions() as session:
        for reply in replies:
            await ledger.audit(session, UUID(reply.json()["id"]))


async def test_trap_4_the_same_report_sent_twice_at_once_is_one_ticket(
    api: Api, sessions: Sessions, world: World
) -> None:
    body = Loop(api, world).body(id=str(uuid7()))
    client = api.as_("grid_worker")
    replies = await asyncio.gather(*(client.post("/v1/tickets", json=body) for _ in range(4)))
    codes = sorted(reply.status_code for reply in replies)
    assert codes[0] in {200, 201}
    assert codes.count(201) == 1
    assert set(codes) <= {200, 201, 409}
    assert (await client.post("/v1/tickets", json=body)).status_code == 200
    async with sessions() as session:
        assert (await ledger.audit(session, UUID(body["id"])))["version"] == 1


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections that give up on a lock soon."""
    monkeypatch.setattr(db, "LOCK_TIMEOUT_MS", 100)


@pytest.mark.usefixtures("impatient")
async def test_a_ticket_that_stays_locked_is_a_conflict_to_try_again(
    api: Api, sessions: Sessions, world: World
) -> None:
    loop = Loop(api, world)
    await loop.report()
    async with sessions() as holder:
        await holder.execute(select(Ticket.id).where(Ticket.id == UUID(loop.id)).with_for_update())
        reply = await loop.try_("dispatcher", action="accept")
    problem_in(reply, 409, "busy")
    assert int(reply.headers["retry-after"]) > 0
    assert (await loop.act("dispatcher", action="accept"))["status"] == "accepted"


async def one_step_was_taken(api: Api, sessions: Sessions, loop: Loop, before: int, move: Move) -> None:
    """The ticket is one version on, its timeline ends with this move, and its books are in order."""
    async with sessions() as session:
        ticket = await ledger.audit(session, UUID(loop.id))
    assert ticket["version"] == before + 1
    events = (await api.as_("dispatcher").get(f"/v1/tickets/{loop.id}/events")).json()["items"]
    assert (len(events), events[-1]["action"]) == (before + 1, move[1])


async def step(api: Api, world: World, loop: Loop, move: Move, version: int | None = None) -> Response:
    """Try a move, perhaps only on the version that was read."""
    who, action = move
    chosen: dict[str, Any] = {"org_id": None} if action is A.APPROVE_DECLINE else {}
    return await api.as_(who).post(
        f"/v1/tickets/{loop.id}/actions",
        json=steps.body(action, world, **chosen),
        headers={"If-Match": f'"{version}"'} if version else {},
    )
