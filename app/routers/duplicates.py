"""Likely duplicates of a ticket, for whoever reports, accepts or dispatches it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from app.api.actors import TicketReader
from app.api.sessions import Session
from app.schemas.duplicate import DuplicateList
from app.services.tickets import duplicates

MOST = 20

router = APIRouter(prefix="/v1/tickets", tags=["tickets"])


@router.get("/{ticket_id}/duplicates", summary="疑似重复工单", operation_id="ticket_duplicates")
async def ticket_duplicates(
    session: Session,
    actor: TicketReader,
    ticket_id: UUID,
    limit: Annotated[int, Query(ge=1, le=MOST, description="最多几条")] = 5,
) -> DuplicateList:
    """Open tickets of the same kind, near by and of the same days, that the caller sees; likeliest first."""
    found = await duplicates.find_for(session, actor=actor, ticket_id=ticket_id, limit=limit)
    return DuplicateList(items=found)
