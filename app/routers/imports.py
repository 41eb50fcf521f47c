"""Imports: upload a workbook, see what a dry run made of it, fetch the wrong rows, confirm once.

No connection to the database is held while the workbook comes in or the error workbook is written out.
"""

import tempfile
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse

from app.api import downloads, etags, uploads
from app.api.actors import Importer, ImporterApart
from app.api.documented import refusals
from app.api.etags import IfMatch
from app.api.idempotency import IdempotentRoute, SentKey, claim, claim_key
from app.api.paging import LIMIT, Cursor, Limit
from app.api.parts import Configured, Files, Opener
from app.api.sessions import Session
from app.api.vault import AppVault
from app.core.db import transaction
from app.core.workbook.faults import NotAWorkbook
from app.schemas.exchange import ImportConfirm, ImportDetail, ImportFault, ImportFields, ImportRead
from app.schemas.types import PageRead
from app.services.exchange import books, imports

PATH = "/v1/imports"
XLSX: dict[int | str, dict[str, Any]] = {200: {"description": "工作簿", "content": {books.MIME: {}}}}
router = APIRouter(prefix=PATH, tags=["imports"], route_class=IdempotentRoute)


@router.get("", summary="我的导入", operation_id="imports_list")
async def imports_list(
    session: Session, actor: Importer, cursor: Cursor = None, limit: Limit = LIMIT
) -> PageRead[ImportRead]:
    """The caller's imports, oldest first."""
    page = await imports.page(session, actor=actor, cursor=cursor, limit=limit)
    items = [ImportRead.model_validate(job) for job in page.items]
    return PageRead(items=items, next_cursor=page.next_cursor)


@router.post(
    "",
    status_code=201,
    summary="上传要导入的表格",
    operation_id="import_create",
    openapi_extra=uploads.form_of(ImportFields),
    responses=refusals(NotAWorkbook),
)
async def import_create(
    request: Request,
    response: Response,
    actor: ImporterApart,
    key: SentKey,
    settings: Configured,
    files: Files,
    opener: Opener,
    session: Session,
) -> ImportRead:
    """Upload a workbook (xlsx, xls, csv); the worker checks it, and nothing is written until confirmed."""
    async with uploads.received(request, ImportFields, limit=settings.max_import_bytes) as upload:
        kind, area_id = upload.fields.kind, upload.fields.area_id
        placed = await imports.place(opener, actor=actor, kind=kind, files=files, spool=upload.spool)
    if key is not None:
        content = placed.sha256 + f"{kind}:{area_id}".encode()
        await claim(request, actor=actor, key=key, content=content)
    job = await imports.create(session, actor=actor, kind=kind, area_id=area_id, placed=placed)
    response.headers["Location"] = f"{PATH}/{job.id}"
    response.headers["ETag"] = etags.of_version(job.version)
    return ImportRead.model_validate(job)


@router.get("/{import_id}", summary="导入的进度和检查结果", operation_id="import_read")
async def import_read(session: Session, actor: Importer, import_id: UUID, response: Response) -> ImportDetail:
    """How far an import is, how its sheets were understood, and the first wrong rows."""
    job = await imports.find(session, actor=actor, job_id=import_id)
    faults = [
        ImportFault(sheet=row.sheet, line=row.line, **fault)
        for row in await imports.wrong_rows(session, job=job)
        for fault in row.faults
    ]
    response.headers["ETag"] = etags.of_version(job.version)
    read = ImportRead.model_validate(job)
    return ImportDetail(**read.model_dump(), sheets=job.sheets, faults=faults)


@router.get(
    "/{import_id}/errors",
    summary="下载错误表",
    operation_id="import_errors",
    response_class=StreamingResponse,
    responses=XLSX,
)
async def import_errors(
    opener: Opener, actor: ImporterApart, vault: AppVault, import_id: UUID
) -> StreamingResponse:
    """The rows that are held, as they were sent, with what is wrong; to mend and upload again."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it was sent
    async with transaction(opener) as session:
        job = await imports.find(session, actor=actor, job_id=import_id)
        await imports.note_download(session, actor=actor, job=job)
        await books.errors(session, file, job=job, vault=vault)
    return downloads.made(file, mime=books.MIME, name=books.name_of("import-errors", import_id))


@router.post(
    "/{import_id}/confirm",
    summary="确认导入",
    operation_id="import_confirm",
    dependencies=[Depends(claim_key)],
)
async def import_confirm(
    session: Session,
    actor: Importer,
    import_id: UUID,
    body: ImportConfirm,
    response: Response,
    if_match: IfMatch = None,
) -> ImportRead:
    """Have the checked rows written by the worker; only once."""
    job = await imports.confirm(
        session,
        actor=actor,
        job_id=import_id,
        skip_errors=body.skip_errors,
        expected_version=etags.expected_version(if_match),
    )
    response.headers["ETag"] = etags.of_version(job.version)
    return ImportRead.model_validate(job)
