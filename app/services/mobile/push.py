"""A phone's queue, carried out in order: each operation in a transaction of its own, with its own result.

The same operation again changes nothing. One that was made on top of another is not carried out unless that
one was: what the phone names by `after`, and what it did before to the same record in this queue.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from uuid import UUID

from app.core import failures, lanes, notes
from app.core.db import Sessions, transaction
from app.core.errors import Busy, Conflict, Problem, Stale
from app.models.enums.sync import SyncOutcome
from app.services.mobile import outcomes, standing, versions
from app.services.mobile.carrying import Tools, carry_out
from app.services.mobile.operations import Done, Kept, Operation, Unreadable
from app.services.mobile.standing import Standing
from app.services.platform.actor import Actor


class OperationReused(Conflict):
    """The id was used before for another operation."""

    code = "operation_id_reused"
    title_zh, title_en = "同一个操作编号已用于另一个操作", "This op_id was used for another operation"


class BasisUnknown(Busy):
    """The operation that this one was made on top of has not come yet, or is forgotten."""

    title_zh = "它之前的操作还没有收到，请按顺序重新上传"
    title_en = "The operation that it depends on has not come yet: send both"


class BasisMissing(Conflict):
    """The operation that this one was made on top of was not carried out."""

    code = "depends_on_refused"
    title_zh = "它之前的操作没有被接受，这一步也无法办理"
    title_en = "The operation that it depends on was not applied"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of an operation; `kept` is None when nothing is remembered of it."""

    op_id: UUID | None
    outcome: str
    record_id: UUID | None = None
    version: int | None = None
    no: str | None = None
    problem: Any = None


@dataclass(slots=True)
class Queue:
    """One push as it goes: who sends, what was met before, what the records have come to."""

    sessions: Sessions
    member_id: UUID
    stands: Standing
    tools: Tools
    known: dict[UUID, Kept]
    sent: frozenset[UUID]
    last: dict[UUID, Result] = field(default_factory=dict)
    now: dict[UUID, Result] = field(default_factory=dict)


async def push(
    sessions: Sessions,
    *,
    actor: Actor,
    operations: Sequence[Operation | Unreadable],
    tools: Tools,
    side_by_side: int,
    gate: asyncio.Semaphore,
) -> list[Result]:
    """Carry out what was not before; one result for each, in their order.

    Up to `side_by_side` at a time, but what names a record in common one after the other. All pushes of a
    process go through one `gate`, entry by entry, so a long queue does not hold up a short one.
    """
    async with transaction(sessions) as session:
        stands = await standing.of(session, actor)
        sent = frozenset(each.op_id for each in operations if each.op_id)
        below = {each.after for each in operations if isinstance(each, Operation) and each.after}
        known = await outcomes.known(session, member_id=actor.id, op_ids=sent | below)
    queue = Queue(sessions, actor.id, stands, tools, known, sent)
    found: dict[int, Result] = {}

    async def step(position: int) -> None:
        found[position] = await _next(queue, operations[position])

    names = [each.names for each in operations]
    await lanes.carry(names, step, side_by_side=side_by_side, gate=gate)
    return [found[position] for position in range(len(operations))]


async def _next(queue: Queue, entry: Operation | Unreadable) -> Result:
    kept = queue.known.get(entry.op_id) if entry.op_id else None
    if kept is not None:
        result = _again(entry, kept)
    elif isinstance(entry, Unreadable):
        result = Result(entry.op_id, "refused", entry.record_id, problem=notes.packed(entry.problem))
    else:
        result = await _first(queue, entry)
    if result.record_id is not None:
        queue.last[result.record_id] = result
    if result.op_id is not None:
        queue.now[result.op_id] = result
    return result


async def _first(queue: Queue, operation: Operation) -> Result:
    """An operation that was not met before, or not for good."""
    try:
        made = _made_before(queue, operation)
        actor = queue.stands.for_(operation)
        done = await _done(queue, operation, actor, made)
    except Exception as error:  # noqa: BLE001 - whatever it breaks, the rest must not wait behind it for ever
        problem = failures.as_problem(error, kind=operation.kind.value)
        return await _refused(queue, operation, problem)
    if isinstance(done, Kept):
        return _again(operation, done)
    _remember(
        queue, operation, Kept(operation.digest, SyncOutcome.APPLIED, done.record_id, done.version, None)
    )
    return Result(operation.op_id, "applied", done.record_id, done.version, done.no)


async def _done(queue: Queue, operation: Operation, actor: Actor, made: int | None) -> Done | Kept:
    async with transaction(queue.sessions) as session:
        faster = await outcomes.claim(session, member_id=queue.member_id, operation=operation)
        if faster is not None:
            return faster
        expected = await versions.expected(session, actor=actor, operation=operation, made=made)
        done = await carry_out(
            session, actor=actor, operation=operation, expected=expected, tools=queue.tools
        )
        await outcomes.settle(session, member_id=queue.member_id, operation=operation, done=done)
        return done


async def _refused(queue: Queue, operation: Operation, problem: Problem) -> Result:
    """Keep a refusal, unless it passes by itself."""
    if isinstance(problem, Busy) or problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        told = notes.packed(problem)
        return Result(operation.op_id, "retry", operation.record_id, problem=told)
    outcome = SyncOutcome.CONFLICT if isinstance(problem, Stale) else SyncOutcome.REFUSED
    async with transaction(queue.sessions) as session:
        kept = await outcomes.refuse(
            session, member_id=queue.member_id, operation=operation, outcome=outcome, problem=problem
        )
    _remember(queue, operation, kept)
    return _again(operation, kept)


def _remember(queue: Queue, operation: Operation, kept: Kept) -> None:
    queue.known[operation.op_id] = kept


def _again(operation: Operation | Unreadable, kept: Kept) -> Result:
    """The answer to an operation that was met before."""
    if kept.digest != operation.digest:
        problem = notes.packed(OperationReused())
        return Result(operation.op_id, "refused", operation.record_id, problem=problem)
    applied = kept.outcome is SyncOutcome.APPLIED
    outcome = "already_applied" if applied else kept.outcome.value
    return Result(operation.op_id, outcome, kept.record_id, kept.version, problem=kept.problem)


def _made_before(queue: Queue, operation: Operation) -> int | None:
    """The version that the phone's own earlier operation made of the record, which must have been applied."""
    if operation.after is not None:
        return _version_after(queue, operation.after)
    before = queue.last.get(operation.record_id) if operation.record_id else None
    if before is None:
        return None
    _require(before)
    return before.version if operation.version is not None else None


def _version_after(queue: Queue, op_id: UUID) -> int | None:
    result = queue.now.get(op_id)
    if result is not None:
        _require(result)
        return result.version
    kept = queue.known.get(op_id)
    if kept is None and op_id not in queue.sent:
        raise BasisUnknown
    if kept is None or kept.outcome is not SyncOutcome.APPLIED:
        raise BasisMissing
    return kept.version


def _require(before: Result) -> None:
    if before.outcome == "retry":
        raise Busy
    if before.outcome in {"refused", "conflict"}:
        raise BasisMissing
