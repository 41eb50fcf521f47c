"""Bad parameters at every address that takes one: paths, queries, cursors, headers."""

import base64
import json
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.models.enums import Role
from tests.support.clients import Api
from tests.support.operations import SOME_ID, Operation, operations
from tests.support.problems import problem_in

WRONG: dict[str, tuple[str, ...]] = {
    "id": ("x", "%00", "' OR 1=1 --", "0" * 1000),
    "time": ("yesterday", "2026-11-21T10:00:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"),
    "date": ("yesterday", "0001-01-01", "9999-12-31", "2026-02-30"),
    "whole": ("x", "1.5", "-1", "999999999999"),
    "number": ("x", "1e999", "nan", "-inf"),
    "flag": ("x", "7"),
    "code": ("no_such_code", "%00"),
}
HOSTILE = ("\x00", "a\x00b", "\ufffe", "%", "_", "\\", "' OR 1=1 --", "x" * 5000, "\U0001f600", "\x1b[31m")
LIMITS = ("0", "-1", "101", "1000000000000", "x", "")
A_TIME = "2026-11-21T10:00:00+08:00"


def packed(value: object) -> str:
    """A cursor in the right wrapping."""
    text = value if isinstance(value, str) else json.dumps(value)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


CURSORS = {
    "huge": "A" * 10_000,
    "no base64": "!!!!",
    "no ASCII": "游标",
    "a NUL": "\x00",
    "no JSON": packed("no json"),
    "no UTF-8": base64.urlsafe_b64encode(b"\xff\xfe\xfd").decode(),
    "a number": packed(7),
    "an object": packed({"value": A_TIME, "id": SOME_ID}),
    "one part": packed([A_TIME]),
    "three parts": packed([A_TIME, SOME_ID, 1]),
    "numbers inside": packed([1, 2]),
    "nulls inside": packed([None, None]),
    "no id": packed([A_TIME, "x"]),
    "a NUL inside": packed([f"{A_TIME}\x00", SOME_ID]),
    "a lone surrogate inside": packed('["\\ud800", "' + SOME_ID + '"]'),
    "deep": packed("[" * 250),
}


@pytest.fixture
def reads(app: FastAPI) -> list[Operation]:
    """The operations that take parameters and are not public."""
    found = [operation for operation in operations(app) if operation.parameters]
    assert found
    return found


async def test_a_wrong_parameter_is_refused_with_its_name(api: Api, reads: list[Operation]) -> None:
    wrong = []
    for operation in reads:
        for place, name, kind in operation.parameters:
            for value in WRONG.get(kind, ()):
                reply = await ask(api, operation, place, name, value)
                if reply.status_code == 404 and "%00" in value:
                    continue
                fields = [error["field"] for error in reply.json().get("errors", ())]
                if reply.status_code != 422 or f"{place}.{name}" not in fields:
                    wrong.append(f"{operation.name} {place}.{name}={value!r:.40}: {reply.text[:200]}")
    assert not wrong, "\n".join(wrong)


async def test_hostile_texts_are_refused_or_found_nowhere_but_never_break_anything(
    api: Api, reads: list[Operation]
) -> None:
    for operation in reads:
        for place, name, kind in operation.parameters:
            if kind == "text" and place != "header":
                for value in HOSTILE:
                    reply = await ask(api, operation, place, name, value)
                    assert reply.status_code < 500, (operation.name, name, value)


@pytest.mark.parametrize("cursor", CURSORS.values(), ids=CURSORS)
async def test_a_broken_cursor_is_refused_by_every_list(
    api: Api, reads: list[Operation], cursor: str
) -> None:
    lists = [operation for operation in reads if ("query", "cursor", "text") in operation.parameters]
    assert lists
    for operation in lists:
        reply = await ask(api, operation, "query", "cursor", cursor)
        problem_in(reply, 422, "invalid", "query.cursor")


@pytest.mark.parametrize("limit", LIMITS)
async def test_a_page_has_one_to_a_hundred_entries(api: Api, reads: list[Operation], limit: str) -> None:
    for operation in reads:
        if ("query", "limit", "whole") in operation.parameters:
            reply = await ask(api, operation, "query", "limit", limit)
            problem_in(reply, 422, "invalid", "query.limit")


@pytest.mark.parametrize("version", ["x", '"x"', '"-1"', '"1.0"', '"9999999999999"', '"١"', '"'])
async def test_a_version_that_nobody_was_given_is_refused(
    api: Api, reads: list[Operation], version: str
) -> None:
    for operation in reads:
        if ("header", "If-Match", "text") in operation.parameters and operation.method != "POST":
            headers = {"If-Match": version.encode()}
            reply = await api.as_(await somebody(api, operation)).request(
                operation.method, operation.url, json={}, headers=headers
            )
            problem_in(reply, 422, "invalid", "header.If-Match")


async def ask(api: Api, operation: Operation, place: str, name: str, value: str) -> httpx.Response:
    """Call the operation with this one parameter, as somebody whom its guard lets through."""
    client = api.as_(await somebody(api, operation))
    url, query, headers = operation.url, {}, {}
    if place == "path":
        quoted = "".join(f"%{byte:02X}" for byte in value.encode())
        url = operation.path.replace(f"{{{name}}}", quoted).replace("{", "").replace("}", "")
    elif place == "query":
        query = {name: value}
    else:
        headers = {name: value}
    return await client.request(operation.method, url, params=query, headers=headers, **body_of(operation))


def body_of(operation: Operation) -> dict[str, Any]:
    """An empty body where one is expected."""
    return {"json": {}} if operation.bodies else {}


_callers: dict[str, str] = {}


async def somebody(api: Api, operation: Operation) -> str:
    """Somebody whom the operation's guard lets through."""
    if operation.name not in _callers:
        for who in (*(role.value for role in Role if role is not Role.API_CLIENT), "api_client"):
            reply = await api.as_(who).request(operation.method, operation.url, **body_of(operation))
            if reply.status_code not in {401, 403}:
                _callers[operation.name] = who
                break
    return _callers[operation.name]
