"""The results of a push as they go out: the problem's words, and the record as it is where it matters."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from app.core import notes
from app.core.db import Sessions, transaction
from app.schemas.sync import ResultRead
from app.services.mobile import items
from app.services.mobile.push import Result
from app.services.platform.actor import Actor
from app.services.tickets.deadlines import Deadlines

CLASHES = frozenset({409, 412})


async def told(
    sessions: Sessions, *, actor: Actor, results: Sequence[Result], deadlines: Deadlines, english: bool
) -> list[ResultRead]:
    """Each result; who clashed with the state of a ticket or visit gets it as the caller may see it."""
    ids = {result.record_id for result in results if _clashed(result) and result.record_id}
    copies = await _copies(sessions, actor, deadlines, ids) if ids else {}
    return [_read(result, copies, english=english) for result in results]


async def _copies(
    sessions: Sessions, actor: Actor, deadlines: Deadlines, ids: Iterable[UUID]
) -> dict[UUID, dict[str, Any]]:
    wanted = set(ids)
    async with transaction(sessions) as session:
        tickets = await items.tickets_of(session, actor=actor, deadlines=deadlines, ids=wanted)
        visits = await items.visits_of(session, actor=actor, ids=wanted)
    return {one.id: {"ticket": one} for one in tickets} | {one.id: {"visit": one} for one in visits}


def _read(result: Result, copies: dict[UUID, dict[str, Any]], *, english: bool) -> ResultRead:
    copy = copies.get(result.record_id, {}) if _clashed(result) and result.record_id else {}
    return ResultRead(
        op_id=result.op_id,
        outcome=result.outcome,
        id=result.record_id,
        version=result.version,
        no=result.no,
        problem=notes.told(result.problem, english=english) if result.problem else None,
        **copy,
    )


def _clashed(result: Result) -> bool:
    return result.problem is not None and result.problem["status"] in CLASHES
