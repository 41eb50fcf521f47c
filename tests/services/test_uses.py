"""Uses of tokens written down by several processes at once: nothing is lost and nobody waits for ever."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import func, select

from app.core.db import Sessions
from app.core.ids import uuid7
from app.models.access import ApiCall, ApiToken, ApiUse
from app.services.access.uses import Call, Uses
from tests.support.world import World, fixed_id

OPERATIONS = ("tickets_list", "ticket_read", "areas_list")
ROUNDS = 20


def call(world: World, token_id: UUID, operation: str, status: int) -> Call:
    """A call that is noted by itself."""
    return Call(world.client.id, token_id, operation, status, single=True, record_id=uuid7(), request_id="r")


async def another_token(sessions: Sessions, world: World) -> None:
    """A second token of the client."""
    async with sessions() as session:
        first = await session.get_one(ApiToken, world.client.token_id)
        columns = {column: getattr(first, column) for column in ("client_id", "secret_hash", "area_id")}
        times = {"expires_at": first.expires_at, "created_at": first.created_at}
        session.add(ApiToken(id=fixed_id(899), key="another", scopes=[], **columns, **times))
        await session.commit()


@pytest.mark.commits
async def test_processes_that_write_at_once_lose_nothing(sessions: Sessions, world: World) -> None:
    await another_token(sessions, world)
    tokens = (world.client.token_id, fixed_id(899))

    async def process(turn: int) -> None:
        uses = Uses()
        for number in range(ROUNDS):
            for token_id in tokens[:: 1 if turn % 2 else -1]:
                operation = OPERATIONS[number % len(OPERATIONS)]
                status = (200, 404, 429)[number % 3]
                uses.note(call(world, token_id, operation, status))
            await uses.flush(sessions)

    async with asyncio.timeout(60):
        await asyncio.gather(*(process(turn) for turn in range(4)))
    async with sessions() as session:
        sums = [func.sum(column) for column in (ApiUse.calls, ApiUse.errors, ApiUse.limited)]
        counted = (await session.execute(select(*sums))).one()
        noted = await session.scalar(select(func.count()).select_from(ApiCall))
        used = (await session.scalars(select(ApiToken.last_used_at))).all()
    assert tuple(counted) == (160, 56, 48)
    assert noted == 160 - 48
    assert None not in used


@pytest.mark.commits
async def test_what_is_left_when_a_process_ends_is_written_down(sessions: Sessions, world: World) -> None:
    uses = Uses()
    uses.note(call(world, world.client.token_id, "areas_list", 200))
    task = asyncio.create_task(uses.keep_written(sessions))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with sessions() as session:
        assert (await session.scalars(select(ApiUse.calls))).all() == [1]
