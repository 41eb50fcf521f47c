"""Files by a signed link: whoever has the link may fetch, until it expires."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from app.api import downloads
from app.api.documented import refusals
from app.api.parts import Files, Opener
from app.api.vault import AppVault
from app.core.db import transaction
from app.core.files import FileLost
from app.core.media_types import EXTENSIONS
from app.services.access import actors
from app.services.platform import file_links, thumbnails

router = APIRouter(prefix="/v1/files", tags=["attachments"])


@router.get(
    "/{link}",
    summary="凭临时链接取文件",
    operation_id="file_by_link",
    response_class=StreamingResponse,
    responses={
        200: {"description": "整个文件", "content": {mime: {} for mime in EXTENSIONS}},
        **downloads.REPLIES,
        **refusals(file_links.LinkExpired, thumbnails.NoThumbnail, FileLost),
    },
)
async def file_by_link(
    request: Request, opener: Opener, files: Files, vault: AppVault, link: str
) -> Response:
    """One file's bytes, or its small picture's, as the link says; no token is asked for."""
    async with transaction(opener) as session:
        found = await file_links.follow(session, vault, link=link)
        if found.token_id is not None and not await actors.works(session, found.token_id):
            raise file_links.LinkExpired
    if found.thumbnail:
        small = await thumbnails.find(files, picture=found.attachment)
        return await downloads.reply(request, files=files, file=downloads.small(found.attachment, small))
    return await downloads.reply(request, files=files, file=downloads.whole(found.attachment))
