"""The scopes that the document tells of are those that tokens are asked for, at every address."""

from typing import Any

import pytest
from fastapi import FastAPI

from app.services.access.roles import TOKEN_SCOPES
from tests.support.clients import Api
from tests.support.contract import document
from tests.support.operations import JSON, Operation, operations
from tests.support.third_parties import register
from tests.support.world import World

LACKS = "该接口令牌没有 {} 权限"


def needed(operation: Operation) -> set[str]:
    """The scopes that a token needs here, as the document says."""
    told = document()["paths"][operation.path][operation.method.lower()]
    return {scope for way in told.get("security", ()) for scopes in way.values() for scope in scopes}


async def refused(api: Api, operation: Operation, headers: dict[str, str]) -> str:
    """Why a token is turned away, if it is."""
    content: dict[str, Any] = {"content": b"[]"} if operation.bodies else {}
    reply = await api.request(
        operation.method,
        operation.url,
        params=operation.query(),
        headers=headers | (JSON if operation.bodies else {}),
        **content,
    )
    return str(reply.json()["detail"]) if reply.status_code == 403 else ""


def test_the_document_offers_the_scopes_that_there_are() -> None:
    (scheme,) = document()["components"]["securitySchemes"].values()
    assert scheme["flows"]["clientCredentials"]["scopes"].keys() == TOKEN_SCOPES.keys()


@pytest.mark.parametrize("scope", TOKEN_SCOPES)
async def test_a_token_without_a_scope_is_turned_away_where_the_document_says_so_and_nowhere_else(
    app: FastAPI, api: Api, world: World, scope: str
) -> None:
    others = await register(api, world, *(TOKEN_SCOPES.keys() - {scope}), per_minute=10_000)
    away = set()
    for operation in operations(app):
        if operation.path.startswith("/v1/") and LACKS.format(scope) in await refused(
            api, operation, others.headers
        ):
            away.add(operation.name)
    assert away == {operation.name for operation in operations(app) if scope in needed(operation)}
    assert away


async def test_a_token_with_all_scopes_is_turned_away_for_no_scope_that_is_told(
    app: FastAPI, api: Api, world: World
) -> None:
    whole = await register(api, world, *TOKEN_SCOPES)
    for operation in operations(app):
        if needed(operation):
            assert "权限" not in await refused(api, operation, whole.headers), operation.name
