"""Exports: ask for a table with a reason, decide on somebody else's, fetch the file while it is there."""

from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse

from app.api import downloads, etags
from app.api.actors import Approver, Exporter, ExporterApart, ExportReader
from app.api.documented import refusals
from app.api.downloads import Download
from app.api.etags import IfMatch
from app.api.idempotency import IdempotentRoute, claim_key
from app.api.paging import LIMIT, Cursor, Limit
from app.api.parts import Files, Opener
from app.api.sessions import Session
from app.core.db import transaction
from app.schemas.exchange import ExportCreate, ExportDecision, ExportRead
from app.schemas.types import PageRead
from app.services.exchange import books, exports

PATH = "/v1/exports"
router = APIRouter(prefix=PATH, tags=["exports"], route_class=IdempotentRoute)


@router.get("", summary="导出列表", operation_id="exports_list")
async def exports_list(
    session: Session, actor: ExportReader, cursor: Cursor = None, limit: Limit = LIMIT
) -> PageRead[ExportRead]:
    """The caller's exports, and those that wait for them or were decided within their areas."""
    page = await exports.page(session, actor=actor, cursor=cursor, limit=limit)
    items = [ExportRead.model_validate(job) for job in page.items]
    return PageRead(items=items, next_cursor=page.next_cursor)


@router.post(
    "",
    status_code=201,
    summary="申请导出",
    operation_id="export_create",
    dependencies=[Depends(claim_key)],
)
async def export_create(
    session: Session, actor: Exporter, body: ExportCreate, response: Response
) -> ExportRead:
    """Ask for a table; with many rows, or unmasked, it is made only after somebody else's approval."""
    job = await exports.create(
        session, actor=actor, kind=body.kind, area_id=body.area_id, reason=body.reason, masked=body.masked
    )
    response.headers["Location"] = f"{PATH}/{job.id}"
    response.headers["ETag"] = etags.of_version(job.version)
    return ExportRead.model_validate(job)


@router.get("/{export_id}", summary="导出的进度", operation_id="export_read")
async def export_read(
    session: Session, actor: ExportReader, export_id: UUID, response: Response
) -> ExportRead:
    """How far an export is."""
    job = await exports.find(session, actor=actor, job_id=export_id)
    response.headers["ETag"] = etags.of_version(job.version)
    return ExportRead.model_validate(job)


@router.post(
    "/{export_id}/decision",
    summary="审批导出",
    operation_id="export_decide",
    dependencies=[Depends(claim_key)],
)
async def export_decide(
    session: Session,
    actor: Approver,
    export_id: UUID,
    body: ExportDecision,
    response: Response,
    if_match: IfMatch = None,
) -> ExportRead:
    """Approve or refuse somebody else's export."""
    job = await exports.decide(
        session,
        actor=actor,
        job_id=export_id,
        approve=body.approve,
        expected_version=etags.expected_version(if_match),
    )
    response.headers["ETag"] = etags.of_version(job.version)
    return ExportRead.model_validate(job)


@router.get(
    "/{export_id}/file",
    summary="下载导出文件",
    operation_id="export_file",
    response_class=StreamingResponse,
    responses={
        200: {"description": "工作簿", "content": {books.MIME: {}}},
        **downloads.REPLIES,
        **refusals(exports.ExportNotReady, exports.ExportExpired),
    },
)
async def export_file(
    request: Request, opener: Opener, actor: ExporterApart, files: Files, export_id: UUID
) -> Response:
    """The file, for whoever asked; every download is noted."""
    async with transaction(opener) as session:
        job = await exports.download(session, actor=actor, job_id=export_id)
    name = books.name_of(f"export-{job.kind}", job.id)
    digest = (job.sha256 or b"").hex()
    file = Download(job.object_key or "", job.size or 0, books.MIME, digest, name, downloads.UNCACHED)
    return await downloads.reply(request, files=files, file=file)
