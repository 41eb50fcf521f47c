"""Bad parameters at every address that takes one: paths, queries, cursors, headers."""

import base64
import json
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.support.callers import call
from tests.support.clients import Api
from tests.support.operations import SOME_ID, Operation, Parameter, filled, operations
from tests.support.problems import problem_in

WRONG: dict[str, tuple[str, ...]] = {
    "id": ("x", "%00", "' OR 1=1 --", "0" * 1000),
    "time": (
        "yesterday",
        "2026-11-21T10:00:00",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "1780000000",
    ),
    "date": ("yesterday", "0001-01-01", "9999-12-31", "2026-02-30", "0", "1780000000"),
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


# Where a version may come along: a body that is all right but for it.
VERSIONED: dict[str, dict[str, Any] | None] = {
    "account_change": {"status": "active"},
    "client_change": {"purpose": "新用途"},
    "post_end": {},
    "post_remove": None,
    "area_move": {"parent_id": SOME_ID},
    "area_merge": {"into_id": SOME_ID},
    "area_split": {"parts": [{"code": "440605121001009", "name": "第九网格"}]},
    "area_end": None,
    "area_change": {"name": "新名称"},
    "member_change": {"name": "新姓名"},
    "member_end": {},
    "org_change": {"name": "新名称"},
    "org_end": {},
    "category_change": {"label_zh": "新名称"},
    "escalation_rule_change": {"enabled": True},
    "routing_rule_change": {"note": "新说明"},
    "routing_rule_end": {},
    "calendar_change": {"name": "新名称"},
    "sla_policy_change": {"amount": 3},
    "sla_policy_end": {},
    "import_confirm": {},
    "export_decide": {"approve": True},
    "ticket_act": {"action": "accept"},
    "publication_write": {},
    "public_service_write": {"description": "路灯"},
    "publication_withdraw": None,
    "building_change": {"floors": 3},
    "building_end": {},
    "room_change": {"floor": "3"},
    "room_end": {},
    "household_change": {"household_type": "rental"},
    "household_split": {"members": [{"resident_id": SOME_ID, "relation": "02"}]},
    "household_merge": {"household_id": SOME_ID},
    "household_move": {"room_id": SOME_ID},
    "household_head": {"resident_id": SOME_ID},
    "household_end": {},
    "resident_change": {"occupation": "务农"},
    "resident_move": {"home": {"address": "深圳"}},
    "resident_depart": {},
    "resident_die": {},
    "resident_tag_take": {},
    "place_change": {"employees": 3},
    "place_check": {},
    "place_end": {},
    "transfer_accept": {"resident": {"home": {"address": "深圳"}}},
    "transfer_refuse": {"refusal": "not_here"},
    "transfer_withdraw": None,
    "care_object_change": {"measures": "每周上门"},
    "care_object_review": {"care_level": "red"},
    "care_object_end": {},
    "data_request_act": {"action": "approve"},
    "retention_rule_change": {"days": 30},
    "contact_link_change": {"rank": "leader"},
    "contact_link_end": None,
    "contact_quota_change": {"most": 3},
    "contact_quota_remove": None,
    "team_change": {"name": "新名称"},
    "team_end": None,
    "team_join": {"member_id": SOME_ID},
    "team_leave": None,
    "visit_change": {"result": "met"},
    "visit_decide": {"approved": True},
    "visit_plan_change": {"title": "新名称"},
    "visit_plan_end": None,
    "webhook_change": {"description": "同步"},
    "webhook_remove": {},
    "client_intake_replace": {},
}


@pytest.fixture
def found(app: FastAPI) -> list[Operation]:
    """The operations that take parameters, but for those whose answers have no body to say what is wrong.

    Open311 says it in a form of its own, and has tests of its own.
    """
    ours = [one for one in operations(app) if not one.path.startswith("/open311/")]
    found = [one for one in ours if one.parameters and one.method != "HEAD"]
    assert found
    return found


async def test_a_wrong_parameter_is_refused_with_its_name(api: Api, found: list[Operation]) -> None:
    accepted = []
    for operation in found:
        for given in operation.parameters:
            for value in WRONG.get(given.kind, ()):
                reply = await ask(api, operation, given, value)
                fields = [error["field"] for error in reply.json().get("errors", ())]
                if reply.status_code != 422 or f"{given.place}.{given.name}" not in fields:
                    accepted.append(f"{operation.name} {given.name}={value!r:.40}: {reply.text}")
    assert not accepted, "\n".join(accepted)


async def test_hostile_texts_are_refused_or_found_nowhere_but_never_break_anything(
    api: Api, found: list[Operation]
) -> None:
    for operation in found:
        for given in operation.parameters:
            for value in HOSTILE if given.kind == "text" and given.place != "header" else ():
                reply = await ask(api, operation, given, value)
                assert reply.status_code < 500, (operation.name, given.name, value)


@pytest.mark.parametrize("cursor", CURSORS.values(), ids=CURSORS)
async def test_a_broken_cursor_is_refused_by_every_list(
    api: Api, found: list[Operation], cursor: str
) -> None:
    lists = [operation for operation in found if operation.takes("query", "cursor")]
    assert lists
    for operation in lists:
        reply = await call(api, operation, params=operation.query(cursor=cursor))
        problem_in(reply, 422, "invalid", "query.cursor")


@pytest.mark.parametrize("limit", LIMITS)
async def test_a_page_has_one_to_a_hundred_entries(api: Api, found: list[Operation], limit: str) -> None:
    for operation in found:
        if operation.takes("query", "limit"):
            reply = await call(api, operation, params=operation.query(limit=limit))
            problem_in(reply, 422, "invalid", "query.limit")


async def test_every_list_of_the_wire_is_paged_by_the_same_parameters(found: list[Operation]) -> None:
    cursors = {operation.name for operation in found if operation.takes("query", "cursor")}
    limits = {operation.name for operation in found if operation.takes("query", "limit")}
    assert cursors <= limits


@pytest.mark.parametrize("version", ["x", '"x"', '"-1"', '"1.0"', '"9999999999999"', '"١"', '"'])
async def test_a_version_that_nobody_was_given_is_refused(
    api: Api, found: list[Operation], version: str
) -> None:
    versioned = [operation for operation in found if operation.takes("header", "If-Match")]
    assert {operation.name for operation in versioned} == VERSIONED.keys()
    for operation in versioned:
        headers = [(b"If-Match", version.encode())]
        reply = await call(api, operation, json=VERSIONED[operation.name], headers=headers)
        problem_in(reply, 422, "invalid", "header.If-Match")


async def ask(api: Api, operation: Operation, given: Parameter, value: str) -> httpx.Response:
    """Call the operation with this parameter, and whatever else it needs."""
    options: dict[str, Any] = {"json": {}} if operation.bodies else {}
    if given.place == "path":
        quoted = "".join(f"%{byte:02X}" for byte in value.encode())
        options["url"] = filled(operation.path.replace(f"{{{given.name}}}", quoted))
    elif given.place == "header":
        options["headers"] = {given.name: value}
    more = {given.name: value} if given.place == "query" else {}
    return await call(api, operation, params=operation.query(**more), **options)
