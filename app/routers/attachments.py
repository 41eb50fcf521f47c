"""Attachments: upload a photo, recording or document, look at its record, fetch its bytes.

No connection to the database is held while bytes come in or go out, which may take a phone minutes; so
callers are recognised in a transaction of its own.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import StreamingResponse

from app.api import downloads, uploads
from app.api.actors import FileReader, FileWriter, TicketReader
from app.api.documented import refusals
from app.api.idempotency import IdempotentRoute, SentKey, claim
from app.api.parts import Configured, Files, Opener
from app.api.sessions import Session
from app.api.uploads import UploadCut
from app.api.vault import AppVault
from app.core.db import transaction
from app.core.errors import NotFound
from app.core.files import FileLost
from app.core.media_types import EXTENSIONS
from app.core.spool import FileTooLarge
from app.schemas.attachment import HINTS, AttachmentFields, AttachmentRead
from app.schemas.upload import FileLinkCreate, FileLinkRead
from app.services.mobile import awaited
from app.services.platform import attachments as storage
from app.services.platform import file_links, thumbnails
from app.services.visits import attachments

PATH = "/v1/attachments"
router = APIRouter(prefix=PATH, tags=["attachments"], route_class=IdempotentRoute)


@router.post(
    "",
    status_code=201,
    summary="上传附件",
    operation_id="attachment_upload",
    openapi_extra=uploads.form_of(AttachmentFields),
    responses={
        200: {"description": "同一个编号的同一文件已上传过", "model": AttachmentRead},
        **refusals(
            UploadCut, FileTooLarge, storage.AttachmentExists, storage.TwoFacedFile, *storage.REFUSALS
        ),
    },
)
async def attachment_upload(
    request: Request,
    response: Response,
    actor: FileWriter,
    key: SentKey,
    settings: Configured,
    files: Files,
    opener: Opener,
    session: Session,
) -> AttachmentRead:
    """Upload one file; its type is told by its content. 200 instead of 201 when it was stored before."""
    async with uploads.received(request, AttachmentFields, limit=settings.max_attachment_bytes) as upload:
        placed, wanted = await storage.place(opener, files=files, spool=upload.spool), upload.fields.id
    if key is not None:
        await claim(request, actor=actor, key=key, content=placed.sha256 + str(wanted).encode())
    row, is_new = await storage.record(session, actor=actor, placed=placed, attachment_id=wanted)
    if not is_new:
        response.status_code = 200
    elif wanted is not None:
        # Nothing can wait for an id that was made just now.
        await awaited.settle(session, attachment=row)
    response.headers["Location"] = f"{PATH}/{row.id}"
    return AttachmentRead.model_validate(row)


@router.get("/{attachment_id}", summary="附件信息", operation_id="attachment_read")
async def attachment_read(session: Session, actor: TicketReader, attachment_id: UUID) -> AttachmentRead:
    """One file's record: its uploader's until it is linked, then for whoever sees the ticket or visit."""
    row, tells_too_much = await attachments.found(session, actor=actor, attachment_id=attachment_id)
    told = AttachmentRead.model_validate(row)
    return told.model_copy(update=dict.fromkeys(HINTS)) if tells_too_much else told


@router.get(
    "/{attachment_id}/content",
    summary="附件内容",
    operation_id="attachment_content",
    response_class=StreamingResponse,
    responses={
        200: {"description": "整个文件", "content": {mime: {} for mime in EXTENSIONS}},
        **downloads.REPLIES,
        **refusals(NotFound, FileLost),
    },
)
async def attachment_content(
    request: Request,
    opener: Opener,
    actor: FileReader,
    files: Files,
    attachment_id: UUID,
    _range: Annotated[str | None, Header(alias="Range", description="如 `bytes=0-1023`")] = None,
) -> Response:
    """One file's bytes, to save; one `Range` and `If-None-Match` work."""
    async with transaction(opener) as session:
        row = await attachments.find(session, actor=actor, attachment_id=attachment_id)
    return await downloads.reply(request, files=files, file=downloads.whole(row))


@router.get(
    "/{attachment_id}/thumbnail",
    summary="缩略图",
    operation_id="attachment_thumbnail",
    response_class=StreamingResponse,
    responses={
        200: {"description": "至多 320×320 的 JPEG", "content": {"image/jpeg": {}}},
        **downloads.REPLIES,
        **refusals(NotFound, thumbnails.NoThumbnail),
    },
)
async def attachment_thumbnail(
    request: Request, opener: Opener, actor: FileReader, files: Files, attachment_id: UUID
) -> Response:
    """A small JPEG of a picture, upright; made when the first asks. 404 for what is none."""
    async with transaction(opener) as session:
        row = await attachments.find(session, actor=actor, attachment_id=attachment_id)
    small = await thumbnails.find(files, picture=row)
    return await downloads.reply(request, files=files, file=downloads.small(row, small))


@router.post("/{attachment_id}/links", summary="临时链接", operation_id="attachment_link")
async def attachment_link(
    session: Session, actor: TicketReader, vault: AppVault, attachment_id: UUID, wanted: FileLinkCreate
) -> FileLinkRead:
    """A link for viewers that cannot send a token; whoever has it may fetch the file until it expires."""
    row = await attachments.find(session, actor=actor, attachment_id=attachment_id)
    link, until = await file_links.make(
        session, actor=actor, vault=vault, file=row, thumbnail=wanted.thumbnail, minutes=wanted.minutes
    )
    return FileLinkRead(url=f"/v1/files/{link}", expires_at=until)
