"""A phone's queue: in order, each by itself, once; what moved on, what is refused, what depends on it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from app.core import clock
from app.core.ids import uuid7
from tests.support import households, visits
from tests.support.clients import Api
from tests.support.phones import action, comment, entry, outcomes, push, report, side_by_side, try_push
from tests.support.problems import problem_in
from tests.support.tickets import Loop
from tests.support.world import World

EVERYTHING = text("SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM audit_log)")


async def count(session: AsyncSession, table: str) -> int:
    """The rows of a table."""
    found: int = await session.scalar(text(f"SELECT count(*) FROM {table}"))  # noqa: S608 - a test's word
    return found


async def test_a_queue_is_carried_out_in_order(api: Api, session: AsyncSession, world: World) -> None:
    home = await households.add(session, world, world.places["grid_a1"], 1)
    await session.commit()
    made, visit = report(world), entry("visit.record", visits.body(world, home), id=str(uuid7()))
    corrected = entry(
        "visit.change", {"content": "补记：已提醒关闸。"}, id=visit["id"], version=1, after=visit["op_id"]
    )
    results = await push(
        api,
        "grid_worker",
        made,
        comment(made["id"]),
        visit,
        corrected,
        entry("attendance.check_in", {}),
        entry("attendance.check_out", {}),
    )
    assert outcomes(results) == ["applied"] * 6
    ticket = (await api.as_("grid_worker").get(f"/v1/tickets/{made['id']}")).json()
    assert (ticket["version"], ticket["no"]) == (results[1]["version"], results[0]["no"])
    assert (
        ticket["occurred_at"][:19]
        == datetime.fromisoformat(made["occurred_at"]).astimezone(UTC).isoformat()[:19]
    )
    stored = (await api.as_("grid_worker").get(f"/v1/visits/{visit['id']}")).json()
    assert (stored["content"], stored["version"]) == ("补记：已提醒关闸。", results[3]["version"])


async def test_the_same_queue_again_changes_nothing(api: Api, session: AsyncSession, world: World) -> None:
    made = report(world)
    queue = [made, comment(made["id"]), action(made["id"], "accept"), entry("attendance.check_in", {})]
    first = await push(api, "grid_worker", *queue)
    assert outcomes(first) == ["applied", "applied", "refused", "applied"]
    written = (await session.execute(EVERYTHING)).one()
    again = await push(api, "grid_worker", *queue)
    assert outcomes(again) == ["already_applied", "already_applied", "refused", "already_applied"]
    assert [each["version"] for each in again] == [each["version"] for each in first]
    assert again[2]["problem"] == first[2]["problem"]
    assert outcomes(await push(api, "grid_worker", *queue[2:])) == ["refused", "already_applied"]
    assert (await session.execute(EVERYTHING)).one() == written


@pytest.mark.commits
async def test_a_queue_and_its_retry_at_the_same_moment_are_carried_out_once(
    app: FastAPI, api: Api, session: AsyncSession, world: World
) -> None:
    side_by_side(app)
    made = [report(world) for _number in range(6)]
    queue = [*made, *(comment(each["id"]) for each in made), entry("attendance.check_in", {})]
    replies = await asyncio.gather(*(push(api, "grid_worker", *queue) for _try in range(3)))
    for position in range(len(queue)):
        told = [results[position] for results in replies]
        assert sorted(outcomes(told)) == ["already_applied", "already_applied", "applied"]
        assert len({each["version"] for each in told}) == 1
    assert await count(session, "ticket") == 6
    assert await count(session, "ticket_note") == 6
    assert await count(session, "attendance") == 1


@pytest.mark.commits
async def test_many_phones_at_once_take_no_more_connections_than_they_may(
    app: FastAPI, api: Api, engine: AsyncEngine, world: World
) -> None:
    side_by_side(app)
    app.state.push_gate = asyncio.Semaphore(2)
    working, most = set[int](), [0]

    def begins(connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "INSERT INTO sync_operation" in statement:
            working.add(id(connection.connection.driver_connection))
            most.append(len(working))

    def ends(connection: Any) -> None:
        working.discard(id(connection.connection.driver_connection))

    event.listen(engine.sync_engine, "before_cursor_execute", begins)
    event.listen(engine.sync_engine, "commit", ends)
    queues = [[report(world) for _number in range(5)] for _phone in range(6)]
    replies = await asyncio.gather(*(push(api, "grid_worker", *queue) for queue in queues))
    assert {outcome for results in replies for outcome in outcomes(results)} == {"applied"}
    assert max(most) == 2


async def test_a_step_on_a_ticket_that_moved_on_is_a_conflict_with_the_servers_copy(
    api: Api, world: World
) -> None:
    loop = Loop(api, world)
    seen = await loop.to("dispatched")
    await loop.act("dispatcher", action="urge")
    stale = action(loop.id, "sign", version=seen["version"])
    for _try in range(2):
        (result,) = await push(api, "dept_handler", stale)
        assert result["outcome"] == "conflict"
        assert result["problem"]["code"] == "stale_version"
        assert result["ticket"]["version"] == seen["version"] + 1
    fresh = action(loop.id, "sign", version=result["ticket"]["version"])
    assert outcomes(await push(api, "dept_handler", fresh)) == ["applied"]


async def test_steps_made_on_top_of_each_other_follow_the_phones_own_version(api: Api, world: World) -> None:
    loop = Loop(api, world)
    seen = await loop.to("dispatched")
    sign = action(loop.id, "sign", version=seen["version"])
    resolve = action(
        loop.id,
        "resolve",
        version=seen["version"],
        body={"resolution_type": "solved", "measures": "已清运"},
    )
    assert outcomes(await push(api, "dept_handler", sign, resolve)) == ["applied", "applied"]
    other = Loop(api, world)
    seen = await other.to("dispatched")
    sign = action(other.id, "sign", version=seen["version"])
    resolve = resolve | {"op_id": str(uuid7()), "id": other.id, "after": sign["op_id"]}
    await push(api, "dept_handler", sign)
    await other.act("dispatcher", action="urge")
    assert outcomes(await push(api, "dept_handler", resolve)) == ["conflict"]


async def test_a_comment_is_taken_whatever_became_of_the_ticket_meanwhile(api: Api, world: World) -> None:
    loop = Loop(api, world)
    seen = await loop.to("dispatched")
    sign = action(loop.id, "sign", version=seen["version"])
    await push(api, "dept_handler", sign)
    await loop.act("dispatcher", action="urge")
    note = comment(loop.id, after=sign["op_id"], version=seen["version"])
    assert outcomes(await push(api, "dept_handler", note)) == ["applied"]


async def test_a_comment_does_not_hide_what_somebody_else_did_before_it(api: Api, world: World) -> None:
    for is_said in (False, True):
        loop = Loop(api, world)
        seen = await loop.to("dispatched")
        await loop.act("dispatcher", action="urge")
        note = comment(loop.id)
        more = {"after": note["op_id"]} if is_said else {}
        sign = action(loop.id, "sign", version=seen["version"], **more)
        assert outcomes(await push(api, "dept_handler", note, sign)) == ["applied", "conflict"]


async def test_a_step_follows_any_number_of_own_comments(api: Api, world: World) -> None:
    loop = Loop(api, world)
    seen = await loop.to("dispatched")
    notes = [comment(loop.id)]
    notes.append(comment(loop.id, after=notes[0]["op_id"]))
    sign = action(loop.id, "sign", version=seen["version"], after=notes[1]["op_id"])
    await push(api, "dept_handler", *notes)
    assert outcomes(await push(api, "dept_handler", sign)) == ["applied"]


async def test_what_depends_on_a_refused_operation_is_refused_as_such(api: Api, world: World) -> None:
    refused = report(world, body={"category_code": "0000"})
    follow = comment(refused["id"])
    results = await push(api, "grid_worker", refused, follow, report(world))
    assert outcomes(results) == ["refused", "refused", "applied"]
    assert results[0]["problem"]["errors"][0]["field"] == "body.category_code"
    assert results[1]["problem"]["code"] == "depends_on_refused"
    explicit = comment(refused["id"], after=refused["op_id"])
    (result,) = await push(api, "grid_worker", explicit)
    assert result["problem"]["code"] == "depends_on_refused"


async def test_an_entry_that_cannot_be_read_holds_up_no_other(api: Api, world: World) -> None:
    broken: list[Any] = [
        {"op_id": "x"},
        report(world) | {"kind": "ticket.vote"},
        report(world, body={"title": ""}),
        comment(uuid7(), "") | {"unknown": 1},
        report(world) | {"occurred_at": "yesterday"},
    ]
    reply = await try_push(api, "grid_worker", *broken, None, 7, [], report(world))
    results = reply.json()["results"]
    assert outcomes(results) == ["refused"] * 8 + ["applied"]
    assert all(result["problem"]["errors"] for result in results[:8])
    assert results[2]["problem"]["errors"][0]["field"].startswith("operations.2.")
    assert results[2]["op_id"] == broken[2]["op_id"]


async def test_an_operation_id_cannot_be_used_for_something_else(api: Api, world: World) -> None:
    made = report(world)
    other = report(world, op_id=made["op_id"])
    results = await push(api, "grid_worker", made, other)
    assert outcomes(results) == ["applied", "refused"]
    assert results[1]["problem"]["code"] == "operation_id_reused"
    # Another's phone may have the same id.
    assert outcomes(await push(api, "grid_worker_a2", report(world, "grid_a2", op_id=made["op_id"]))) == [
        "applied"
    ]


async def test_a_report_that_also_came_by_itself_is_one_ticket(
    api: Api, session: AsyncSession, world: World
) -> None:
    made = report(world)
    alone = {**made["body"], "id": made["id"]}
    assert (await api.as_("grid_worker").post("/v1/tickets", json=alone)).status_code == 201
    assert outcomes(await push(api, "grid_worker", made)) == ["applied"]
    assert await count(session, "ticket") == 1


async def test_a_queue_reaches_no_further_than_its_sender(api: Api, world: World) -> None:
    loop = Loop(api, world)
    await loop.report()
    results = await push(api, "grid_worker_b", comment(loop.id), report(world, "grid_a1"))
    assert [result["problem"]["code"] for result in results] == ["not_found", "not_found"]
    assert all(result["ticket"] is None for result in results)
    problem_in(await try_push(api, "api_client", report(world)), 403, "forbidden")


async def test_five_hundred_operations_are_the_most(api: Api) -> None:
    many = [comment(uuid7()) for _number in range(501)]
    problem_in(await try_push(api, "grid_worker", *many), 422, "invalid")
    problem_in(await try_push(api, "grid_worker"), 422, "invalid")


async def test_nothing_personal_is_kept_of_an_operation(
    api: Api, session: AsyncSession, world: World
) -> None:
    made = report(
        world, body={"contact": {"name": "钱多多", "phone": "13712345678"}, "category_code": "0000"}
    )
    await push(api, "grid_worker", made, report(world))
    kept = await session.scalars(text("SELECT sync_operation::text FROM sync_operation"))
    for row in kept:
        assert not any(word in row for word in ("钱多多", "13712345678", "关大婶", "垃圾"))


async def test_a_late_check_in_is_marked_and_the_servers_clock_decides(api: Api) -> None:
    early = (clock.now() - timedelta(hours=9)).isoformat()
    await push(api, "grid_worker", entry("attendance.check_in", {}, occurred_at=early))
    (told,) = (await api.as_("grid_worker").get("/v1/attendance")).json()["items"]
    assert told["is_backfill"] is True
    assert clock.now() - datetime.fromisoformat(told["started_at"]) < timedelta(minutes=1)
    assert clock.now() - datetime.fromisoformat(told["device_started_at"]) > timedelta(hours=8)


async def test_trap_11_a_clock_set_to_next_year_loses_no_report_and_moves_no_deadline(
    api: Api, world: World
) -> None:
    ahead = timedelta(days=365)
    made = report(world, occurred_at=(clock.now() + ahead - timedelta(hours=2)).isoformat())
    plain = report(world)
    results = await push(api, "grid_worker", made, plain, sent_at=clock.now() + ahead)
    assert outcomes(results) == ["applied", "applied"]
    ticket = (await api.as_("grid_worker").get(f"/v1/tickets/{made['id']}")).json()
    ago = clock.now() - datetime.fromisoformat(ticket["occurred_at"])
    assert timedelta(hours=1, minutes=59) < ago < timedelta(hours=2, minutes=1)
    assert clock.now() - datetime.fromisoformat(ticket["reported_at"]) < timedelta(minutes=1)
    usual = (await api.as_("grid_worker").get(f"/v1/tickets/{plain['id']}")).json()
    due = [datetime.fromisoformat(each["due_at"]) for each in (ticket, usual)]
    assert abs(due[0] - due[1]) < timedelta(minutes=1)


async def test_trap_11_a_clock_that_is_ahead_without_saying_so_is_taken_back_to_now(
    api: Api, world: World
) -> None:
    made = report(world, occurred_at=(clock.now() + timedelta(days=365)).isoformat())
    assert outcomes(await push(api, "grid_worker", made)) == ["applied"]
    ticket = (await api.as_("grid_worker").get(f"/v1/tickets/{made['id']}")).json()
    assert datetime.fromisoformat(ticket["occurred_at"]) <= clock.now()


async def ends(session: AsyncSession, world: World, who: str, ago: timedelta) -> None:
    """Somebody's post ended so long ago."""
    statement = text("UPDATE post SET valid_to = :at WHERE id = :id")
    await session.execute(statement, {"at": clock.now() - ago, "id": world[who].post_id})
    await session.commit()


async def test_trap_17_who_was_removed_at_midnight_still_reports_what_they_saw(
    api: Api, session: AsyncSession, world: World
) -> None:
    home = await households.add(session, world, world.places["micro_a1"], 1)
    loop = Loop(api, world)
    await loop.report()
    await ends(session, world, "grid_assistant", timedelta(minutes=30))
    before, after = clock.now() - timedelta(hours=2), clock.now() - timedelta(minutes=5)
    seen = report(world, "micro_a1", occurred_at=before.isoformat())
    visited = entry("visit.record", visits.body(world, home), id=str(uuid7()), occurred_at=before.isoformat())
    refused = [
        report(world, "micro_a1", occurred_at=after.isoformat()),
        comment(loop.id, occurred_at=before.isoformat()),
        entry("attendance.check_out", {}, occurred_at=before.isoformat()),
        report(world, "grid_b1", occurred_at=before.isoformat()),
    ]
    results = await push(api, "grid_assistant", seen, visited, *refused)
    assert outcomes(results) == ["applied", "applied", "refused", "refused", "refused", "refused"]
    assert [each["problem"]["code"] for each in results[2:]] == ["post_over"] * 3 + ["not_found"]
    assert "三天内只补收任职期间的上报和走访" in results[2]["problem"]["detail"]
    assert (await api.as_("dispatcher").get(f"/v1/tickets/{seen['id']}")).status_code == 200
    again = await push(api, "grid_assistant", seen, visited, *refused)
    assert outcomes(again)[:2] == ["already_applied", "already_applied"]


async def test_trap_17_three_days_later_nothing_is_taken_any_more(
    api: Api, session: AsyncSession, world: World
) -> None:
    await ends(session, world, "grid_assistant", timedelta(days=4))
    seen = report(world, "micro_a1", occurred_at=(clock.now() - timedelta(days=5)).isoformat())
    (result,) = await push(api, "grid_assistant", seen)
    assert (result["outcome"], result["problem"]["status"]) == ("refused", 403)
