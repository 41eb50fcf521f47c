"""Resumable uploads by tus 1.0: what is cut off goes on where it stopped, and becomes an attachment.

No connection to the database is held while bytes come in, which may take a phone minutes; so callers are
recognised in a transaction of its own. Uploads have ids that phones make, which do what an idempotency key
would.
"""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.api import tus
from app.api.actors import CurrentActor, FileWriter
from app.api.documented import answered, refusals, sent
from app.api.parts import Configured, Files, Opener
from app.api.sessions import Session
from app.api.tus import TusRoute
from app.core.db import transaction
from app.core.errors import BadRequest, Invalid, NotFound, TooLarge
from app.core.ids import uuid7
from app.core.spool import FileTooLarge
from app.schemas.upload import AwaitedList, AwaitedRead, UploadRead
from app.services.mobile import awaited, receiving, uploads
from app.services.mobile.receiving import (
    BeyondTheEnd,
    ChecksumMismatch,
    Receiver,
    Sent,
    TooManyPieces,
    WrongOffset,
)
from app.services.mobile.uploads import TooManyUploads, UploadGone
from app.services.platform.attachments import REFUSALS, AttachmentExists, TwoFacedFile

PATH = "/v1/uploads"
router = APIRouter(prefix=PATH, tags=["uploads"], route_class=TusRoute)
_BODY = {"content": {tus.BODY: {"schema": {"type": "string", "format": "binary"}}}}
_SPOKEN = sent({tus.RESUMABLE: "1.0.0"})
_PIECE = [
    *_SPOKEN,
    *sent({"Upload-Offset": "这一段从第几个字节开始"}),
    *sent({"Upload-Checksum": "`sha1` 或 `sha256`、空格、这一段摘要的 base64"}, required=False),
]
_CREATION = [
    *_SPOKEN,
    *sent({"Upload-Length": "文件总字节数"}),
    *sent({"Upload-Metadata": "`id` 和 UUIDv7 的 base64；其他内容不保存"}, required=False),
]
_OVERRIDE = [*_SPOKEN, *sent({"X-HTTP-Method-Override": "`PATCH` 或 `DELETE`；`PATCH` 时其余同 PATCH"})]
_STANDS = {"Upload-Offset": "已收到的字节数", "Upload-Expires": "到这时没有进展即作废"}
_GONE = refusals(NotFound, tus.UnknownVersion, UploadGone)
_TAKING = (
    *(BadRequest, Invalid, NotFound, TooLarge, tus.UnknownVersion, tus.WrongBody, UploadGone, WrongOffset),
    *(BeyondTheEnd, ChecksumMismatch, TooManyPieces, AttachmentExists, TwoFacedFile, *REFUSALS),
)
_CREATING = (*_TAKING, FileTooLarge, TooManyUploads)


@router.options("", summary="续传协议的版本与能力", operation_id="uploads_options")
async def uploads_options(settings: Configured) -> Response:
    """Which version and extensions of tus are spoken, and how large a file may be."""
    headers = {
        "Tus-Version": tus.VERSION,
        "Tus-Extension": tus.EXTENSIONS,
        "Tus-Max-Size": str(settings.max_attachment_bytes),
        "Tus-Checksum-Algorithm": ",".join(receiving.ALGORITHMS),
    }
    return Response(headers=headers)


@router.post(
    "",
    status_code=201,
    summary="开始一次可续传的上传",
    operation_id="upload_create",
    openapi_extra={"requestBody": _BODY, "parameters": _CREATION},
    responses={
        201: {"description": "已开始", **answered({"Location": "上传地址", **_STANDS})},
        **refusals(*_CREATING),
    },
    response_class=Response,
)
async def upload_create(
    request: Request, actor: FileWriter, settings: Configured, files: Files, opener: Opener
) -> Response:
    """Begin an upload of `Upload-Length` bytes; the body may be its first bytes. Again: the same upload."""
    tus.require_version(request)
    length, wanted = tus.length(request), tus.wanted_id(request)
    async with transaction(opener) as session:
        upload, is_new = await uploads.create(
            session,
            actor=actor,
            length=length,
            limit=settings.max_attachment_bytes,
            upload_id=wanted or uuid7(),
        )
    received = upload.received
    if is_new and tus.has_bytes(request):
        sent = Sent(0, tus.body(request), tus.checksum(request))
        received = await Receiver(opener, files, actor, upload).take(sent)
    return Response(
        status_code=201, headers={"Location": f"{PATH}/{upload.id}", **tus.told(upload, received)}
    )


@router.get("/awaited", summary="还需补传的附件", operation_id="uploads_awaited")
async def uploads_awaited(session: Session, actor: CurrentActor) -> AwaitedList:
    """The files that the caller's records name and that have not come: at most 200, the oldest first."""
    rows = await awaited.mine(session, actor=actor)
    return AwaitedList(items=[AwaitedRead.model_validate(row) for row in rows])


@router.head(
    "/{upload_id}",
    summary="已收到多少字节",
    operation_id="upload_offset",
    response_class=Response,
    openapi_extra={"parameters": _SPOKEN},
    responses={
        200: answered({"Upload-Length": "总字节数", "Upload-Metadata": "`id`", **_STANDS}),
        **_GONE,
    },
)
async def upload_offset(request: Request, session: Session, actor: CurrentActor, upload_id: UUID) -> Response:
    """Where to go on: `Upload-Offset`. 410 when the server has given the upload up."""
    tus.require_version(request)
    upload = await uploads.find_alive(session, actor=actor, upload_id=upload_id)
    told = {"Upload-Length": str(upload.length), "Upload-Metadata": tus.metadata(upload)}
    return Response(headers={**told, **tus.told(upload)})


@router.get("/{upload_id}", summary="上传状态", operation_id="upload_read")
async def upload_read(session: Session, actor: CurrentActor, upload_id: UUID) -> UploadRead:
    """How an upload stands, as JSON; also why it failed."""
    return UploadRead.model_validate(await uploads.find(session, actor=actor, upload_id=upload_id))


@router.patch(
    "/{upload_id}",
    status_code=204,
    summary="续传",
    operation_id="upload_continue",
    openapi_extra={"requestBody": _BODY, "parameters": _PIECE},
    responses={204: answered(_STANDS), **refusals(*_TAKING)},
    response_class=Response,
)
async def upload_continue(
    request: Request, actor: FileWriter, files: Files, opener: Opener, upload_id: UUID
) -> Response:
    """Send the bytes from `Upload-Offset` on; with the last one the file becomes an attachment."""
    tus.require_version(request)
    tus.require_body(request)
    sent = Sent(tus.offset(request), tus.body(request), tus.checksum(request))
    async with transaction(opener) as session:
        upload = await uploads.find_alive(session, actor=actor, upload_id=upload_id)
    received = await Receiver(opener, files, actor, upload).take(sent)
    return Response(status_code=204, headers=tus.told(upload, received))


@router.post(
    "/{upload_id}",
    status_code=204,
    summary="续传（网络不放行 PATCH 时）",
    operation_id="upload_continue_by_post",
    openapi_extra={"requestBody": _BODY, "parameters": _OVERRIDE},
    responses={204: answered(_STANDS), **refusals(*_TAKING)},
    response_class=Response,
)
async def upload_continue_by_post(
    request: Request, actor: FileWriter, files: Files, opener: Opener, upload_id: UUID
) -> Response:
    """As PATCH, or DELETE, by `X-HTTP-Method-Override`, where a proxy lets neither through."""
    if tus.overridden(request) == "PATCH":
        return await upload_continue(request, actor, files, opener, upload_id)
    async with transaction(opener) as session:
        await upload_stop(request, session, actor, upload_id)
    return Response(status_code=204)


@router.delete(
    "/{upload_id}",
    status_code=204,
    summary="取消上传",
    operation_id="upload_stop",
    openapi_extra={"parameters": _SPOKEN},
    responses=refusals(NotFound, tus.UnknownVersion),
)
async def upload_stop(request: Request, session: Session, actor: CurrentActor, upload_id: UUID) -> None:
    """Give an upload up; an attachment that it has become stays."""
    tus.require_version(request)
    await uploads.stop(session, actor=actor, upload_id=upload_id)
