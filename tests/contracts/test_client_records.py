"""Each record of village B by its id, and village B by its name, at every address as a client of village A.

What is walked is what the application serves: an address with a parameter of a kind that is not known here,
or a write that is new, fails until somebody says here what of village B it could name.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
from fastapi import FastAPI

from app.core import clock
from tests.contracts.test_client_walk import still
from tests.contracts.test_next_village import LOOK, WRITES
from tests.contracts.test_routes import PUBLIC
from tests.support.clients import Api
from tests.support.operations import JSON, SOME_ID, Operation, filled, operations
from tests.support.orders import push
from tests.support.records import all_of, lists, populate
from tests.support.third_parties import register, token
from tests.support.tickets import Loop
from tests.support.tus import BYTES, SPOKEN, Phone
from tests.support.uploads import uploaded
from tests.support.world import World

WHO, CLIENT_B = "api_client", "our token in village b"
LAST_MONTH = (clock.today().replace(day=1) - timedelta(days=1)).replace(day=1)
# What a write takes at least, so that nothing but the record is wrong with it.
BODIES = {
    **WRITES,
    "attachment_link": {},
    "intake_supplement": {"supplement_ref": "1", "content": "还有建筑垃圾"},
    "intake_withdraw": {"reason": "已自行解决"},
    "ticket_answer_link": {},
    "publication_write": {},
    "webhook_change": {"description": "推送"},
    "webhook_replay": {"since": clock.day_start(clock.today()).isoformat()},
    "webhook_secret_rotate": {},
}
TUS = {**SPOKEN, **BYTES, "Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
# Calendars are of all villages.
SHARED = {"/v1/calendars/"}
# What a token may write at an address that names no record; where it may not, `test_client_walk` and
# `test_intake` say. Files lie nowhere before a record names them; a limit is tried on nothing.
WRITTEN = {"ticket_report", "webhook_create", "intake_push", "intake_push_batch"}
NOWHERE = {"attachment_upload", "upload_create", "sla_preview"}
# Refused to tokens, once their bodies are read.
PEOPLES = {
    "password_change": {"current_password": "Wangge-2026", "new_password": "Wangge-2027"},
    "sync_push": {"operations": [{}]},
}


async def theirs(app: FastAPI, api: Api, world: World) -> dict[str, str]:
    """A record of village B that the client does not see, by the address that all of its kind stand under."""
    await populate(api, world, "village_b")
    report = {"kind": "monthly", "area_id": str(world.places["village_b"].id)}
    report["first_on"] = LAST_MONTH.isoformat()
    made = await api.as_("village_admin_b").post("/v1/reports", json=report)
    assert made.status_code == 201, made.text
    found: dict[str, str] = {}
    for listed in lists(app):
        seen = (await all_of(api, WHO, listed)).keys()
        for owner in ("village_admin_b", "system_admin"):
            hidden = sorted((await all_of(api, owner, listed)).keys() - seen)
            if hidden:
                found.setdefault(f"{listed.path}/", hidden[0])
    return found | await files(api, world)


async def files(api: Api, world: World) -> dict[str, str]:
    """What no list shows: a file of village B, an upload, a request, and what our own token for it sent."""
    attachment_id = (await uploaded(api, "grid_worker_b"))["id"]
    named = [{"id": attachment_id, "purpose": "before"}]
    place = {"area_id": str(world.places["grid_b1"].id), "location": None}
    await Loop(api, world).report("grid_worker_b", attachments=named, **place)
    upload = Phone(api, "grid_worker_b", b"of village b")
    assert (await upload.create()).status_code == 201
    await token(api, world, str(world.client.id), CLIENT_B, "village_b")
    await push(api, CLIENT_B, location=None, external_ref="OF-B")
    people = (await api.as_("grid_worker_b").get("/v1/residents")).json()["items"]
    asked = {
        "resident_id": people[0]["id"],
        "kind": "access",
        "identity_check": "id_card",
        "note": "要求查阅",
    }
    request = await api.as_("grid_worker_b").post("/v1/data-requests", json=asked)
    assert request.status_code == 201, request.text
    own = {"/v1/data-requests/": request.json()["id"]}
    return own | {"/v1/attachments/": attachment_id, "/v1/uploads/": upload.id, "/v1/intake/tickets/": "OF-B"}


async def ask(api: Api, operation: Operation, record_id: str) -> httpx.Response:
    """Call an operation about a record, as it wants to be called."""
    url = filled(re.sub(r"\{[^}]+\}", record_id, operation.path, count=1))
    options: dict[str, Any] = {}
    if url.startswith("/v1/uploads/"):
        options = {"headers": TUS, "content": b"" if operation.method in {"GET", "HEAD", "DELETE"} else b"x"}
    elif operation.bodies:
        body = BODIES.get(operation.name, LOOK if operation.name.endswith("_unmask") else None)
        options = {"content": b"[]", "headers": JSON} if body is None else {"json": body}
    return await api.as_(WHO).request(operation.method, url, params=operation.query(), **options)


def of_records(app: FastAPI) -> Iterator[tuple[Operation, str]]:
    """The operations whose address names a record, each with what stands before it; Open311 has its own."""
    for operation in operations(app):
        if "{" in operation.path and (operation.method, operation.path) not in PUBLIC:
            yield operation, operation.path.partition("{")[0]


async def test_trap_16_no_record_of_village_b_is_found_by_its_id_at_any_address(
    app: FastAPI, api: Api, world: World
) -> None:
    known, walked = await theirs(app, api, world), set()
    for operation, home in of_records(app):
        nothing = await ask(api, operation, SOME_ID)
        if home in SHARED or nothing.status_code == 403:
            continue
        assert home in known, f"{operation.name}: which record of village B could it name?"
        reply = await ask(api, operation, known[home])
        assert (reply.status_code, nothing.status_code) == (404, 404), (operation.name, reply.text)
        walked.add(operation.name)
    assert walked >= {"ticket_act", "report_workbook", "webhook_replay", "intake_withdraw", "upload_read"}
    assert walked >= {"attachment_content", "area_history", "upload_continue", "publication_read"}


async def test_trap_16_nothing_of_village_b_is_found_or_counted_by_naming_it_in_a_question(
    app: FastAPI, api: Api, world: World
) -> None:
    # An organisation works in many villages: what it has in this one must not tell of the next.
    named = {"area_id": str(world.places["village_b"].id), "org_id": str(world.orgs["urban"].id)}
    before = {
        (operation.name, name): (operation, await answered(api, operation, name, named.get(name, SOME_ID)))
        for operation, name in naming(app)
    }
    named["webhook_id"] = (await theirs(app, api, world))["/v1/webhooks/"]
    named["client_id"] = (await register(api, world, area="village_b")).id
    named["parent_id"] = named["under"] = named["area_id"]
    asked = 0
    for (where, name), (operation, nothing) in before.items():
        if nothing != 403:
            assert name in named, f"{where}: what of village B could {name} name?"
            assert await answered(api, operation, name, named[name]) == nothing, (where, name)
            assert nothing == 404 or name != "area_id", where
            asked += 1
    assert asked > 10


def naming(app: FastAPI) -> Iterator[tuple[Operation, str]]:
    """The lists and counts that may be asked of one thing, by its id, each with the parameter's name."""
    for operation in operations(app):
        asked = (operation.method, operation.path)
        if operation.method == "GET" and "{" not in operation.path and asked not in PUBLIC:
            for given in operation.parameters:
                if (given.place, given.kind) == ("query", "id"):
                    yield operation, given.name


async def answered(api: Api, operation: Operation, name: str, value: str) -> Any:
    """What a list or a count of one thing answers the client; its status where it does not."""
    reply = await api.as_(WHO).get(operation.path, params=operation.query(**{name: value}))
    return still(reply.json()) if reply.status_code == 200 else reply.status_code


async def test_trap_16_a_token_writes_at_no_address_that_no_test_knows(app: FastAPI, api: Api) -> None:
    found = set()
    for operation in operations(app):
        if "{" not in operation.path and operation.method not in {"GET", "HEAD", "OPTIONS"}:
            content: dict[str, Any] = {"content": b"[]", "headers": JSON} if operation.bodies else {}
            reply = await api.as_(WHO).request(operation.method, operation.path, **content)
            if reply.status_code != 403 and (operation.method, operation.path) not in PUBLIC:
                found.add(operation.name)
            if operation.name in PEOPLES:
                reply = await api.as_(WHO).post(operation.path, json=PEOPLES[operation.name])
                assert reply.status_code == 403, reply.text
    assert found == WRITTEN | NOWHERE | PEOPLES.keys()
