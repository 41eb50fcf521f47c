"""The tus 1.0 protocol's headers: reading what a client says, and saying in every reply what is spoken.

Owns no upload. A client that speaks another version is told so only after it is known who calls.
"""

import base64
import binascii
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from email.utils import format_datetime
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from app.core.errors import BadRequest, Problem, invalid_field
from app.models.upload import Upload
from app.services.mobile import receiving
from app.services.mobile.receiving import Checksum

VERSION = "1.0.0"
RESUMABLE = "Tus-Resumable"
EXTENSIONS = "creation,creation-with-upload,expiration,termination,checksum"
BODY = "application/offset+octet-stream"
# What scripts of other origins may read.
HEADERS = (
    RESUMABLE,
    "Tus-Version",
    "Tus-Extension",
    "Tus-Max-Size",
    "Tus-Checksum-Algorithm",
    "Upload-Offset",
    "Upload-Length",
    "Upload-Metadata",
    "Upload-Expires",
)
_MAX_DIGITS = 18
_MAX_METADATA = 2_048
_ID = "id"

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class UnknownVersion(Problem):
    """The client speaks another version of the protocol, or does not say which."""

    status, code = 412, "unknown_tus_version"
    title_zh, title_en = "续传协议版本不符，须为 tus 1.0.0", "This is not tus 1.0.0"

    def __init__(self) -> None:
        super().__init__(headers={"Tus-Version": VERSION})


class WrongBody(Problem):
    """Bytes of an upload are of one media type alone."""

    status, code = 415, "wrong_body_type"
    title_zh, title_en = f"Content-Type 须为 {BODY}", f"The Content-Type must be {BODY}"


class TusRoute(APIRoute):
    """A route whose replies, refusals included, say which version is spoken."""

    def get_route_handler(self) -> Handler:
        """Wrap FastAPI's handler."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                response = await handler(request)
            except Problem as problem:
                problem.headers.setdefault(RESUMABLE, VERSION)
                raise
            except HTTPException as refused:
                refused.headers = {**(refused.headers or {}), RESUMABLE: VERSION}
                raise
            response.headers[RESUMABLE] = VERSION
            return response

        return handle


def require_version(request: Request) -> None:
    """`UnknownVersion` unless the request says that it is of this one."""
    if request.headers.get(RESUMABLE) != VERSION:
        raise UnknownVersion


def require_body(request: Request) -> None:
    """`WrongBody` unless the body is bytes of an upload."""
    if not has_bytes(request):
        raise WrongBody


def has_bytes(request: Request) -> bool:
    """Whether the body is bytes of an upload."""
    return request.headers.get("content-type", "").lower() == BODY


def overridden(request: Request) -> str:
    """The method that `X-HTTP-Method-Override` names: PATCH or DELETE."""
    method = request.headers.get("X-HTTP-Method-Override", "")
    if method not in {"PATCH", "DELETE"}:
        raise BadRequest(
            "X-HTTP-Method-Override 须为 PATCH 或 DELETE", "X-HTTP-Method-Override must be PATCH or DELETE"
        )
    return method


def length(request: Request) -> int:
    """`Upload-Length`; it must be known from the start."""
    return _number(request, "Upload-Length")


def offset(request: Request) -> int:
    """`Upload-Offset`: where the body's bytes begin."""
    return _number(request, "Upload-Offset")


def wanted_id(request: Request) -> UUID | None:
    """The id in `Upload-Metadata` (`id` and the base64 of a UUID); nothing else there is looked at."""
    told = request.headers.get("Upload-Metadata", "")
    pairs = (pair.split() for pair in told.split(",")) if len(told) <= _MAX_METADATA else ()
    found = next((pair[-1] for pair in pairs if pair and pair[0] == _ID), None)
    if found is None and len(told) <= _MAX_METADATA:
        return None
    try:
        return UUID(base64.b64decode(found or "", validate=True).decode("ascii"))
    except (binascii.Error, ValueError):
        raise invalid_field(
            "header.Upload-Metadata", "id 须为 base64 编码的 UUID", "id must be a UUID in base64"
        ) from None


def checksum(request: Request) -> Checksum | None:
    """`Upload-Checksum`: an algorithm and the base64 of what the body hashes to."""
    told = request.headers.get("Upload-Checksum")
    if told is None:
        return None
    algorithm, _, digest = told.partition(" ")
    try:
        found = Checksum(algorithm, base64.b64decode(digest, validate=True))
    except (binascii.Error, ValueError):
        found = Checksum("", b"")
    if found.algorithm not in receiving.ALGORITHMS:
        names = ", ".join(receiving.ALGORITHMS)
        raise BadRequest(f"Upload-Checksum 须为 {names} 之一加 base64", f"Upload-Checksum: one of {names}")
    return found


async def body(request: Request) -> AsyncIterator[bytes]:
    """The body's bytes as they come; a client that goes away ends them."""
    try:
        async for data in request.stream():
            if data:
                yield data
    except ClientDisconnect:
        return


def metadata(upload: Upload) -> str:
    """What is kept of an announcement's metadata: the id, and no name of a file."""
    return f"{_ID} {base64.b64encode(str(upload.id).encode()).decode()}"


def told(upload: Upload, received: int | None = None) -> Mapping[str, str]:
    """The headers that say how an upload stands."""
    return {
        "Upload-Offset": str(upload.received if received is None else received),
        "Upload-Expires": format_datetime(upload.expires_at, usegmt=True),
        "Cache-Control": "no-store",
    }


def _number(request: Request, name: str) -> int:
    said = request.headers.get(name, "")
    if not (said.isascii() and said.isdecimal() and len(said) <= _MAX_DIGITS):
        raise BadRequest(f"{name} 须为非负整数", f"{name} must be a whole number")
    return int(said)
