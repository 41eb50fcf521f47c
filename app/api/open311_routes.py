"""Routes of Open311: each address with a suffix, as it is documented, and without one; how it is documented.

What the routes do is the router's business.
"""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter

from app.api import forms
from app.api.open311 import Form
from app.schemas.open311 import Open311Error

Endpoint = Callable[..., Any]
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
    error = {"model": list[Open311Error], "content": {"text/xml": {}}}
    told: dict[int | str, dict[str, Any]] = {
        200: {"description": "JSON 或 XML", "content": {"text/xml": {}}},
        400: {"description": "缺少参数或参数有误", **error},
        403: {"description": "缺少 api_key，或 api_key 无效", **error},
        404: {"description": "没有这个编号、代码或地址", **error},
        413: {"description": "提交的内容过大", **error},
        429: {"description": "请求过于频繁", **error},
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
