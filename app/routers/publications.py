"""What of a ticket is public, which its dispatchers decide, and the link that its reporter answers by."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.api import etags
from app.api.actors import TicketReader, TicketWriter
from app.api.documented import refusals
from app.api.etags import IfMatch
from app.api.parts import Configured
from app.api.sessions import Session
from app.api.vault import AppVault
from app.core.errors import Stale
from app.schemas.public_report import AnswerLinkCreate, AnswerLinkRead
from app.schemas.publication import PublicationRead, PublicationWrite
from app.services.exchange.public import answering, moderation
from app.services.exchange.public.answer_links import AlreadyAnswered

PATH = "/v1/tickets/{ticket_id}/publication"
router = APIRouter(tags=["public"])


@router.get(PATH, summary="公开的内容", operation_id="publication_read")
async def publication_read(
    session: Session, actor: TicketReader, response: Response, ticket_id: UUID
) -> PublicationRead:
    """What is public of a ticket; version 0 while nothing is."""
    return _tagged(response, await moderation.read(session, actor=actor, ticket_id=ticket_id))


@router.put(
    PATH,
    summary="公开工单",
    operation_id="publication_write",
    responses=refusals(moderation.NotPublishable, moderation.NotTheDispatcher, Stale),
)
async def publication_write(
    session: Session,
    actor: TicketWriter,
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
    PATH, status_code=204, summary="撤回公开", operation_id="publication_withdraw", responses=refusals(Stale)
)
async def publication_withdraw(
    session: Session, actor: TicketWriter, ticket_id: UUID, if_match: IfMatch = None
) -> None:
    """Make nothing of a ticket public any more."""
    version = etags.expected_version(if_match)
    await moderation.withdraw(session, actor=actor, ticket_id=ticket_id, expected_version=version)


@router.post(
    "/v1/tickets/{ticket_id}/answer-link",
    summary="生成评价链接",
    operation_id="ticket_answer_link",
    responses=refusals(AlreadyAnswered, answering.NoPhone),
)
async def ticket_answer_link(
    request: Request,
    session: Session,
    actor: TicketWriter,
    settings: Configured,
    vault: AppVault,
    ticket_id: UUID,
    body: AnswerLinkCreate,
) -> AnswerLinkRead:
    """A link for the person who complained, for whoever may revisit now; perhaps as a text message."""
    base = (settings.public_url or str(request.base_url)).rstrip("/")
    return await answering.make(
        session,
        actor=actor,
        ticket_id=ticket_id,
        vault=vault,
        base=f"{base}{answering.PAGE}",
        send=body.send,
        sendable=bool(settings.sms_url and settings.sms_token and settings.public_url),
    )


def _tagged(response: Response, read: PublicationRead) -> PublicationRead:
    response.headers["ETag"] = etags.of_version(read.version)
    return read
