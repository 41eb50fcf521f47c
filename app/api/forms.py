"""A posted form as texts, urlencoded or multipart, with the files of one field: read after the guards.

Texts are UTF-8, also where a client did not encode them for a URL; each may be given several times. What no
database text can keep is refused. Files lie in unnamed temporary files until the block ends; their names and
claimed types are not looked at.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import parse_qsl

from fastapi import Request
from pydantic import BaseModel, ValidationError
from python_multipart.exceptions import FormParserError
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect

from app.api.validation import problem_of
from app.core.db import Sessions
from app.core.errors import BadRequest, invalid_field
from app.core.files import FileStore
from app.core.spool import Spool
from app.schemas.types import clean
from app.services.platform import attachments
from app.services.platform.attachments import Placed

MULTIPART, URLENCODED = "multipart/form-data", "application/x-www-form-urlencoded"
MAX_FIELDS, MAX_FILES, MAX_FIELD_BYTES = 200, 3, 65_536
PIECE_BYTES = 65_536

Shape = TypeVar("Shape", bound=BaseModel)


class NoForm(BadRequest):
    """The body is something else than a form, or a broken one."""

    code = "no_form"
    title_zh, title_en = "请以表单提交，且表单须完整", "Send a whole form, urlencoded or multipart"


@dataclass(frozen=True, slots=True)
class Sent:
    """A form that came in: texts by name, and the files of the field that takes some."""

    texts: Mapping[str, Sequence[str]]
    files: Sequence[UploadFile] = ()


@asynccontextmanager
async def received(request: Request, *, file: str | None = None) -> AsyncIterator[Sent]:
    """Take the request's form; `NoForm`, or `Invalid` for a field that cannot be kept."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in {URLENCODED, ""}:
        yield Sent(_texts(_pairs(await _body(request))))
        return
    if kind != MULTIPART:
        raise NoForm
    try:
        form = await request.form(max_files=MAX_FILES, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD_BYTES)
    except (FormParserError, ClientDisconnect) as broken:
        raise NoForm from broken
    try:
        items = form.multi_items()
        texts = _texts((name, value) for name, value in items if isinstance(value, str))
        files = [value for name, value in items if name == file and isinstance(value, UploadFile)]
        # A browser sends a nameless empty file where nobody chose one.
        yield Sent(texts, [upload for upload in files if upload.filename or upload.size])
    finally:
        await form.close()


async def placed(
    opener: Sessions, files: FileStore, upload: UploadFile, *, limit: int, photo: bool = False
) -> Placed:
    """Put a file of a form into the store, told by its content; `FileTooLarge`, and what `place` refuses.

    photo: whether it must be one (`NotAPhoto`).
    """
    with Spool(limit) as spool:
        while piece := await upload.read(PIECE_BYTES):
            await spool.write(piece)
        if photo:
            attachments.require_photo(spool.head)
        return await attachments.place(opener, files=files, spool=spool)


def json_in(texts: Mapping[str, Sequence[str]], field: str, shape: type[Shape]) -> Shape:
    """The JSON of one field, checked as a body is; `Invalid`, and `BadRequest` for what is no JSON."""
    given = [text for text in texts.get(field, ()) if text.strip()]
    if not given:
        raise invalid_field(f"body.{field}", "必须填写", "is required", "missing")
    try:
        return shape.model_validate_json(given[-1])
    except ValidationError as wrong:
        raise problem_of(
            [{**error, "loc": ("body", field, *error["loc"])} for error in wrong.errors()]
        ) from None


async def _body(request: Request) -> bytes:
    try:
        return await request.body()
    except ClientDisconnect as gone:
        raise NoForm from gone


def _pairs(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError as broken:
        raise NoForm from broken


def _texts(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for name, value in pairs:
        try:
            found[clean(name)].append(clean(value))
        except ValueError as wrong:
            zh, _, en = str(wrong).partition(" | ")
            raise invalid_field(name if name.isprintable() else "form", zh, en) from None
    return dict(found)
