"""Likely duplicates of a ticket, for whoever reports, accepts or dispatches it, and merging them into it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from app.api import etags
from app.api.actors import TicketReader, TicketWriter
from app.api.deadlines import Deadlines
from app.api.idempotency import IdempotentRoute, claim_key
from app.api.sessions import Session
from app.schemas.duplicate import DuplicateList, DuplicateMerge
from app.schemas.ticket import TicketRead
from app.services.tickets import duplicates, merging, present

MOST = 20

router = APIRouter(
    prefix="/v1/tickets", tags=["tickets"], route_class=IdempotentRoute, dependencies=[Depends(claim_key)]
)


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


@router.post("/{ticket_id}/duplicates", summary="并案", operation_id="ticket_duplicates_merge")
async def ticket_duplicates_merge(
    session: Session,
    actor: TicketWriter,
    deadlines: Deadlines,
    ticket_id: UUID,
    body: DuplicateMerge,
    response: Response,
) -> TicketRead:
    """Merge tickets into this one, all of them or none; each step is as `merge` of the ticket itself."""
    ticket = await merging.absorb(
        session,
        actor=actor,
        master_id=ticket_id,
        ticket_ids=body.ticket_ids,
        opinion=body.opinion,
        deadlines=deadlines,
    )
    response.headers["ETag"] = etags.of_version(ticket.row["version"])
    return present.ticket(actor, ticket, deadlines)
