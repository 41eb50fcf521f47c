"""Bad bodies at every address that takes one: a problem that names the field, and nothing changed."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from app.routers import boundaries, intake, sync
from tests.support.callers import call, send
from tests.support.clients import Api
from tests.support.operations import JSON, Body, Operation, Property, operations
from tests.support.problems import problem_in
from tests.support.unchanged import checksums

LISTED = 10
# Entries of a queue and items of a bulk refuse themselves one by one; the whole is taken.
BY_ENTRY = {"sync_push", "intake_push_batch"}
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
        1_780_000_000,
        "1780000000",
    ),
    "date": (
        "yesterday",
        "0001-01-01",
        "9999-12-31",
        "2026-02-30",
        [],
        "2026-11-21T10:00:00Z",
        20_000,
        "1780000000",
    ),
    "whole": ("x", 1.5, 10**12, -(10**12), [], "\ud800", True, "3"),
    "number": ("x", 10**400, -(10**400), [], "NaN", "Infinity", True, "1"),
    "flag": ("x", 7, [], {}, 1, "true"),
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
async def test_what_is_no_json_is_a_bad_request(api: Api, writes: list[Operation], body: bytes) -> None:
    for operation in writes:
        reply = await call(api, operation, content=body, headers=JSON)
        problem_in(reply, 400, "bad_request")


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("body", NO_OBJECTS.values(), ids=NO_OBJECTS)
async def test_json_that_is_no_object_is_invalid(api: Api, writes: list[Operation], body: object) -> None:
    for operation in writes:
        problem = problem_in(await send(api, operation, body), 422, "invalid")
        assert problem["errors"][0]["field"].startswith("body"), operation.name


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "?"])
async def test_another_content_type_than_json_is_refused(
    api: Api, writes: list[Operation], kind: str
) -> None:
    for operation in writes:
        reply = await call(api, operation, content=b"{}", headers={"Content-Type": kind})
        problem_in(reply, 422, "invalid", "body")


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("name", ["no_such_field", "字段", "a\ud800", "x" * 5_000, "__class__"])
async def test_an_unknown_field_is_named(api: Api, writes: list[Operation], name: str) -> None:
    for operation in writes:
        for body in operation.bodies:
            problem = problem_in(await send(api, operation, {**body.base, name: 1}), 422, "invalid")
            codes = {error["code"] for error in problem["errors"]}
            assert codes & {"extra_forbidden", "string_unicode"}, operation.name


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("turn", range(max(map(len, WRONG.values()))))
async def test_a_wrong_value_is_refused_with_the_name_of_its_field(
    api: Api, writes: list[Operation], turn: int
) -> None:
    accepted = []
    for operation in writes:
        for body in operation.bodies if operation.name not in BY_ENTRY else ():
            for some in batched(body.properties):
                reply = await send(api, operation, with_wrong(body, some, turn))
                accepted += [f"{operation.name} {path}: {reply.text}" for path in unnamed(reply, some)]
    assert not accepted, "\n".join(accepted)


@pytest.mark.usefixtures("untouched")
async def test_a_body_over_the_limit_is_refused_whether_or_not_it_says_its_length(
    api: Api, app: FastAPI, writes: list[Operation]
) -> None:
    settings = app.state.settings
    pushed = dict.fromkeys((sync.PUSH, intake.BATCHES), settings.max_push_bytes)
    limits = {boundaries.PATH: settings.max_boundaries_bytes, **pushed}

    for operation in writes:
        limit = limits.get(operation.path, settings.max_body_bytes)
        body = b'{"title": "' + b"x" * limit + b'"}'

        async def pieces(body: bytes = body) -> AsyncIterator[bytes]:
            for start in range(0, len(body), 65_536):
                yield body[start : start + 65_536]

        for content in (body, pieces()):
            reply = await call(api, operation, content=content, headers=JSON)
            problem_in(reply, 413, "body_too_large")


@pytest.mark.parametrize(
    "form",
    [
        b"",
        b"grant_type=password",
        b"username=%00&password=%00",
        b"username=%ED%A0%80&password=%FF%FE",
        b"username=" + b"x" * 100_000 + b"&password=x",
        b"username=x&password=x&no_such_field=1",
        b"username=x&username=y&password=x",
        b"grant_type=no_such_grant&username=x&password=x",
        b"grant_type=refresh_token&refresh_token=%00",
        b"grant_type=client_credentials&client_id=%00&client_secret=%00",
        b'{"username": "x", "password": "x"}',
        b"&" * 5_000,
    ],
    ids=lambda form: form[:40].decode(),
)
async def test_a_bad_form_is_refused_and_leaves_nothing_but_a_line_in_the_audit_log(
    api: Api, session: AsyncSession, form: bytes
) -> None:
    before = await checksums(session)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    reply = await api.post("/v1/auth/token", content=form, headers=headers)
    assert reply.status_code in {400, 401, 422}, reply.text
    problem = problem_in(reply, reply.status_code, reply.json()["code"])
    assert problem["error"] in {
        "invalid_request",
        "invalid_grant",
        "invalid_client",
        "unsupported_grant_type",
    }
    after = await checksums(session)
    assert {name for name in before if before[name] != after[name]} <= {"audit_log", "audit_pending"}


def batched(properties: tuple[Property, ...]) -> Iterator[tuple[Property, ...]]:
    """As many at a time as a problem lists, less room for what else is missing."""
    known = [entry for entry in properties if entry[1] in WRONG]
    for start in range(0, len(known), LISTED):
        yield tuple(known[start : start + LISTED])


def with_wrong(body: Body, properties: tuple[Property, ...], turn: int) -> dict[str, Any]:
    """The body with each of the properties wrong in the turn's way."""
    filled: dict[str, Any] = dict(body.base)
    for path, kind in properties:
        inner = filled
        for name in path[:-1]:
            inner = inner.setdefault(name, {})
        inner[path[-1]] = WRONG[kind][turn % len(WRONG[kind])]
    return filled


def unnamed(reply: httpx.Response, properties: tuple[Property, ...]) -> list[str]:
    """Those of the properties that the problem does not complain about."""
    fields = [f".{error['field']}." for error in reply.json().get("errors", ())]
    paths = [".".join(path) for path, _kind in properties]
    if reply.status_code != 422:
        return paths
    return [path for path in paths if not any(f".{path}." in field for field in fields)]
