"""ADR 0001: a reply goes out only after its transaction is committed."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.ids import uuid7
from app.models.platform import IdempotencyKey
from app.models.ticket import Ticket
from tests.support.clients import BASE_URL, Api
from tests.support.database import Database
from tests.support.problems import problem_in
from tests.support.world import World

pytestmark = pytest.mark.commits

REFUSE_AT_COMMIT = (
    """
    CREATE FUNCTION refuse_at_commit() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE SQLSTATE '{state}'; END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER refuse_at_commit AFTER INSERT ON ticket
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_at_commit()
    """,
)
ALLOW_AGAIN = ("DROP TRIGGER refuse_at_commit ON ticket",)


@pytest.mark.parametrize(
    ("state", "status", "code"),
    [("23505", 409, "conflict"), ("40001", 409, "busy"), ("22012", 500, "internal_error")],
)
async def test_a_report_that_cannot_be_committed_is_not_answered_as_if_it_were(
    app: FastAPI, engine: AsyncEngine, database: Database, world: World, state: str, status: int, code: str
) -> None:
    await as_owner(database, *(part.format(state=state) for part in REFUSE_AT_COMMIT))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = world.as_("grid_worker")
    async with httpx.AsyncClient(transport=transport, base_url=BASE_URL, headers=headers) as client:
        problem_in(await client.post("/v1/tickets", json=report(world)), status, code)
    assert await rows_of(engine, Ticket) == 0


async def test_the_key_of_an_uncommitted_report_is_not_used_up(
    api: Api, engine: AsyncEngine, database: Database, world: World
) -> None:
    await as_owner(database, *(part.format(state="40001") for part in REFUSE_AT_COMMIT))
    client, body, key = api.as_("grid_worker"), report(world), {"Idempotency-Key": "again"}
    problem_in(await client.post("/v1/tickets", json=body, headers=key), 409, "busy")
    assert await rows_of(engine, IdempotencyKey) == 0
    await as_owner(database, *ALLOW_AGAIN)
    first = await client.post("/v1/tickets", json=body, headers=key)
    second = await client.post("/v1/tickets", json=body, headers=key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.headers["idempotency-replayed"] == "true"
    assert second.content == first.content
    assert await rows_of(engine, Ticket) == 1


async def test_when_the_first_byte_goes_out_everybody_can_see_the_report(
    app: FastAPI, engine: AsyncEngine, world: World
) -> None:
    seen: list[int] = []

    def watched(inner: ASGIApp) -> ASGIApp:
        async def call(scope: Scope, receive: Receive, send: Send) -> None:
            async def look_first(message: Message) -> None:
                seen.append(await rows_of(engine, Ticket))
                await send(message)

            await inner(scope, receive, look_first)

        return call

    transport = httpx.ASGITransport(watched(app))
    headers = world.as_("grid_worker")
    async with httpx.AsyncClient(transport=transport, base_url=BASE_URL, headers=headers) as client:
        assert (await client.post("/v1/tickets", json=report(world))).status_code == 201
    assert set(seen) == {1}


def report(world: World) -> dict[str, Any]:
    """A report that is all right."""
    return {
        "id": str(uuid7()),
        "title": "路边堆放垃圾",
        "content": "市场门口垃圾无人清理",
        "category_code": "0501",
        "area_id": str(world.places["grid_a1"].id),
        "address": "市场门口",
    }


async def as_owner(database: Database, *statements: str) -> None:
    """Run statements as the owner of the tables, and commit them."""
    engine = create_async_engine(database.owner_url)
    async with engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await engine.dispose()


async def rows_of(engine: AsyncEngine, table: Any) -> int:
    """How many rows another connection sees."""
    async with engine.connect() as connection:
        found: int | None = await connection.scalar(select(func.count()).select_from(table))
    return found or 0
