"""ETags: versions of one record for `If-Match`, marks of a whole answer for `If-None-Match`."""

from typing import Annotated

from fastapi import Header, Request, Response

from app.core.errors import invalid_field

# The ETag of a version, which a proxy may have marked as weak, or any.
VERSION = r'^(\*|(W/)?"?[0-9]{1,9}"?)$'

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        description='读取时得到的 ETag，如 `"3"`；其间已有改动则答 412',
        json_schema_extra={"pattern": VERSION},
    ),
]


def of_version(version: int) -> str:
    """The ETag of a record at a version."""
    return f'"{version}"'


def expected_version(if_match: str | None) -> int | None:
    """The version that the caller read; None when the caller does not care."""
    if if_match is None or if_match.strip() == "*":
        return None
    text = if_match.strip().removeprefix("W/").strip('"')
    if not text.isdecimal() or len(text) > 9:  # noqa: PLR2004 - more digits than a version can have
        raise invalid_field(
            "header.If-Match",
            "If-Match 须为读取时得到的 ETag",
            "If-Match must be the ETag that was read",
        )
    return int(text)


def matches(request: Request, etag: str) -> bool:
    """Whether the caller already has the answer with this ETag."""
    sent = request.headers.get("if-none-match")
    return sent is not None and etag in {part.strip().removeprefix("W/") for part in sent.split(",")}


def not_modified(etag: str, cache_control: str) -> Response:
    """304 with the headers that a 200 would have had."""
    return Response(status_code=304, headers={"ETag": etag, "Cache-Control": cache_control})
