"""One file in a multipart form, taken piece by piece: nothing is held in memory but a spool's beginning.

The framework would read the whole form before it asks who is calling; here the endpoint reads, after the
guards. File names are personal and are not even looked at, nor is the type that the client claims.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Generic, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from app.core.errors import BadRequest, invalid_field
from app.core.spool import FileTooLarge, Spool

FILE = "file"
FORM = b"multipart/form-data"
# What a form may have beside its file: boundaries, headers, a few short fields.
REST_BYTES = 16_384

Fields = TypeVar("Fields", bound=BaseModel)


class UploadCut(BadRequest):
    """The body ended before the form did."""

    code = "upload_cut"
    title_zh, title_en = "上传中断，文件不完整，请重新上传", "The upload was cut off, send it again"


@dataclass(frozen=True, slots=True)
class Upload(Generic[Fields]):
    """A form that came in whole: its file and its other fields."""

    spool: Spool
    fields: Fields


@asynccontextmanager
async def received(request: Request, fields: type[Fields], *, limit: int) -> AsyncIterator[Upload[Fields]]:
    """Take the request's form: one `file` of at most `limit` bytes, and these fields.

    `FileTooLarge`, `UploadCut`, `BadRequest` for what is no form, `Invalid` for wrong or missing fields.
    """
    with Spool(limit) as spool:
        form = _Form(request)
        try:
            async for piece in request.stream():
                for part in form.feed(piece):
                    await spool.write(part)
        except HTTPException as refused:
            if refused.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                raise FileTooLarge(limit) from refused
            raise
        except ClientDisconnect as gone:
            raise UploadCut from gone
        yield Upload(spool, form.read(fields))


def form_of(fields: type[BaseModel]) -> dict[str, Any]:
    """The form as the documentation shows it (`openapi_extra`)."""
    shape = fields.model_json_schema(ref_template="#/components/schemas/{model}")
    # A form cannot say null: what may be left out is left out.
    fields_of_it = {name: _some(schema) for name, schema in shape["properties"].items()}
    properties = {FILE: {"type": "string", "format": "binary"}, **fields_of_it}
    schema = {
        "type": "object",
        "required": [FILE, *shape.get("required", ())],
        "properties": properties,
        "additionalProperties": shape.get("additionalProperties", True),
    }
    return {"requestBody": {"required": True, "content": {FORM.decode(): {"schema": schema}}}}


def _some(schema: dict[str, Any]) -> dict[str, Any]:
    parts = [part for part in schema.get("anyOf", ()) if part != {"type": "null"}]
    return {**{word: schema[word] for word in schema if word not in {"anyOf", "default"}}, **dict(*parts)}


class _Form:
    """Collects the fields; hands the file's bytes on as they come."""

    def __init__(self, request: Request) -> None:
        kind, options = parse_options_header(request.headers.get("content-type"))
        if kind != FORM or not options.get(b"boundary"):
            raise invalid_field(
                "body",
                "请以 multipart/form-data 提交，文件放在 file 字段",
                "Send multipart/form-data, with the file in the field `file`",
            )
        self._fields: dict[str, bytearray] = {}
        self._header, self._value, self._name = bytearray(), bytearray(), ""
        self._bytes: list[bytes] = []
        self._rest = 0
        self._whole = False
        self._parser = self._made(options[b"boundary"])

    def feed(self, piece: bytes) -> list[bytes]:
        """Read on; returns the bytes of the file in this piece."""
        self._bytes = []
        if self._whole:
            return self._bytes
        try:
            self._parser.write(piece)
        except FormParserError as broken:
            raise BadRequest("上传的表单格式有误", "The form is malformed") from broken
        return self._bytes

    def read(self, fields: type[Fields]) -> Fields:
        """The fields, checked; only for a form that came to its end."""
        if not self._whole:
            raise UploadCut
        texts = {name: value.decode(errors="replace") for name, value in self._fields.items()}
        if texts.pop(FILE, None) is None:
            raise invalid_field(f"body.{FILE}", "缺少文件", "is required", "missing")
        try:
            return fields.model_validate(texts)
        except ValidationError as wrong:
            found = [{**error, "loc": ("body", *error["loc"])} for error in wrong.errors()]
            raise RequestValidationError(found) from wrong

    def _made(self, boundary: bytes) -> MultipartParser:
        try:
            return MultipartParser(
                boundary,
                {
                    "on_part_begin": self._on_begin,
                    "on_header_field": lambda data, start, end: self._keep(self._header, data[start:end]),
                    "on_header_value": lambda data, start, end: self._keep(self._value, data[start:end]),
                    "on_header_end": self._on_header,
                    "on_headers_finished": self._on_part,
                    "on_part_data": lambda data, start, end: self._on_data(data[start:end]),
                    "on_end": self._on_end,
                },
            )
        except FormParserError as broken:
            raise BadRequest("上传的表单格式有误", "The form is malformed") from broken

    def _on_begin(self) -> None:
        self._name = ""

    def _on_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            _kind, options = parse_options_header(bytes(self._value))
            self._name = options.get(b"name", b"").decode(errors="replace")
        self._header.clear()
        self._value.clear()

    def _on_part(self) -> None:
        if self._name in self._fields:
            raise invalid_field(
                f"body.{self._name}", "只能有一个，一次上传一个文件", "may be given only once", "repeated"
            )
        self._fields[self._name] = bytearray()

    def _on_data(self, data: bytes) -> None:
        if self._name == FILE:
            self._bytes.append(data)
        else:
            self._keep(self._fields[self._name], data)

    def _on_end(self) -> None:
        self._whole = True

    def _keep(self, where: bytearray, data: bytes) -> None:
        self._rest += len(data)
        if self._rest > REST_BYTES:
            raise BadRequest("表单中文件以外的内容过长", "The form's other fields are too long")
        where += data
