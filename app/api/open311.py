"""Open311 on the wire: the format by the path's suffix, answers and errors in it, and the api_key.

The suffix alone decides; a path without one is JSON. JSON drops the root that XML has. An error is a list,
its status that of the specification: 403 instead of 401, 400 instead of 422 and of conflicts. Parameters come
as texts; several of a name are all kept, and which counts is decided where they are read.
"""

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from http import HTTPStatus
from types import MappingProxyType
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from pydantic import BaseModel

from app.core import markup
from app.core.errors import Forbidden, NotFound, Problem, invalid_field

ROOT, PREFIX = "/open311", "/open311/v2"
XML, JSON = "text/xml; charset=utf-8", "application/json; charset=utf-8"
ITEMS: Mapping[str, str] = MappingProxyType(
    {
        "services": "service",
        "service_requests": "request",
        "service_requests_updates": "request_update",
        "errors": "error",
        "endpoints": "endpoint",
        "formats": "format",
        "attributes": "attribute",
        "values": "value",
        "notes": "note",
    }
)
_STATUS = {
    HTTPStatus.UNAUTHORIZED: HTTPStatus.FORBIDDEN,
    HTTPStatus.CONFLICT: HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNPROCESSABLE_ENTITY: HTTPStatus.BAD_REQUEST,
}


class Form(StrEnum):
    """The formats that are served."""

    JSON = "json"
    XML = "xml"


class ApiKeyNeeded(Forbidden):
    """The api_key is missing, wrong, or of nobody who may do this."""

    code = "api_key_needed"
    title_zh, title_en = "缺少 api_key，或 api_key 无效", "The api_key is missing or wrong"


async def _form(request: Request) -> Form:
    wanted = request.path_params.get("form", Form.JSON.value)
    if wanted not in set(Form):
        raise NotFound
    return Form(wanted)


async def _query(request: Request) -> Mapping[str, Sequence[str]]:
    given = request.query_params
    for name, value in given.multi_items():
        if not f"{name}{value}".isprintable():
            where = name if name.isprintable() else "query"
            raise invalid_field(where, "含有不能识别的字符", "contains control characters")
    return {name: given.getlist(name) for name in given}


async def _in_jurisdiction(request: Request) -> None:
    """One deployment is one jurisdiction; another than its own is not here."""
    require_jurisdiction(request, request.query_params.get("jurisdiction_id"))


def require_jurisdiction(request: Request, named: str | None) -> None:
    """`NotFound` for another jurisdiction; an empty name is none."""
    own = request.app.state.settings.jurisdiction
    if own and named and named != own:
        raise NotFound


in_jurisdiction = Depends(_in_jurisdiction)
Wanted = Annotated[Form, Depends(_form)]
Query = Annotated[Mapping[str, Sequence[str]], Depends(_query)]


def base(request: Request) -> str:
    """Where the media are: under the deployment's own address, or the one that was called."""
    own: str | None = request.app.state.settings.public_url
    return f"{(own or str(request.base_url)).rstrip('/')}{PREFIX}"


def reply(form: Form, root: str, content: BaseModel | Sequence[BaseModel], *, cache: str | None) -> Response:
    """An answer in the wanted format, under its root in XML."""
    plain: Any = (
        content.model_dump(mode="json")
        if isinstance(content, BaseModel)
        else [one.model_dump(mode="json") for one in content]
    )
    return _written(form, root, plain, HTTPStatus.OK, {"Cache-Control": cache or "no-store"})


def render(request: Request, problem: Problem, *, english: bool) -> Response:
    """A refusal or failure; one error for each field that is wrong, or one for all of it."""
    status = _STATUS.get(HTTPStatus(problem.status), HTTPStatus(problem.status))
    told = [problem.detail_en if english else problem.detail_zh]
    if problem.errors:
        told = [
            f"{error.where.removeprefix('body.')}: {error.message_en if english else error.message_zh}"
            for error in problem.errors
        ]
    errors = [{"code": status.value, "description": text} for text in told]
    return _written(_of_path(request.url.path), "errors", errors, status, problem.headers)


def _of_path(path: str) -> Form:
    return Form.XML if path.endswith(".xml") else Form.JSON


def _written(
    form: Form, root: str, content: object, status: HTTPStatus, headers: Mapping[str, str]
) -> Response:
    if form is Form.XML:
        body = markup.document(root, content, ITEMS)
    else:
        body = json.dumps(content, ensure_ascii=False).encode(errors="replace")
    return Response(body, status, dict(headers), XML if form is Form.XML else JSON)
