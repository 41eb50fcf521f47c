"""Reading problems: what every refusal must look like, checked wherever a test expects one."""

from typing import Any

import httpx

MEDIA_TYPE = "application/problem+json"
MEMBERS = {"type", "title", "status", "detail", "instance", "request_id", "code"}


def problem_in(reply: httpx.Response, status: int, code: str, field: str | None = None) -> dict[str, Any]:
    """The problem that this reply holds, whose status, code and (one) wrong field are as expected."""
    where = f"{reply.request.method} {reply.request.url.path}: {reply.status_code} {reply.text[:500]}"
    assert reply.headers["content-type"] == MEDIA_TYPE, where
    problem: dict[str, Any] = reply.json()
    assert problem.keys() >= MEMBERS, where
    assert (reply.status_code, problem["status"], problem["code"]) == (status, status, code), where
    assert problem["title"], where
    assert problem["detail"], where
    assert problem["request_id"] == reply.headers["x-request-id"], where
    assert problem["instance"] == reply.request.url.path, where
    if field is not None:
        assert field in [error["field"] for error in problem["errors"]], where
    return problem
