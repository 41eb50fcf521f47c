"""Hostile headers, signatures, tokens, cursors, keys, forms and XML for a bounded time: nothing breaks.

A few seconds as a part of the suite; `make fuzz` gives each test its share of `FUZZ_SECONDS` with another
seed, which it prints: `FUZZ_SEED` brings the same again. An exception of the application fails the test as
it is.
"""

from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from hypothesis import given, seed
from hypothesis import strategies as st

from tests.support.callers import call
from tests.support.clients import BASE_URL, Api
from tests.support.mutants import (
    BOUNDED,
    HEADER_BYTES,
    JSON,
    SEED,
    TEXTS,
    Time,
    almost,
    changes,
    cursors,
    xml,
)
from tests.support.operations import Operation, operations
from tests.support.tickets import REPORT
from tests.support.uploads import uploaded
from tests.support.world import PASSWORD, World

NAMES = (
    *("Accept", "Accept-Encoding", "Accept-Language", "Authorization", "Content-Encoding", "Content-Type"),
    *("Cookie", "Expect", "Forwarded", "Idempotency-Key", "If-Match", "If-None-Match", "If-Range", "Origin"),
    *("Range", "Tus-Resumable", "Upload-Checksum", "Upload-Length", "Upload-Metadata", "Upload-Offset"),
    *("User-Agent", "X-App-Version", "X-Forwarded-For", "X-HTTP-Method-Override", "X-Request-ID"),
)
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
OPEN311 = "/open311/v2"


@pytest.fixture
def walked(app: FastAPI) -> list[Operation]:
    """All operations."""
    return list(operations(app))


@pytest.fixture
def left() -> Time:
    """This test's share of the time."""
    return Time()


def fine(reply: httpx.Response) -> None:
    """Whatever it was, the server was not broken by it."""
    where = f"{reply.request.method} {reply.request.url}: {reply.status_code} {reply.text[:300]}"
    assert reply.status_code < 500, where
    if reply.status_code >= 400 and reply.request.method != "HEAD" and OPEN311 not in str(reply.request.url):
        assert reply.headers["content-type"] == "application/problem+json", where


@seed(SEED)
@BOUNDED
@given(st.data())
async def test_no_header_breaks_an_address(
    api: Api, walked: list[Operation], left: Time, data: st.DataObject
) -> None:
    operation = data.draw(st.sampled_from(walked))
    sent = data.draw(st.lists(st.tuples(st.sampled_from(NAMES), HEADER_BYTES), max_size=5))
    headers = [(name.encode(), value) for name, value in sent if name != "Authorization"]
    if left.is_up:
        return
    content = {} if operation.method in {"GET", "HEAD"} else {"content": b"{}"}
    fine(await call(api, operation, headers=headers, params=operation.query(), **content))


@seed(SEED)
@BOUNDED
@given(st.data())
async def test_nobody_comes_in_with_an_almost_right_token(
    api: Api, world: World, left: Time, data: st.DataObject
) -> None:
    right = data.draw(st.sampled_from((world.token("grid_worker"), world.client.token)))
    token = data.draw(almost(right))
    scheme = data.draw(st.sampled_from(("Bearer ", "bearer ", "Basic ", "")))
    # What a server lets through may be the right one again.
    sent = bytes(byte for byte in token.encode(errors="replace") if byte >= 32).strip()
    if left.is_up or sent == right.encode():
        return
    reply = await api.get("/v1/tickets", headers=[(b"Authorization", scheme.encode() + sent)])
    fine(reply)
    assert reply.status_code == 401


@seed(SEED)
@BOUNDED
@given(st.data())
async def test_no_form_breaks_the_signing_in(api: Api, world: World, left: Time, data: st.DataObject) -> None:
    right = {"grant_type": "password", "username": "dispatcher", "password": PASSWORD}
    names = st.sampled_from((*right, "refresh_token", "client_id", "client_secret", "attempt", "scope"))
    fields = data.draw(st.lists(st.tuples(names | TEXTS, TEXTS | almost(world.client.token)), max_size=6))
    body = urlencode([*right.items(), *fields], errors="replace")
    content = data.draw(almost(body)).encode(errors="replace")
    if left.is_up:
        return
    fine(await api.post("/v1/auth/token", content=content, headers=FORM))


@seed(SEED)
@BOUNDED
@given(st.data())
async def test_no_cursor_breaks_a_list(
    api: Api, walked: list[Operation], left: Time, data: st.DataObject
) -> None:
    operation = data.draw(st.sampled_from([one for one in walked if one.takes("query", "cursor")]))
    cursor = data.draw(cursors())
    if not left.is_up:
        fine(await call(api, operation, params=operation.query(cursor=cursor)))


@seed(SEED)
@BOUNDED
@given(st.data())
async def test_a_key_brings_the_same_answer_again_or_is_refused(
    api: Api, world: World, left: Time, data: st.DataObject
) -> None:
    body: dict[str, Any] = {**REPORT, "area_id": str(world.places["grid_a1"].id)}
    body |= data.draw(st.dictionaries(st.sampled_from(tuple(body)) | TEXTS, JSON, max_size=2))
    headers = [(b"Idempotency-Key", data.draw(HEADER_BYTES | st.text("ab", min_size=1).map(str.encode)))]
    if left.is_up:
        return
    client = api.as_("grid_worker")
    replies = [await client.post("/v1/tickets", json=_sendable(body), headers=headers) for _ in range(2)]
    for reply in replies:
        fine(reply)
    if replies[0].status_code == 201:
        assert replies[1].json() == replies[0].json()


@seed(SEED)
@BOUNDED
@given(st.data())
async def test_no_link_that_was_not_signed_leads_to_a_file(api: Api, left: Time, data: st.DataObject) -> None:
    change = data.draw(changes())
    if left.is_up:
        return
    if not left.link:
        photo = await uploaded(api, "grid_worker")
        made = await api.as_("grid_worker").post(f"/v1/attachments/{photo['id']}/links", json={})
        left.link = made.json()["url"]
        assert (await api.get(left.link)).status_code == 200
    name = left.link.rsplit("/", 1)[1]
    changed = change(name)
    if changed in {name, "", ".", ".."}:
        return
    path = "/v1/files/" + "".join(f"%{byte:02X}" for byte in changed.encode(errors="replace"))
    reply = await api.get(httpx.URL(BASE_URL + path), follow_redirects=True)
    fine(reply)
    assert reply.status_code in {404, 405}, changed


@seed(SEED)
@BOUNDED
@given(st.data())
async def test_no_form_and_no_xml_breaks_open311(
    app: FastAPI, api: Api, left: Time, data: st.DataObject
) -> None:
    contexts = [route for route in iter_route_contexts(app.routes) if str(route.path).startswith(OPEN311)]
    route = data.draw(st.sampled_from(contexts))
    path = str(route.path).replace("{form}", data.draw(st.sampled_from(("json", "xml", "pdf"))))
    path = path.replace("{", "").replace("}", "")
    method = data.draw(st.sampled_from(sorted(route.methods or {"GET"})))
    fields = data.draw(st.lists(st.tuples(TEXTS, TEXTS), max_size=5))
    form = urlencode(fields, errors="replace").encode()
    kind, body = data.draw(
        st.sampled_from(
            (("application/x-www-form-urlencoded", form), ("multipart/form-data; boundary=x", form))
        )
        | xml().map(lambda text: ("text/xml", text.encode(errors="replace")))
    )
    if left.is_up:
        return
    fine(await api.request(method, path, params=form.decode(), content=body, headers={"Content-Type": kind}))


def _sendable(body: Any) -> Any:
    """What can be written as strict JSON."""
    if isinstance(body, dict):
        return {str(_sendable(name)): _sendable(value) for name, value in body.items()}
    if isinstance(body, list):
        return [_sendable(value) for value in body]
    if isinstance(body, float):
        return body if abs(body) < float("inf") else None
    return body.encode(errors="replace").decode() if isinstance(body, str) else body
