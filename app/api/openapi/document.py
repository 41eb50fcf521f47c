"""The whole document: the framework's, with refusals, headers, links and examples of every operation.

Built when it is asked for and by whom: the generator of `docs/openapi.json`, and tests.
"""

from collections.abc import Iterator
from functools import partial
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from app.api import open311, outgoing, ratelimit
from app.api.openapi import links, names, refusals
from app.api.openapi.examples import Composer
from app.api.openapi.parameters import MEANINGS
from app.core import markup

JSON, XML = "application/json", "text/xml"
HEADERS: dict[str, dict[str, Any]] = {
    name: {"description": meaning, "schema": {"type": kind}}
    for name, kind, meaning in (
        ("ETag", "string", "这份答复的版本；修改时放在 If-Match，再读时放在 If-None-Match"),
        ("Location", "string", "新记录的地址"),
        ("Idempotency-Replayed", "string", "`true`：这是同一个 Idempotency-Key 第一次的答复"),
        ("Retry-After", "integer", "多少秒后可以再试"),
        ("WWW-Authenticate", "string", "如何表明身份"),
        ("RateLimit-Policy", "string", '各项限额，如 `"minute";q=60;w=60`：每 60 秒 60 次'),
        ("RateLimit", "string", '各项限额还剩多少次、多少秒后复原，如 `"minute";r=59;t=1`'),
        ("X-Request-ID", "string", "这次请求的编号，报障时请提供"),
    )
}
SCOPES = {
    "areas:read": "查看区域和网格",
    "tickets:read": "查看工单",
    "tickets:write": "上报和办理工单",
    "stats:read": "查看统计",
    "webhooks:manage": "订阅推送",
}
GOOD = {"200": "成功", "201": "已建立", "202": "已接受，随后办理", "204": "已办，没有内容"}
BYTES = {"format": "binary"}
KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "同一个键在 48 小时内再次提交，得到第一次的答复，不会重复办理",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]([ -~]*[!-~])?$"},
}
UNCHANGED = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "上次答复的 ETag；没有变化时答 304",
    "schema": {"type": "string"},
}
LEAN = {
    "title": "LeanPage",
    "type": "object",
    "required": ["items", "next_cursor"],
    "properties": {
        "items": {
            "type": "array",
            "items": {
                "title": "LeanEntry",
                "type": "object",
                "required": ["id"],
                "properties": {"id": {"type": "string", "format": "uuid"}},
                "additionalProperties": True,
            },
        },
        "next_cursor": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    },
}
Operation = dict[str, Any]


def install(app: FastAPI) -> None:
    """Let the application's document be this one: for generators and tests, not for who serves."""
    app.openapi = partial(of, app)  # type: ignore[method-assign]


def of(app: FastAPI) -> dict[str, Any]:
    """The document; built once for an application."""
    if app.openapi_schema is None:
        outgoing.describe(app)
        document = FastAPI.openapi(app)
        _enrich(app, document)
    found: dict[str, Any] = app.openapi_schema or {}
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, Operation]]:
    """Path, method and operation of each that is served."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def _enrich(app: FastAPI, document: dict[str, Any]) -> None:
    names.tidy(document)
    components = document["components"]
    schemas = components["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = refusals.SCHEMA
    components |= {"responses": refusals.components(), "examples": refusals.examples(), "headers": HEADERS}
    _offer_scopes(components["securitySchemes"])
    composer = Composer(schemas)
    routes = {
        (str(route.path), method.lower()): route.dependant
        for route in iter_route_contexts(app.routes)
        for method in route.methods or ()
        if isinstance(route.original_route, APIRoute)
    }
    for path, method, operation in operations(document):
        _tidy(operation["responses"])
        facts = refusals.Facts(path, method, routes[path, method], operation)
        _secure(facts, operation)
        _refuse(facts, operation)
        _head(facts, document, operation)
        _let_be_lean(operation)
        _explain(composer, operation)
        _exemplify(composer, operation)
    for name, item in document["webhooks"].items():
        # What a receiver answers is its own affair, but for what becomes of it here.
        item["post"]["responses"].pop("422")
        _exemplify(composer, item["post"])
        outgoing.exemplify(name, item["post"]["requestBody"]["content"][JSON]["example"])
    if composer.missing:
        raise LookupError(f"add to app/api/openapi/values.py: {', '.join(sorted(composer.missing))}")
    links.enter(document)


def _offer_scopes(schemes: dict[str, Any]) -> None:
    """Say how a third party signs in, and which scopes its token may have."""
    for scheme in schemes.values():
        address = scheme["flows"]["password"]["tokenUrl"]
        scheme["flows"]["clientCredentials"] = {"tokenUrl": address, "scopes": SCOPES}
        scheme["description"] = (
            "人员以密码登录，能做什么由岗位决定，与 scope 无关。接入方直接使用接口令牌（wg_…），"
            "或以 client_credentials 换取；其令牌须有接口所列的 scope，没有列出的接口一般不对接入方开放。"
        )


def _secure(facts: refusals.Facts, operation: Operation) -> None:
    """Say which scopes a third party's token needs, where there is a token with them."""
    needs = list(facts.token_needs) if SCOPES.keys() >= set(facts.token_needs) else []
    for way in operation.get("security", ()):
        way.update(dict.fromkeys(way, needs))


def _tidy(answers: dict[str, Any]) -> None:
    """Put right what the framework says of answers that it does not build itself."""
    if JSON in answers.get("422", {}).get("content", {}):
        del answers["422"]
    for status, told in answers.items():
        if told["description"] == "Successful Response":
            told["description"] = GOOD[status]
        if told.get("content", {}).get(JSON) == {"schema": {}}:
            # Its word for a route that builds its own reply; those that say no more reply without a body.
            del told["content"]
        for kind, media in told.get("content", {}).items():
            if "schema" not in media:
                media["schema"] = {"type": "string", **({} if kind.startswith("text/") else BYTES)}
    for status, whole in (("200", "201"), ("206", "200")):
        if status in answers and whole in answers and "content" not in answers[status]:
            answers[status]["content"] = answers[whole].get("content", {})


def _refuse(facts: refusals.Facts, operation: Operation) -> None:
    answers = operation["responses"]
    for status, told in answers.items():
        if int(status) >= HTTPStatus.BAD_REQUEST:
            told["headers"] = refusals.headers(int(status))
    for status, reference in refusals.of(facts).items():
        answers.setdefault(status, reference)
    operation["responses"] = dict(sorted(answers.items()))
    if facts.keyed:
        operation.setdefault("parameters", []).append(KEY)
    if "304" in answers:
        operation.setdefault("parameters", []).append(UNCHANGED)


def _head(facts: refusals.Facts, document: dict[str, Any], operation: Operation) -> None:
    """Say which headers its good answers carry."""
    schemas, keyed = document["components"]["schemas"], KEY in operation.get("parameters", ())
    made = "201" in operation["responses"] and _readable(facts.path, document)
    for status, told in operation["responses"].items():
        if not status.startswith("2") and status != "304":
            continue
        schema = told.get("content", {}).get(JSON, {}).get("schema", {})
        shape = schemas.get(schema.get("$ref", "").rsplit("/", 1)[-1], schema)
        all_headers = {
            "ETag": "version" in shape.get("properties", {}) or "304" in operation["responses"],
            "Location": status in {"200", "201"} and made,
            "Idempotency-Replayed": keyed,
            **dict.fromkeys(ratelimit.HEADERS, facts.limited),
        }
        found = {name: {"$ref": f"#/components/headers/{name}"} for name, sent in all_headers.items() if sent}
        if found:
            told["headers"] = {**found, **told.get("headers", {})}


def _let_be_lean(operation: Operation) -> None:
    """Where a caller names the fields of a list's entries, only the id is sure to be there."""
    if any(given["name"] == "fields" for given in operation.get("parameters", ())):
        media = operation["responses"]["200"]["content"][JSON]
        media["schema"] = {"anyOf": [media["schema"], LEAN]}


def _readable(path: str, document: dict[str, Any]) -> bool:
    """Whether one record of a collection can be read."""
    below = (found for found in document["paths"] if found.startswith(f"{path}/{{") and found.endswith("}"))
    return any(
        found.count("/") == path.count("/") + 1 and "get" in document["paths"][found] for found in below
    )


def _explain(composer: Composer, operation: Operation) -> None:
    """Say what each parameter means, and show one; headers that may be left out belong to one request."""
    for given in operation.get("parameters", ()):
        if "description" not in given:
            given["description"] = MEANINGS[given["name"]]
        if (given["in"] != "header" or given["required"]) and "examples" not in given["schema"]:
            given["example"] = composer.given(given["schema"], given["name"], operation["operationId"])


def _exemplify(composer: Composer, operation: Operation) -> None:
    for media in operation.get("requestBody", {}).get("content", {}).values():
        if not {"example", "examples"} & media.keys():
            media.update(composer.sent(media["schema"]))
    for status, told in operation["responses"].items():
        media = told.get("content", {}).get(JSON, {})
        if status.startswith("2") and media.get("schema") and "example" not in media:
            media["example"] = composer.answered(media["schema"])
        if root := told.get("content", {}).get(XML, {}).get("schema", {}).get("xml"):
            example = markup.document(root["name"], media["example"], open311.ITEMS)
            told["content"][XML]["example"] = example.decode()
