"""Every address: guarded or known to be public, described, and answering errors as problems."""

import re
from collections.abc import Callable, Iterator
from inspect import isasyncgenfunction, iscoroutinefunction, isroutine
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from tests.support.callers import call
from tests.support.clients import Api
from tests.support.operations import filled, operations
from tests.support.problems import problem_in

# Open311 asks for its api_key itself, and answers in its own form.
OPEN311 = {
    (method, f"/open311/v2/{path}{suffix}")
    for method, path in (
        *(("GET", "discovery"), ("GET", "services"), ("GET", "services/{service_code}")),
        *(("GET", "requests"), ("POST", "requests"), ("GET", "requests/{service_request_id}")),
        *(("GET", "tokens/{token}"), ("GET", "servicerequestupdates"), ("POST", "servicerequestupdates")),
    )
    for suffix in ("", ".{form}")
} | {("GET", "/open311/v2/media/{attachment_id}")}
# Whoever asks: operators' probes, sign-in itself, public keys, the public directory, the documentation.
PUBLIC = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/docs"),
    ("GET", "/docs/oauth2-redirect"),
    ("GET", "/openapi.json"),
    ("GET", "/static-offline-docs"),
    ("GET", "/.well-known/jwks.json"),
    ("GET", "/v1/public/grids"),
    # People without an account: what they send and follow is limited, what they see was published.
    ("POST", "/v1/public/reports"),
    ("POST", "/v1/public/reports/with-photos"),
    ("POST", "/v1/public/follow"),
    ("GET", "/v1/public/answers/{link}"),
    ("POST", "/v1/public/answers/{link}"),
    ("GET", "/answer/{link}"),
    ("POST", "/answer/{link}"),
    *OPEN311,
    ("POST", "/v1/auth/token"),
    ("POST", "/v1/auth/revoke"),
    # What a server speaks (tus), and files for whoever has a signed link.
    ("OPTIONS", "/v1/uploads"),
    ("GET", "/v1/files/{link}"),
    # The page of figures: whoever opens it signs in on it.
    ("GET", "/dashboard"),
    # What a third party finds of itself: the page takes its token.
    ("GET", "/clients"),
    ("GET", "/dashboard/plotly-{version}/plotly.min.js"),
    ("GET", "/dashboard/{version}/{path:path}"),
}
# What somebody with an initial password may do before changing it.
BEFORE_THE_CHANGE = {("GET", "/v1/me"), ("POST", "/v1/auth/password")}
# Calls that show a secret or plain personal values, or take a password, that write nothing, or whose
# repetition their own protocol tells (tus by the upload's id, a phone's queue by the ids of its operations, a
# third party's bulk by its references);
# all other writing POSTs honour an Idempotency-Key.
WITHOUT_A_KEY = {
    "/v1/auth/password",
    "/v1/accounts/{account_id}/password",
    "/v1/clients/{client_id}/tokens",
    "/v1/clients/{client_id}/tokens/{token_id}/secret",
    "/v1/screens",
    "/v1/webhooks",
    "/v1/webhooks/{webhook_id}/secret",
    "/v1/residents/{resident_id}/unmask",
    "/v1/households/{household_id}/unmask",
    "/v1/rooms/{room_id}/unmask",
    "/v1/places/{place_id}/unmask",
    "/v1/tickets/{ticket_id}/contact/unmask",
    "/v1/tickets/{ticket_id}/answer-link",
    "/v1/data-requests/{request_id}/copy",
    "/v1/search",
    "/v1/uploads",
    "/v1/uploads/{upload_id}",
    "/v1/attachments/{attachment_id}/links",
    "/v1/sync/push",
    "/v1/intake/batches",
}
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def addresses(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Method and path of all that the application answers, mounted folders as GET."""
    for route in iter_route_contexts(app.routes):
        for method in (route.methods or {"GET"}) - {"HEAD"}:
            yield method, str(route.path)


def guarded(app: FastAPI) -> list[tuple[str, str]]:
    """The addresses that need somebody to be signed in, with an id for each parameter."""
    return sorted((method, path) for method, path in addresses(app) if (method, path) not in PUBLIC)


async def test_every_address_that_is_not_public_asks_who_is_calling(app: FastAPI, api: Api) -> None:
    for method, path in guarded(app):
        reply = await api.request(method, filled(path))
        problem = problem_in(reply, 401, "unauthenticated")
        assert problem["instance"] == filled(path)
        assert reply.headers["www-authenticate"].startswith("Bearer"), path


def dependencies(of: Dependant) -> Iterator[Callable[..., Any]]:
    """All that is called before an endpoint, and by what that depends on."""
    for below in of.dependencies:
        if below.call is not None:
            yield below.call
        yield from dependencies(below)


async def test_nothing_that_an_endpoint_depends_on_is_sent_to_a_thread(app: FastAPI) -> None:
    called = {
        call if isroutine(call) else type(call).__call__
        for route in iter_route_contexts(app.routes)
        if isinstance(route.original_route, APIRoute)
        for call in dependencies(route.dependant)
    }
    assert len(called) > 10
    assert [call for call in called if not (iscoroutinefunction(call) or isasyncgenfunction(call))] == []


async def test_no_address_is_on_the_public_list_without_being_there(app: FastAPI) -> None:
    assert set(addresses(app)) >= PUBLIC


async def test_a_public_address_never_answers_that_somebody_must_sign_in(api: Api) -> None:
    for method, path in sorted(PUBLIC - {("GET", "/static-offline-docs")}):
        reply = await api.request(method, path)
        allowed = {404} if "{" in path else {200} if method == "GET" else {200, 400, 422}
        if method == "POST":
            allowed |= {403} if (method, path) in OPEN311 else {422}
        assert reply.status_code in allowed, path


async def test_with_an_initial_password_nothing_works_but_changing_it(app: FastAPI, api: Api) -> None:
    for method, path in guarded(app):
        reply = await api.as_("newcomer").request(method, filled(path))
        if (method, path) in BEFORE_THE_CHANGE:
            assert reply.status_code != 403, path
        else:
            problem_in(reply, 403, "password_change_required")


@pytest.mark.parametrize("key", ["", "x" * 201, "\xe9"])
async def test_every_post_that_writes_honours_an_idempotency_key(app: FastAPI, api: Api, key: str) -> None:
    honouring = set()
    for operation in operations(app):
        if operation.method == "POST" and (operation.method, operation.path) not in PUBLIC:
            headers = [(b"Idempotency-Key", key.encode("latin-1"))]
            reply = await call(api, operation, json={}, headers=headers)
            if reply.status_code == 422 and "header.Idempotency-Key" in reply.text:
                honouring.add(operation.path)
    posts = {path for method, path in guarded(app) if method == "POST"}
    assert posts - honouring == WITHOUT_A_KEY


@pytest.mark.parametrize("path", ["residents", "households", "tickets", "me", "nothing", "search"])
async def test_answers_with_data_stay_in_no_cache_unless_they_say_so(api: Api, path: str) -> None:
    reply = await api.as_("grid_worker").get(f"/v1/{path}")
    assert reply.headers["cache-control"] == "no-store"
    assert (await api.get("/v1/public/grids")).headers["cache-control"].startswith("public")


async def test_every_operation_is_named_and_described_in_both_languages(app: FastAPI) -> None:
    documented = [
        (f"{method} {path}", operation)
        for path, methods in app.openapi()["paths"].items()
        for method, operation in methods.items()
    ]
    for where, operation in documented:
        assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", operation["operationId"]), where
        assert CHINESE.search(operation["summary"]) or "Prometheus" in operation["summary"], where
        assert operation.get("description"), f"{where} has no docstring"
    names = [operation["operationId"] for _where, operation in documented]
    assert len(names) == len(set(names))


async def test_nothing_is_served_outside_the_documentation_but_what_operators_need(app: FastAPI) -> None:
    shown = {(method.upper(), path) for path, methods in app.openapi()["paths"].items() for method in methods}
    assert {path for _method, path in set(addresses(app)) - shown} <= {path for _method, path in PUBLIC}


@pytest.mark.parametrize("path", ["/nowhere", "/v1", "/v1/nowhere", "/v1/tickets/x/y/z", "/%00", "/v1//"])
async def test_an_unknown_address_is_a_problem(api: Api, path: str) -> None:
    problem_in(await api.get(path), 404, "not_found")


@pytest.mark.parametrize("method", ["POST", "DELETE", "PATCH", "PUT"])
async def test_a_wrong_method_is_a_problem_that_names_the_right_ones(api: Api, method: str) -> None:
    reply = await api.request(method, "/healthz")
    problem_in(reply, 405, "method_not_allowed")
    assert "GET" in reply.headers["allow"]


async def test_a_wrong_method_is_told_all_the_right_ones(api: Api) -> None:
    reply = await api.put("/v1/tickets")
    problem_in(reply, 405, "method_not_allowed")
    assert reply.headers["allow"] == "GET, POST"
