"""Allowances of calls: shared by all connections, coming back evenly, forgotten when they are whole again."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from app.core import clock
from app.core.db import create_readers
from app.models.platform import RateLimit
from app.services.platform import limits
from app.services.platform.limits import Allowance

MINUTE = timedelta(minutes=1)
START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The hands of the clock: what stands in the list is now."""
    at = [START]
    monkeypatch.setattr(clock, "now", lambda: at[0])
    return at


async def take(session: AsyncSession, limit: int = 6, cost: int = 1, key: str = "a") -> Allowance:
    """A call of somebody who may call six times a minute."""
    return await limits.take(session, key=key, limit=limit, window=MINUTE, cost=cost)


@pytest.mark.usefixtures("hands")
async def test_so_many_calls_are_granted_and_no_more(session: AsyncSession) -> None:
    told = [await take(session) for _ in range(8)]
    assert [one.granted for one in told] == [True] * 6 + [False] * 2
    assert [one.remaining for one in told] == [5, 4, 3, 2, 1, 0, 0, 0]
    assert [one.reset for one in told] == [10, 20, 30, 40, 50, 60, 60, 60]
    assert told[-1].retry_after == 10


async def test_what_was_used_comes_back_evenly(session: AsyncSession, hands: list[datetime]) -> None:
    for _ in range(6):
        await take(session)
    hands[0] += timedelta(seconds=9)
    refused = await take(session)
    assert (refused.granted, refused.retry_after) == (False, 1)
    hands[0] += timedelta(seconds=1)
    assert (await take(session)).granted
    assert not (await take(session)).granted
    hands[0] += timedelta(minutes=5)
    assert (await take(session)).remaining == 5


@pytest.mark.usefixtures("hands")
async def test_a_call_may_cost_more_and_one_that_costs_too_much_uses_nothing(session: AsyncSession) -> None:
    assert (await take(session, cost=4)).remaining == 2
    assert not (await take(session, cost=3)).granted
    assert (await take(session, cost=2)).granted
    impossible = await take(session, cost=7, key="b")
    assert (impossible.granted, impossible.remaining) == (False, 0)
    assert (await take(session, key="b")).remaining == 5


@pytest.mark.usefixtures("hands")
async def test_each_key_has_its_own(session: AsyncSession) -> None:
    for _ in range(7):
        await take(session)
    assert (await take(session, key="b")).granted


@pytest.mark.commits
async def test_many_connections_at_once_are_granted_the_limit_and_not_one_more(engine: AsyncEngine) -> None:
    readers = create_readers(engine)

    async def call() -> bool:
        async with readers() as session:
            return (await take(session, limit=20)).granted

    granted = await asyncio.gather(*(call() for _ in range(60)))
    # One comes back in three seconds, should the machine take so long.
    assert 20 <= sum(granted) <= 24


async def test_a_whole_allowance_is_forgotten_and_a_used_one_is_not(
    session: AsyncSession, hands: list[datetime]
) -> None:
    await take(session, key="old")
    hands[0] += timedelta(seconds=11)
    await take(session, key="new")
    assert await limits.forget_whole(session) == 1
    assert await session.scalar(select(RateLimit.key)) == "new"
    assert await session.scalar(select(func.count()).select_from(RateLimit)) == 1
