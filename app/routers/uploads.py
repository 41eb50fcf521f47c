"""Resumable uploads by tus 1.0: what is cut off goes on where it stopped, and becomes an attachment.

No connection to the database is held while bytes come in, which may take a phone minutes; so callers are
recognised in a transaction of its own. Uploads have ids that phones make, which do what an idempotency key
would.
"""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.api import tus
from app.api.actors import CurrentActor, FileWriter
from app.api.parts import Configured, Files, Opener
from app.api.sessions import Session
from app.api.tus import TusRoute
from app.core.db import transaction
from app.core.ids import uuid7
from app.schemas.upload import AwaitedList, AwaitedRead, UploadRead
from app.services.mobile import awaited, receiving, uploads
from app.services.mobile.receiving import Receiver, Sent

PATH = "/v1/uploads"
router = APIRouter(prefix=PATH, tags=["uploads"], route_class=TusRoute)
_BODY = {
    "requestBody": {"content": {tus.BODY: {"schema": {"type": "string", "format": "binary"}}}},
}
_REFUSED: dict[int | str, dict[str, Any]] = {
    409: {"description": "续传位置不对，见 Upload-Offset"},
    410: {"description": "上传已作废"},
    412: {"description": "须带 Tus-Resumable: 1.0.0"},
    413: {"description": "文件过大"},
    415: {"description": "按内容判断不是可以上传的文件"},
    460: {"description": "校验和不符，这一段未保存"},
}


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
    openapi_extra=_BODY,
    responses={201: {"description": "Location 为上传地址"}, **_REFUSED},
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
    responses=_REFUSED,
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
    openapi_extra=_BODY,
    responses=_REFUSED,
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
    openapi_extra=_BODY,
    responses=_REFUSED,
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


@router.delete("/{upload_id}", status_code=204, summary="取消上传", operation_id="upload_stop")
async def upload_stop(request: Request, session: Session, actor: CurrentActor, upload_id: UUID) -> None:
    """Give an upload up; an attachment that it has become stays."""
    tus.require_version(request)
    await uploads.stop(session, actor=actor, upload_id=upload_id)
