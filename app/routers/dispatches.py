"""What was dispatched to the caller's organisation, for its own system to ask every so often."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.api.actors import TicketReader
from app.api.paging import Cursor, Limit
from app.api.sessions import Session
from app.core.paging import MAX_LIMIT
from app.schemas.dispatch import DispatchNews, DispatchRead
from app.services.platform.actor import Actor
from app.services.tickets import dispatches, present
from app.services.tickets.dispatches import Given

router = APIRouter(prefix="/v1/dispatches", tags=["tickets"])


@router.get("", summary="派给本单位的工单", operation_id="dispatches_list")
async def dispatches_list(
    session: Session,
    actor: TicketReader,
    *,
    cursor: Cursor = None,
    limit: Limit = MAX_LIMIT,
    running: Annotated[bool, Query(description="只要还没有办完的")] = False,
) -> DispatchNews:
    """What was given to the organisations of the caller since a cursor; nothing is ever skipped."""
    news = await dispatches.since(session, actor=actor, cursor=cursor, limit=limit, running=running)
    return DispatchNews(
        items=[_read(actor, given) for given in news.items], cursor=news.cursor, more=news.more
    )


def _read(actor: Actor, given: Given) -> DispatchRead:
    ticket = present.brief(actor, given.ticket) if given.ticket else None
    return DispatchRead.model_validate({**given.row, "ticket": ticket})
