"""The form of every error: RFC 9457, in the caller's language, without anything personal or internal."""

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.api.sessions import Session
from app.core.errors import Problem
from tests.support.clients import BASE_URL, Api
from tests.support.problems import problem_in

ENGLISH = ("en", "en-GB,en;q=0.9", "zh;q=0.4, en;q=0.5", "fr, en;q=0.1", "EN")
CHINESE = (
    "",
    "zh-CN",
    "zh-CN,zh;q=0.9,en;q=0.8",
    "fr",
    "*",
    "en;q=0.2,zh;q=0.3",
    "en;q=x",
    ";;,,",
    "\xff",
)


@pytest.mark.parametrize("language", ENGLISH)
async def test_who_prefers_english_gets_english(api: Api, language: str) -> None:
    reply = await api.get("/v1/tickets", headers={"Accept-Language": language})
    problem = problem_in(reply, 401, "unauthenticated")
    assert problem["title"] == "Sign in first"
    assert problem["detail"].isascii()


@pytest.mark.parametrize("language", CHINESE)
async def test_everybody_else_gets_chinese(api: Api, language: str) -> None:
    headers = [(b"Accept-Language", language.encode("latin-1"))]
    problem = problem_in(await api.get("/v1/tickets", headers=headers), 401, "unauthenticated")
    assert problem["title"] == "请先登录"


async def test_each_wrong_field_is_explained_in_the_callers_language(api: Api) -> None:
    client, path = api.as_("dispatcher"), "/v1/tickets?limit=0&status=x&area_id=x"
    chinese = problem_in(await client.get(path), 422, "invalid")
    english = problem_in(await client.get(path, headers={"Accept-Language": "en"}), 422, "invalid")
    fields = {"query.limit", "query.status", "query.area_id"}
    assert {error["field"] for error in chinese["errors"]} == fields
    assert {error["field"] for error in english["errors"]} == fields
    messages = {error["field"]: error["message"] for error in chinese["errors"]}
    assert messages["query.limit"] == "不能小于 1"
    assert all(error["message"].isascii() for error in english["errors"])


async def test_what_the_caller_sent_is_never_repeated(api: Api) -> None:
    body = {"title": ["13800138000"], "area_id": "440605199001011234", "content": 13_900_139_000}
    reply = await api.as_("grid_worker").post("/v1/tickets", json=body)
    problem_in(reply, 422, "invalid", "body.title")
    for secret in ("13800138000", "440605199001011234", "13900139000"):
        assert secret not in reply.text


@pytest.mark.parametrize("sent", ["sane-request-id.1", "0" * 64])
async def test_a_sane_request_id_is_taken_over(api: Api, sent: str) -> None:
    reply = await api.get("/nowhere", headers={"X-Request-ID": sent})
    assert problem_in(reply, 404, "not_found")["request_id"] == sent


@pytest.mark.parametrize("sent", ["short", "x" * 65, "white space", "<script>", "a\tb\tc\td\te", "\xe9" * 20])
async def test_any_other_request_id_is_replaced(api: Api, sent: str) -> None:
    reply = await api.get("/nowhere", headers=[(b"X-Request-ID", sent.encode("latin-1"))])
    assert problem_in(reply, 404, "not_found")["request_id"] != sent


@pytest.mark.parametrize(
    ("statement", "status", "code"),
    [
        ("INSERT INTO heartbeat VALUES ('a', now()), ('a', now())", 409, "conflict"),
        ("INSERT INTO ticket_note VALUES (gen_random_uuid(), 'x')", 409, "conflict"),
        ("DO $$ BEGIN RAISE SQLSTATE '55P03'; END $$", 409, "busy"),
        ("DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$", 409, "busy"),
        ("DO $$ BEGIN RAISE SQLSTATE '57014'; END $$", 503, "unavailable"),
        ("DO $$ BEGIN RAISE SQLSTATE '53300'; END $$", 503, "unavailable"),
        ("INSERT INTO heartbeat VALUES ('a', NULL)", 500, "internal_error"),
        ("INSERT INTO account (status) VALUES ('x')", 500, "internal_error"),
        ("SELECT 1/0", 500, "internal_error"),
    ],
)  # fmt: skip
async def test_what_the_database_refuses_is_told_as_what_it_is(
    app: FastAPI, statement: str, status: int, code: str
) -> None:
    reply = await _call_something_that_runs(app, statement)
    problem = problem_in(reply, status, code)
    assert "heartbeat" not in reply.text
    assert ("retry-after" in reply.headers) is (problem["code"] in {"busy", "unavailable"})


async def test_every_cause_has_a_code_a_status_and_two_languages() -> None:
    causes: list[type[Problem]] = [Problem, *_subclasses(Problem)]
    assert len(causes) > 10
    for cause in causes:
        assert 400 <= cause.status < 600, cause
        assert cause.code.replace("_", "").isalnum(), cause
        assert cause.title_en.isascii(), cause
        assert not cause.title_zh.isascii(), cause


async def _call_something_that_runs(app: FastAPI, statement: str) -> httpx.Response:
    async def endpoint(session: Session) -> None:
        await session.execute(text(statement))

    routes = list(app.router.routes)
    app.add_api_route("/test-only", endpoint)
    try:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as client:
            return await client.get("/test-only")
    finally:
        app.router.routes[:] = routes


def _subclasses(kind: type[Problem]) -> list[type[Problem]]:
    return [deeper for sub in kind.__subclasses__() for deeper in (sub, *_subclasses(sub))]
