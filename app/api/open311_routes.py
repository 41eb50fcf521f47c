"""Routes of Open311: each address with a suffix, as it is documented, and without one; how it is documented.

What the routes do is the router's business.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter

from app.api import forms
from app.api.documented import Responses
from app.api.open311 import Form
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
_SPAN = "W3C 时间；缺省为最近 90 天，跨度最多 90 天"
_EXTENDED, _JURISDICTION = (
    "true：附带附加项 extended_attributes 和办理记录 notes[{datetime, description, type}]",
    "可不填",
)
REQUESTS_QUERY = {
    "service_request_id": "逗号分隔，给出时忽略其他条件",
    "service_code": "逗号分隔",
    "start_date": _SPAN,
    "end_date": "W3C 时间",
    "updated_after": "W3C 时间",
    "updated_before": "W3C 时间",
    "status": "open、closed，逗号分隔",
    "page": "从 1 起",
    "page_size": "最多 1000",
    "extensions": _EXTENDED,
    "api_key": "接入方的令牌：只看其区域内的，并含自己上报的",
    "jurisdiction_id": _JURISDICTION,
}
REQUEST_QUERY = {"extensions": _EXTENDED, "api_key": "接入方的令牌", "jurisdiction_id": _JURISDICTION}
UPDATES_QUERY = {
    "start_date": _SPAN,
    "end_date": "W3C 时间",
    "api_key": "接入方的令牌",
    "jurisdiction_id": _JURISDICTION,
}
# What each field of a form means, and an example; without one it is seldom sent.
_KEY = ("接入方的令牌", "wg_wk3f9a7c.examplesecretexamplesecretexample")
REPORT_FORM = {
    "api_key": _KEY,
    "service_code": ("见 services", "0501"),
    "lat": ("纬度（WGS-84），与 long 同填；或填地址", "22.835"),
    "long": ("经度（WGS-84）", "113.005"),
    "address_string": ("地址", "九江镇儒林社区一巷口"),
    "address_id": ("网格的编号", ""),
    "description": ("情况，最多 4000 字", "巷口垃圾三天没人清"),
    "attribute[code]": ("附加项的填写，code 为附加项的代码；多选用 attribute[code][]，可重复", ""),
    "first_name": ("名", "大婶"),
    "last_name": ("姓", "关"),
    "phone": ("手机号，或带区号的固定电话", "13800000000"),
    "media_url": ("照片的地址", ""),
    "jurisdiction_id": (_JURISDICTION, ""),
}
UPDATE_FORM = {
    "api_key": _KEY,
    "update_id": ("接入方自己的编号；48 小时内同一编号只办一次", "12345-1"),
    "service_request_id": ("自己上报的编号", "0199b6a0-7c00-7000-8000-000000000011"),
    "status": ("CANCELLED 撤回，其他只作说明", "OPEN"),
    "updated_datetime": ("W3C 时间", "2026-03-02T09:15:00+08:00"),
    "description": ("补充说明", "垃圾又多了"),
    "media_url": ("照片的地址", ""),
    "jurisdiction_id": (_JURISDICTION, ""),
}
MEDIA = "照片等，最多三个，类型按内容判断"
_ALWAYS = (HTTPStatus.NOT_FOUND, HTTPStatus.TOO_MANY_REQUESTS)
_FORM_PARAMETER = {
    "name": "form",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "enum": [form.value for form in Form]},
}


def queried(meanings: Mapping[str, str]) -> dict[str, Any]:
    """Query parameters with what they mean, as the documentation shows them (`openapi_extra`)."""
    told = [
        {"name": name, "in": "query", "required": False, "description": meaning, "schema": {"type": "string"}}
        for name, meaning in meanings.items()
    ]
    return {"parameters": told}


def body(fields: Mapping[str, tuple[str, str]], *, media: bool) -> dict[str, Any]:
    """A form, urlencoded or multipart, as the documentation shows it (`openapi_extra`).

    fields: what each means, and an example; media: whether it takes files.
    """
    texts: dict[str, Any] = {
        name: {"type": "string", "description": meaning} for name, (meaning, _example) in fields.items()
    }
    file = {"media": {"type": "string", "format": "binary", "description": MEDIA}} if media else {}
    kinds = {forms.URLENCODED: texts, forms.MULTIPART: texts | file}
    example = {name: example for name, (_meaning, example) in fields.items() if example}
    content = {
        kind: {"schema": {"type": "object", "properties": properties}, "example": example}
        for kind, properties in kinds.items()
    }
    return {"requestBody": {"required": True, "content": content}}


def refused(*statuses: HTTPStatus) -> Responses:
    """The refusals of a route in Open311's own form (`responses`): these, and those of all its routes."""
    return {status.value: _refusal(status, _MEANINGS[status]) for status in (*statuses, *_ALWAYS)}


def _refusal(status: HTTPStatus, meaning: str) -> dict[str, Any]:
    told = [{"code": status.value, "description": meaning}]
    content = {"application/json": {"example": told}, "text/xml": {"schema": xml("errors")}}
    return {"description": meaning, "model": list[Open311Error], "content": content}


def xml(root: str) -> dict[str, Any]:
    """The schema of an answer in XML; its example is that of the JSON, under this root."""
    return {"type": "string", "xml": {"name": root}}


def served(
    router: APIRouter,
    method: str,
    path: str,
    shape: Any,
    *,
    root: str,
    summary: str,
    name: str,
    extra: dict[str, Any] | None = None,
) -> Callable[[Endpoint], Endpoint]:
    """Serve an endpoint with a suffix, as it is documented, and without one; root: its XML's."""
    given = extra or {}
    documented = {**given, "parameters": [_FORM_PARAMETER, *given.get("parameters", [])]}
    sent = (HTTPStatus.REQUEST_ENTITY_TOO_LARGE,) if method == "POST" else ()
    told: Responses = {
        200: {"description": "JSON 或 XML", "content": {"text/xml": {"schema": xml(root)}}},
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
