"""Routes of Open311: each address with a suffix, as it is documented, and without one; how it is documented.

What the routes do is the router's business.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter

from app.api import forms
from app.api.documented import Responses
from app.api.open311 import ITEMS, Form
from app.core import markup
from app.schemas.open311 import Open311Error

Endpoint = Callable[..., Any]
_MEANINGS = {
    HTTPStatus.BAD_REQUEST: "缺少参数或参数有误",
    HTTPStatus.FORBIDDEN: "缺少 api_key，或 api_key 无效",
    HTTPStatus.NOT_FOUND: "没有这个编号、代码或地址",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "提交的内容过大",
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE: "请求的范围超出文件末尾",
    HTTPStatus.TOO_MANY_REQUESTS: "请求过于频繁",
}
_ALWAYS = (HTTPStatus.NOT_FOUND, HTTPStatus.TOO_MANY_REQUESTS)
_FORM_PARAMETER = {
    "name": "form",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "enum": [form.value for form in Form]},
}


def parameters(**meanings: str) -> list[dict[str, Any]]:
    """Query parameters with what they mean, as the documentation shows them."""
    return [
        {"name": name, "in": "query", "required": False, "description": meaning, "schema": {"type": "string"}}
        for name, meaning in {**meanings, "jurisdiction_id": "可不填"}.items()
    ]


def body(*fields: str, media: bool) -> dict[str, Any]:
    """A form of these fields, urlencoded or multipart, as the documentation shows it (`openapi_extra`)."""
    texts: dict[str, Any] = {name: {"type": "string"} for name in fields}
    file = {"media": {"type": "string", "format": "binary"}} if media else {}
    kinds = {forms.URLENCODED: texts, forms.MULTIPART: texts | file}
    content = {
        kind: {"schema": {"type": "object", "properties": properties}} for kind, properties in kinds.items()
    }
    return {"requestBody": {"required": True, "content": content}}


def refused(*statuses: HTTPStatus) -> Responses:
    """The refusals of a route in Open311's own form (`responses`): these, and those of all its routes."""
    return {status.value: _refusal(status) for status in (*statuses, *_ALWAYS)}


def _refusal(status: HTTPStatus) -> dict[str, Any]:
    error = [{"code": status.value, "description": _MEANINGS[status]}]
    xml = markup.document("errors", error, ITEMS).decode()
    return {
        "description": _MEANINGS[status],
        "model": list[Open311Error],
        "content": {"application/json": {"example": error}, "text/xml": {"example": xml}},
    }


def served(
    router: APIRouter,
    method: str,
    path: str,
    shape: Any,
    *,
    summary: str,
    name: str,
    extra: dict[str, Any] | None = None,
) -> Callable[[Endpoint], Endpoint]:
    """Serve an endpoint with a suffix, as it is documented, and without one."""
    given = extra or {}
    documented = {**given, "parameters": [_FORM_PARAMETER, *given.get("parameters", [])]}
    sent = (HTTPStatus.REQUEST_ENTITY_TOO_LARGE,) if method == "POST" else ()
    told: Responses = {
        200: {"description": "JSON 或 XML", "content": {"text/xml": {}}},
        **refused(HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN, *sent),
    }

    def register(endpoint: Endpoint) -> Endpoint:
        for address, shown in ((f"{path}.{{form}}", True), (path, False)):
            router.add_api_route(
                address,
                endpoint,
                methods=[method],
                include_in_schema=shown,
                summary=summary,
                operation_id=name,
                response_model=shape,
                responses=told,
                openapi_extra=documented,
            )
        return endpoint

    return register
