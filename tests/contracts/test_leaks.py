"""Every address as everybody: a plain P2 or P3 value appears nowhere but where the tables say it may.

Bodies, headers, errors, logs, and what webhooks and notifications are made of. Writes are sent what they
must refuse, with the marks in every text, because an error that repeats what was sent is a leak as well.
"""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.platform import masks
from tests.support import secrets_of_people as people
from tests.support.clients import Api
from tests.support.looks import look
from tests.support.operations import SOME_ID, Operation, operations
from tests.support.secrets_of_people import MARKS, Planted, plant
from tests.support.tickets import Loop
from tests.support.world import CALLERS, World

# Who may see which marks by a reasoned call; everybody else, and every other address, none.
REGISTRY_P2 = {"grid_worker", "grid_leader", "village_admin"}
LOOKS: tuple[tuple[str, str, str, set[str]], ...] = (
    ("resident_id", "/v1/residents/{}", "name", REGISTRY_P2),
    ("resident_id", "/v1/residents/{}", "phone", REGISTRY_P2),
    ("resident_id", "/v1/residents/{}", "id_number", {"village_admin"}),
    ("resident_id", "/v1/residents/{}", "birth_on", {"village_admin"}),
    ("resident_id", "/v1/residents/{}", "hukou_place", REGISTRY_P2),
    ("resident_id", "/v1/residents/{}", "workplace", REGISTRY_P2),
    ("resident_id", "/v1/residents/{}", "home_address", REGISTRY_P2),
    ("room_id", "/v1/rooms/{}", "owner_name", REGISTRY_P2),
    ("room_id", "/v1/rooms/{}", "owner_phone", REGISTRY_P2),
    ("place_id", "/v1/places/{}", "contact_name", REGISTRY_P2),
    ("place_id", "/v1/places/{}", "contact_phone", REGISTRY_P2),
    ("household_id", "/v1/households/{}", "head_name", REGISTRY_P2),
    ("household_id", "/v1/households/{}", "head_phone", REGISTRY_P2),
    ("ticket_id", "/v1/tickets/{}/contact", "name", {"dept_handler", "dispatcher", "revisit_agent"}),
    ("ticket_id", "/v1/tickets/{}/contact", "phone", {"dept_handler", "dispatcher", "revisit_agent"}),
)
# Logs that others read; what they hold is read by webhooks, notifications, phones and auditors.
TOLD = (
    "outbox",
    "audit_log",
    "ticket_event",
    "pii_access_log",
    "idempotency_key",
    "sync_operation",
    "webhook_delivery",
)
EVERYBODY = (*CALLERS, "dept_handler_2", "grid_worker_b", "village_admin_b", "dispatcher_c", "newcomer")


@pytest.fixture
async def planted(api: Api, session: AsyncSession, world: World) -> Planted:
    """A town with the marks in it."""
    return await plant(api, session, world)


async def test_no_read_shows_a_plain_value_to_anybody(
    app: FastAPI, api: Api, planted: Planted, logged: list[Any]
) -> None:
    found, read = [], set()
    for operation in operations(app):
        if operation.method == "GET":
            for who in EVERYBODY:
                reply = await api.as_(who).get(address(operation, planted), params=operation.query())
                found += leaks(reply, who)
                read |= {operation.name} if reply.status_code == 200 else set()
    assert not found, "\n".join(found)
    assert read >= {"household_read", "ticket_read", "ticket_events", "member_read", "data_request_read"}
    assert read >= {"visit_read", "visits_due", "visit_plan_read", "contact_link_read", "team_read"}
    assert not marks_in(logged)


async def test_no_refused_write_repeats_a_plain_value(
    app: FastAPI, api: Api, planted: Planted, logged: list[Any]
) -> None:
    found, sent = [], 0
    for operation in operations(app):
        for body in bodies(operation):
            for who in EVERYBODY:
                url = address(operation, planted)
                reply = await api.as_(who).request(operation.method, url, json=body)
                assert reply.status_code >= 400, (operation.name, reply.text)
                found += leaks(reply, who)
                sent += 1
    assert not found, "\n".join(found)
    assert sent > 100
    assert not marks_in(logged)


async def test_a_reasoned_call_shows_a_value_to_those_who_may_see_it_and_to_nobody_else(
    api: Api, planted: Planted, logged: list[Any]
) -> None:
    for parameter, path, field, allowed in LOOKS:
        shown = set()
        for who in EVERYBODY:
            reply = await look(api, who, path.format(planted.ids[parameter]), field)
            if reply.status_code == 200:
                assert marks_in(reply.text), (path, field)
                assert not marks_in(str(reply.headers))
                shown.add(who)
            else:
                assert not leaks(reply, who)
        assert shown == allowed, (path, field)
    assert not marks_in(logged)


async def test_what_others_are_told_holds_no_plain_value(
    api: Api, session: AsyncSession, planted: Planted
) -> None:
    for parameter, path, field, _allowed in LOOKS:
        await look(api, "village_admin", path.format(planted.ids[parameter]), field)
    for table in TOLD:
        for row in await session.execute(text(f"SELECT t::text AS told FROM {table} AS t")):  # noqa: S608
            assert not marks_in(row.told), table
            assert people.VISIT_WORDS not in row.told, table


async def test_trap_9_a_confidential_reporter_is_hidden_from_the_handler_at_every_address_of_tickets(
    app: FastAPI, api: Api, planted: Planted, world: World
) -> None:
    loop = Loop(api, world)
    await loop.report(confidential=True, contact={"name": people.CONTACT_NAME, "phone": people.CONTACT_PHONE})
    await loop.to("processing")
    ids = planted.ids | {"ticket_id": loop.id}
    reporter = world["grid_worker"]
    hidden = (
        str(reporter.member_id),
        reporter.name,
        masks.name(people.CONTACT_NAME),
        masks.phone_tail(people.CONTACT_PHONE[-4:]),
    )
    read = set()
    for operation in operations(app):
        if operation.method == "GET" and operation.path.startswith("/v1/tickets/{"):
            for who in ("dept_handler", "dept_head", "dept_handler_2"):
                reply = await api.as_(who).get(address(operation, Planted(ids)), params=operation.query())
                assert not [mark for mark in hidden if mark in reply.text], (operation.name, who)
                read |= {operation.name} if reply.status_code == 200 else set()
    assert read >= {"ticket_read", "ticket_events"}
    seen = await api.as_("dispatcher").get(f"/v1/tickets/{loop.id}")
    assert all(mark in seen.text for mark in hidden)


async def test_the_walk_finds_a_leak_where_there_is_one(api: Api, planted: Planted) -> None:
    reply = await look(api, "village_admin", f"/v1/residents/{planted.ids['resident_id']}", "phone")
    assert leaks(reply, "village_admin")
    assert marks_in(people.RESIDENT_NAME)


def address(operation: Operation, planted: Planted) -> str:
    """The operation's address at the records with the marks, where it has such a parameter."""
    numbers = {given.name: given.sample for given in operation.parameters if given.kind == "whole"}
    known = numbers | planted.ids
    return re.sub(r"\{([^}]+)\}", lambda found: known.get(found[1], SOME_ID), operation.path)


def bodies(operation: Operation) -> Iterator[dict[str, Any]]:
    """Bodies full of marks that must be refused, for a field that nobody knows."""
    for body in operation.bodies:
        filled: dict[str, Any] = {**body.base, "no_such_field": people.ID_NUMBER}
        for number, (path, kind) in enumerate(body.properties):
            if kind in {"text", "code", "id", "time", "date"}:
                inner = filled
                for name in path[:-1]:
                    inner = inner.setdefault(name, {})
                inner[path[-1]] = MARKS[number % len(MARKS)]
        yield filled


def leaks(reply: httpx.Response, who: str) -> list[str]:
    """The marks in a reply's body and headers."""
    request = reply.request
    return [
        f"{who} {request.method} {request.url.path} {reply.status_code}: {mark}"
        for mark in marks_in(reply.text) + marks_in(str(reply.headers.raw))
    ]


def marks_in(told: object) -> list[str]:
    """The marks in a text, plain or as JSON escapes."""
    plain = str(told)
    return [mark for mark in MARKS if mark in plain or ascii(mark)[1:-1] in plain]
