"""Bad bodies at every address that takes one: a problem that names the field, and nothing changed."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.enums import Role
from tests.support.clients import Api
from tests.support.operations import Operation, operations
from tests.support.problems import problem_in
from tests.support.unchanged import checksums
from tests.support.world import World

JSON = {"Content-Type": "application/json"}
UNREADABLE = {
    "cut off": b'{"title": ',
    "a trailing comma": b'{"title": "x",}',
    "no JSON": b"title=x",
    "invalid UTF-8": b'{"title": "\xff\xfe"}',
    "a NUL byte": b"\x00",
    "very deep": b"[" * 100_000,
    "a number of 5,000 digits": b'{"title": ' + b"9" * 5_000 + b"}",
}
NO_OBJECTS = {"a list": [], "a text": "x", "a number": 7, "true": True, "nested lists": [[[[]]]]}
WRONG: dict[str, tuple[Any, ...]] = {
    "text": (7, True, [], {}, "\x00", "a\x00b", "a\x1bb", "\ud800", "a\udfffb", "x" * 100_000),
    "id": (7, True, [], "x", "", "\x00", "0" * 1000),
    "time": (
        "yesterday",
        "2026-11-21T10:00:00",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        [],
        "\ud800",
    ),
    "date": ("yesterday", "0001-01-01", "9999-12-31", "2026-02-30", [], "2026-11-21T10:00:00Z"),
    "whole": ("x", 1.5, 10**12, -(10**12), [], "\ud800"),
    "number": ("x", 10**400, -(10**400), [], "NaN", "Infinity"),
    "flag": ("x", 7, [], {}),
    "code": ("no_such_code", 7, [], "\ud800", ""),
    "array": ("x", 7, {}, [{}], ["\ud800"]),
}


@pytest.fixture
def writes(app: FastAPI) -> list[Operation]:
    """The operations that take a JSON body."""
    found = [operation for operation in operations(app) if operation.bodies]
    assert found
    return found


@pytest.fixture
async def untouched(session: AsyncSession) -> AsyncIterator[None]:
    """The database is the same after the test."""
    before = await checksums(session)
    yield
    after = await checksums(session)
    assert {name for name in before if before[name] != after[name]} == set()


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
async def test_what_is_no_json_is_a_bad_request(
    api: Api, world: World, writes: list[Operation], body: bytes
) -> None:
    for operation in writes:
        who = await somebody(api, world, operation)
        reply = await api.as_(who).request(operation.method, operation.url, content=body, headers=JSON)
        problem_in(reply, 400, "bad_request")


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("body", NO_OBJECTS.values(), ids=NO_OBJECTS)
async def test_json_that_is_no_object_is_invalid(
    api: Api, world: World, writes: list[Operation], body: object
) -> None:
    for operation in writes:
        who = await somebody(api, world, operation)
        problem = problem_in(await send(api.as_(who), operation, body), 422, "invalid")
        assert problem["errors"][0]["field"].startswith("body"), operation.name


@pytest.mark.usefixtures("untouched")
async def test_another_content_type_than_json_is_refused(
    api: Api, world: World, writes: list[Operation]
) -> None:
    for operation in writes:
        who = await somebody(api, world, operation)
        for kind in ("text/plain", "application/xml", "multipart/form-data; boundary=x", "nonsense"):
            headers = {"Content-Type": kind}
            reply = await api.as_(who).request(
                operation.method, operation.url, content=b"{}", headers=headers
            )
            problem_in(reply, 422, "invalid", "body")


@pytest.mark.usefixtures("untouched")
async def test_an_unknown_field_is_named(api: Api, world: World, writes: list[Operation]) -> None:
    for operation in writes:
        who = await somebody(api, world, operation)
        for body in operation.bodies:
            for name in ("no_such_field", "字段", "a\ud800", "x" * 5_000, "__class__"):
                reply = await send(api.as_(who), operation, body.with_value((name,), 1))
                problem = problem_in(reply, 422, "invalid")
                codes = {error["code"] for error in problem["errors"]}
                assert codes & {"extra_forbidden", "string_unicode"}, (operation.name, name)


@pytest.mark.usefixtures("untouched")
async def test_a_wrong_value_is_refused_with_the_name_of_its_field(
    api: Api, world: World, writes: list[Operation]
) -> None:
    wrong = []
    for operation in writes:
        client = api.as_(await somebody(api, world, operation))
        for body in operation.bodies:
            for path, kind in body.properties:
                for value in WRONG.get(kind, ()):
                    reply = await send(client, operation, body.with_value(path, value))
                    if not named(reply.json(), path):
                        wrong.append(f"{operation.name} {body.base} {path} {value!r:.40}: {reply.text[:200]}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.usefixtures("untouched")
async def test_a_body_over_the_limit_is_refused_whether_or_not_it_says_its_length(
    api: Api, app: FastAPI, world: World, writes: list[Operation]
) -> None:
    body = b'{"title": "' + b"x" * app.state.settings.max_body_bytes + b'"}'

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    for operation in writes:
        who = await somebody(api, world, operation)
        for content in (body, pieces()):
            reply = await api.as_(who).request(operation.method, operation.url, content=content, headers=JSON)
            problem_in(reply, 413, "body_too_large")


async def somebody(api: Api, world: World, operation: Operation) -> str:
    """Somebody whom the operation's guard lets through as far as the body."""
    for who in (*(key for key in world.people if key in set(Role)), "api_client"):
        reply = await send(api.as_(who), operation, [])
        if reply.status_code == 422:
            return who
    raise AssertionError(f"nobody may call {operation.name}")


async def send(client: Api, operation: Operation, body: object) -> Any:
    """Send a body as JSON, lone surrogates as escapes."""
    content = json.dumps(body, ensure_ascii=True).encode()
    return await client.request(operation.method, operation.url, content=content, headers=JSON)


def named(problem: dict[str, Any], path: tuple[str, ...]) -> bool:
    """Whether the problem is about this field."""
    fields = [error["field"] for error in problem.get("errors", ())]
    return problem["status"] == 422 and any(field.endswith(".".join(path)) for field in fields)
