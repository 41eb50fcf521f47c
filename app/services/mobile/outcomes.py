"""What became of each operation, so that the same one again gets the same answer and changes nothing.

Claiming inserts the row: the same operation, sent at the same moment by a retry, waits for it. A claim
stands or falls with the work; a refusal is written in a transaction of its own, after the work is undone.
Forgotten after half a year.
"""

import json
from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock, notes
from app.core.errors import Problem
from app.models.enums.sync import SyncOutcome
from app.models.sync import SyncOperation
from app.services.mobile.operations import Done, Kept, Operation

KEPT_FOR = timedelta(days=180)
_TABLE: Any = SyncOperation.__table__
_C: Any = _TABLE.c
# As texts: two of these stand under every operation, and to build them costs as much as to run them.
_PUT = text("""
    INSERT INTO sync_operation
        (member_id, op_id, kind, digest, outcome, record_id, problem, occurred_at, skew_s, received_at)
    VALUES (:member_id, :op_id, :kind, :digest, :outcome, :record_id, CAST(:problem AS jsonb), :occurred_at,
        :skew_s, :received_at)
    ON CONFLICT DO NOTHING
    RETURNING op_id
    """)
_SETTLE = text("""
    UPDATE sync_operation SET record_id = :record_id, version = :version
     WHERE member_id = :member_id AND op_id = :op_id
    """)
_KEPT = (_C.op_id, _C.digest, _C.outcome, _C.record_id, _C.version, _C.problem)


async def known(session: AsyncSession, *, member_id: UUID, op_ids: Collection[UUID]) -> dict[UUID, Kept]:
    """Those of some operations of a member that were met before."""
    rows = await session.execute(select(*_KEPT).where(_C.member_id == member_id, _C.op_id.in_(op_ids)))
    return {row.op_id: _kept(row) for row in rows}


async def claim(session: AsyncSession, *, member_id: UUID, operation: Operation) -> Kept | None:
    """None: it is ours to carry out; else what became of it when another call was faster."""
    return await _put(session, member_id, operation, SyncOutcome.APPLIED, None)


async def settle(session: AsyncSession, *, member_id: UUID, operation: Operation, done: Done) -> None:
    """Keep what a claimed operation made, where the claim did not know it."""
    if (done.record_id, done.version) == (operation.record_id, None):
        return
    mine = {"member_id": member_id, "op_id": operation.op_id}
    await session.execute(_SETTLE, {**mine, "record_id": done.record_id, "version": done.version})


async def refuse(
    session: AsyncSession, *, member_id: UUID, operation: Operation, outcome: SyncOutcome, problem: Problem
) -> Kept:
    """Keep a refusal; returns what is kept, which is another's answer if that was faster."""
    told = notes.packed(problem)
    kept = await _put(session, member_id, operation, outcome, told)
    return kept or Kept(operation.digest, outcome, operation.record_id, None, told)


async def forget_old(session: AsyncSession) -> int:
    """Delete what is older than half a year; returns how many."""
    old = delete(_TABLE).where(_C.received_at < clock.now() - KEPT_FOR)
    return len((await session.execute(old.returning(_C.op_id))).all())


async def _put(
    session: AsyncSession,
    member_id: UUID,
    operation: Operation,
    outcome: SyncOutcome,
    problem: dict[str, Any] | None,
) -> Kept | None:
    values = {
        "member_id": member_id,
        "op_id": operation.op_id,
        "kind": operation.kind.value,
        "digest": operation.digest,
        "outcome": outcome.value,
        "record_id": operation.record_id,
        "problem": json.dumps(problem) if problem else None,
        "occurred_at": operation.happened_at,
        "skew_s": operation.skew_s,
        "received_at": clock.now(),
    }
    if await session.scalar(_PUT, values) is not None:
        return None
    mine = (_C.member_id == member_id, _C.op_id == operation.op_id)
    return _kept((await session.execute(select(*_KEPT).where(*mine))).one())


def _kept(row: Any) -> Kept:
    return Kept(bytes(row.digest), SyncOutcome(row.outcome), row.record_id, row.version, row.problem)
