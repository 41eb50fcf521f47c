"""The public without an account: report, follow by number and code, answer by a link; all of it limited."""

from fastapi import APIRouter, Depends, Request

from app.api import public_limits
from app.api.deadlines import Deadlines
from app.api.documented import refusals
from app.api.parts import Configured
from app.api.ratelimit import TooManyRequests
from app.api.sessions import Session
from app.api.vault import AppVault
from app.models.enums import EventSource
from app.schemas.public_report import (
    AnswerAsked,
    AnswerCreate,
    AnswerTaken,
    Follow,
    FollowRead,
    PublicReportCreate,
    PublicReportTaken,
)
from app.services.exchange.public import answering, follow_codes, following, reporting, services
from app.services.exchange.public.answer_links import AlreadyAnswered, AnswerLinkExpired
from app.services.exchange.public.reporting import Sent
from app.services.tickets.report import Place
from app.services.tickets.system import RESIDENT

router = APIRouter(tags=["public"], dependencies=[Depends(public_limits.reading)])


@router.post(
    "/v1/public/reports",
    status_code=201,
    summary="群众上报",
    operation_id="public_report_create",
    responses=refusals(services.UnknownService, TooManyRequests),
    dependencies=[Depends(public_limits.reporting)],
)
async def public_report_create(
    request: Request,
    session: Session,
    settings: Configured,
    vault: AppVault,
    deadlines: Deadlines,
    body: PublicReportCreate,
) -> PublicReportTaken:
    """Report without an account; it waits for a dispatcher and is not public. The code is shown this once."""
    await public_limits.phone(request, body.phone)
    taken = await reporting.take(
        session,
        actor=RESIDENT,
        sent=_sent(body),
        deadlines=deadlines,
        vault=vault,
        prefix=settings.ticket_prefix,
    )
    return PublicReportTaken(
        number=follow_codes.shown(taken.number, by=5),
        code=follow_codes.shown(taken.code, by=4),
        notice=taken.notice,
    )


@router.post(
    "/v1/public/follow",
    summary="凭查询号和查询码看进展",
    operation_id="public_follow",
    responses=refusals(following.WrongCode, TooManyRequests),
)
async def public_follow(request: Request, session: Session, vault: AppVault, body: Follow) -> FollowRead:
    """How a report stands; a body, because codes never stand in a URL. Thirty tries an hour for a number."""
    await public_limits.trying(request, follow_codes.read(body.number))
    return await following.read(session, vault=vault, number=body.number, code=body.code)


@router.get(
    "/v1/public/answers/{link}",
    summary="评价前的情况",
    operation_id="public_answer_asked",
    responses=refusals(AnswerLinkExpired, AlreadyAnswered),
)
async def public_answer_asked(session: Session, vault: AppVault, link: str) -> AnswerAsked:
    """What is asked about an outcome, by a link that was given to the person who complained."""
    return await answering.asked(session, vault=vault, link=link)


@router.post(
    "/v1/public/answers/{link}",
    summary="群众评价",
    operation_id="public_answer_create",
    responses=refusals(AnswerLinkExpired, AlreadyAnswered),
)
async def public_answer_create(
    session: Session, vault: AppVault, deadlines: Deadlines, link: str, body: AnswerCreate
) -> AnswerTaken:
    """Say whether it is solved and how content one is; once for each round of handling."""
    return await answering.answer(session, vault=vault, link=link, new=body, deadlines=deadlines)


def _sent(body: PublicReportCreate) -> Sent:
    point = body.location
    return Sent(
        service_code=body.service_code,
        description=body.description,
        source=EventSource.RESIDENT_APP,
        place=Place(point.lng, point.lat, point.coord_type) if point else None,
        address=body.address,
        area_id=body.area_id,
        name=body.name,
        phone=body.phone,
        answers=body.answers,
        where="body.location",
    )
