"""What of a ticket is public: its dispatchers decide."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.api import etags
from app.api.actors import Publisher
from app.api.documented import refusals
from app.api.etags import IfMatch
from app.api.sessions import Session
from app.core.errors import Stale
from app.schemas.publication import PublicationRead, PublicationWrite
from app.services.exchange.public import moderation

router = APIRouter(prefix="/v1/tickets/{ticket_id}/publication", tags=["public"])


@router.get("", summary="公开的内容", operation_id="publication_read")
async def publication_read(
    session: Session, actor: Publisher, response: Response, ticket_id: UUID
) -> PublicationRead:
    """What is public of a ticket; 404 while nothing is."""
    return _tagged(response, await moderation.read(session, actor=actor, ticket_id=ticket_id))


@router.put(
    "",
    summary="公开工单",
    operation_id="publication_write",
    responses=refusals(moderation.NotPublishable, Stale),
)
async def publication_write(
    session: Session,
    actor: Publisher,
    response: Response,
    ticket_id: UUID,
    body: PublicationWrite,
    if_match: IfMatch = None,
) -> PublicationRead:
    """Make this public of a ticket, in place of what was public before."""
    written = await moderation.publish(
        session,
        actor=actor,
        ticket_id=ticket_id,
        new=body,
        expected_version=etags.expected_version(if_match),
    )
    return _tagged(response, written)


@router.delete(
    "", status_code=204, summary="撤回公开", operation_id="publication_withdraw", responses=refusals(Stale)
)
async def publication_withdraw(
    session: Session, actor: Publisher, ticket_id: UUID, if_match: IfMatch = None
) -> None:
    """Make nothing of a ticket public any more."""
    version = etags.expected_version(if_match)
    await moderation.withdraw(session, actor=actor, ticket_id=ticket_id, expected_version=version)


def _tagged(response: Response, read: PublicationRead) -> PublicationRead:
    response.headers["ETag"] = etags.of_version(read.version)
    return read
