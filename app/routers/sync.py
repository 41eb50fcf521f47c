"""Synchronisation of a phone: what it did without a network, and what changed meanwhile.

Each operation of a push has a transaction of its own, so callers are recognised in another one. Items carry
ids of their own; an Idempotency-Key would add nothing.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from app.api import problems, queue
from app.api.actors import CurrentActorApart, Person
from app.api.deadlines import Deadlines, DeadlinesApart
from app.api.documented import refusals
from app.api.paging import Limit
from app.api.parts import Opener
from app.api.sessions import Session
from app.core import clock
from app.core.paging import MAX_LIMIT
from app.schemas.feed import PullRead
from app.schemas.sync import Push, PushRead
from app.services.mobile import pull, push, results
from app.services.mobile.carrying import Tools
from app.services.mobile.cursors import MAX_LENGTH, CursorStale

PREFIX = "/v1/sync"
PUSH, PULL = f"{PREFIX}/push", f"{PREFIX}/pull"
router = APIRouter(prefix=PREFIX, tags=["sync"])


@router.post("/push", summary="离线操作上传", operation_id="sync_push")
async def sync_push(
    request: Request, actor: CurrentActorApart, opener: Opener, deadlines: DeadlinesApart, body: Push
) -> PushRead:
    """Carry out a phone's queue in order; each entry has its own result, and again changes nothing."""
    state = request.app.state
    read = queue.read(body.operations, sent_at=body.sent_at, vault=state.vault)
    tools = Tools(deadlines, state.vault, state.settings.ticket_prefix)
    found = await push.push(
        opener,
        actor=actor,
        operations=read,
        tools=tools,
        side_by_side=state.settings.push_lanes,
        gate=state.push_gate,
    )
    english = problems.prefers_english(request.headers.get("accept-language", ""))
    told = await results.told(opener, actor=actor, results=found, deadlines=deadlines, english=english)
    return PushRead(received_at=clock.now(), results=told)


@router.get(
    "/pull",
    summary="增量下载",
    operation_id="sync_pull",
    response_model=PullRead,
    response_model_exclude_unset=True,
    responses=refusals(CursorStale),
)
async def sync_pull(
    session: Session,
    actor: Person,
    deadlines: Deadlines,
    cursor: Annotated[str | None, Query(max_length=MAX_LENGTH, description="上一次返回的 cursor")] = None,
    limit: Limit = MAX_LIMIT,
) -> Any:
    """What changed since the cursor, with what to forget; without one, all that the caller sees."""
    return await pull.pull(session, actor=actor, deadlines=deadlines, cursor=cursor, limit=limit)
