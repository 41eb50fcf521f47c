"""Allowances taken ahead by processes that know nothing of each other: never more than the limit."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.core import clock
from app.core.db import Sessions
from app.services.platform.leases import Leases
from tests.support.statements import Counter

MINUTE = timedelta(minutes=1)
START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
LIMIT = 320


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The hands of the clock: what stands in the list is now."""
    at = [START]
    monkeypatch.setattr(clock, "now", lambda: at[0])
    return at


async def granted(leases: Leases, sessions: Sessions, times: int, limit: int = LIMIT) -> int:
    """How many of so many calls are granted."""
    told = [await leases.take(sessions, "a", limit=limit, window=MINUTE) for _ in range(times)]
    return sum(one.granted for one in told)


@pytest.mark.commits
@pytest.mark.usefixtures("hands")
async def test_processes_at_once_are_granted_the_limit_and_not_one_more(sessions: Sessions) -> None:
    processes = [Leases() for _ in range(4)]
    found = await asyncio.gather(*(granted(one, sessions, LIMIT) for one in processes for _ in range(2)))
    assert sum(found) == LIMIT


@pytest.mark.usefixtures("hands")
async def test_a_process_that_stays_away_costs_the_others_a_sixteenth_at_most(sessions: Sessions) -> None:
    idle, busy = Leases(), Leases()
    assert await granted(idle, sessions, 1) == 1
    assert await granted(busy, sessions, LIMIT) == LIMIT - LIMIT // 16


async def test_what_is_left_goes_down_by_one_a_call(sessions: Sessions, hands: list[datetime]) -> None:
    leases = Leases()
    told = [await leases.take(sessions, "a", limit=64, window=MINUTE) for _ in range(64)]
    assert [one.remaining for one in told] == list(range(63, -1, -1))
    refused = await leases.take(sessions, "a", limit=64, window=MINUTE)
    assert not refused.granted
    hands[0] += timedelta(seconds=refused.retry_after)
    assert (await leases.take(sessions, "a", limit=64, window=MINUTE)).granted


async def test_the_times_that_are_told_go_by(sessions: Sessions, hands: list[datetime]) -> None:
    leases = Leases()
    allowance: dict[str, Any] = {"limit": 640, "window": MINUTE}
    first = await leases.take(sessions, "a", **allowance)
    hands[0] += timedelta(seconds=3)
    second = leases.spend("a", **allowance)
    assert second is not None
    assert (first.reset, second.reset) == (4, 1)
    few: dict[str, Any] = {"limit": 6, "window": MINUTE}
    refused = [await leases.take(sessions, "b", **few) for _ in range(7)][-1]
    hands[0] += timedelta(seconds=7)
    again = leases.spend("b", **few)
    assert again is not None
    assert [(one.retry_after, one.reset) for one in (refused, again)] == [(10, 60), (3, 53)]


async def test_what_was_taken_ahead_is_given_up_after_ten_seconds(
    sessions: Sessions, hands: list[datetime], statements: Counter
) -> None:
    leases = Leases()
    await granted(leases, sessions, 1)
    assert leases.spend("a", limit=LIMIT, window=MINUTE) is not None
    hands[0] += timedelta(seconds=11)
    assert leases.spend("a", limit=LIMIT, window=MINUTE) is None
    with statements(at_most=0):
        assert leases.spend("b", limit=LIMIT, window=MINUTE) is None


async def test_who_calls_now_and_then_has_the_whole_of_a_long_allowance(
    sessions: Sessions, hands: list[datetime]
) -> None:
    processes, day = [Leases(), Leases()], timedelta(days=1)
    for number in range(LIMIT):
        hands[0] += timedelta(seconds=11)
        told = await processes[number % 2].take(sessions, "a", limit=LIMIT, window=day)
        assert told.granted, number


@pytest.mark.usefixtures("hands")
async def test_a_hundred_calls_cost_a_few_statements_and_refusals_none(
    sessions: Sessions, statements: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.support.statements.ALLOWANCES", "nothing")
    leases = Leases()
    with statements() as seen:
        assert await granted(leases, sessions, 100, limit=600) == 100
    assert 1 <= seen.count <= 4
    await granted(leases, sessions, 600, limit=600)
    with statements(at_most=0):
        assert await granted(leases, sessions, 100, limit=600) == 0
