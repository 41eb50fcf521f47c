"""The public without an account: report, follow by number and code, answer by a link; all of it limited."""

from collections.abc import Sequence

from fastapi import APIRouter, Depends, Request

from app.api import forms, public_limits
from app.api.deadlines import Deadlines, DeadlinesApart
from app.api.documented import refusals
from app.api.parts import Configured, Files, Opener
from app.api.ratelimit import TooManyRequests
from app.api.sessions import Session
from app.api.vault import AppVault
from app.core.crypto import Vault
from app.core.db import transaction
from app.core.spool import FileTooLarge
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
from app.services.exchange.public.reporting import Sent, Taken
from app.services.platform import attachments
from app.services.platform.attachments import Placed
from app.services.tickets.report import Place
from app.services.tickets.system import RESIDENT

REPORTS = "/v1/public/reports"
WITH_PHOTOS = f"{REPORTS}/with-photos"
PHOTO_FORM = {
    "type": "object",
    "required": ["report"],
    "properties": {
        "report": {"$ref": "#/components/schemas/PublicReportCreate"},
        "photo": {
            "type": "array",
            "items": {"type": "string", "format": "binary"},
            "maxItems": forms.MAX_FILES,
            "description": "照片，类型按内容判断，拍摄信息会去除",
        },
    },
}
router = APIRouter(tags=["public"], dependencies=[Depends(public_limits.reading)])


@router.post(
    REPORTS,
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
    """Report without an account; it waits for a dispatcher and is not public. Keep the code.

    With an `attempt` it may be sent again when the answer was lost: the same report gets the same answer.
    """
    await public_limits.phone(request, body.phone)
    taken = await reporting.take(
        session,
        actor=RESIDENT,
        sent=_sent(body, vault),
        deadlines=deadlines,
        vault=vault,
        prefix=settings.ticket_prefix,
    )
    return _taken(taken)


@router.post(
    WITH_PHOTOS,
    status_code=201,
    summary="群众上报（附照片）",
    operation_id="public_report_with_photos",
    openapi_extra={"requestBody": {"required": True, "content": {forms.MULTIPART: {"schema": PHOTO_FORM}}}},
    responses=refusals(
        services.UnknownService,
        TooManyRequests,
        forms.NoForm,
        FileTooLarge,
        attachments.NotAPhoto,
        attachments.TwoFacedFile,
        *attachments.REFUSALS,
    ),
    dependencies=[Depends(public_limits.reporting)],
)
async def public_report_with_photos(
    request: Request,
    opener: Opener,
    settings: Configured,
    vault: AppVault,
    files: Files,
    deadlines: DeadlinesApart,
) -> PublicReportTaken:
    """Report in a form: `report` is the JSON of a report, `photo` up to three photos. They are not public."""
    async with forms.received(request, file="photo") as posted:
        body = forms.json_in(posted.texts, "report", PublicReportCreate)
        await public_limits.phone(request, body.phone)
        limit = settings.max_attachment_bytes
        photos = [
            await forms.placed(opener, files, upload, limit=limit, photo=True) for upload in posted.files
        ]
    async with transaction(opener) as session:
        taken = await reporting.take(
            session,
            actor=RESIDENT,
            sent=_sent(body, vault, photos),
            deadlines=deadlines,
            vault=vault,
            prefix=settings.ticket_prefix,
        )
    return _taken(taken)


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


def _sent(body: PublicReportCreate, vault: Vault, photos: Sequence[Placed] = ()) -> Sent:
    point = body.location
    proof = vault.index(f"public report {body.model_dump_json()}") if body.attempt else None
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
        confidential=body.confidential,
        files=photos,
        where="body.location",
        proof=proof,
    )


def _taken(taken: Taken) -> PublicReportTaken:
    return PublicReportTaken(
        number=follow_codes.shown(taken.number, by=5),
        code=follow_codes.shown(taken.code, by=4),
        notice=taken.notice,
    )
