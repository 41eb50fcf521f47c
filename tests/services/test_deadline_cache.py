"""A process's copy of calendars and rules: read once, and never older than what it changed itself."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.api import deadlines as held
from app.api.deadlines import DeadlineCache
from app.core.db import Sessions
from app.models.enums import ClockKind, Urgency
from app.models.sla import SlaPolicy
from app.services.tickets import deadlines
from app.services.tickets.deadlines import Subject
from tests.support.statements import Counter

SUBJECT, START = Subject("0501", Urgency.NORMAL), datetime(2026, 3, 4, 1, tzinfo=UTC)
HALVED = update(SlaPolicy).where(SlaPolicy.clock == "handle", SlaPolicy.urgency == "normal").values(amount=2)


def days(known: deadlines.Deadlines) -> int:
    return known.due(ClockKind.HANDLE, SUBJECT, start=START).amount


async def test_it_is_read_once_in_a_handful_of_statements(session: AsyncSession, statements: Counter) -> None:
    cache = DeadlineCache()
    with statements(at_most=5):
        first = await cache.get(session)
    with statements(at_most=0):
        assert await cache.get(session) is first


@pytest.mark.commits
async def test_what_another_process_changed_is_taken_up_by_the_next_refresh(
    session: AsyncSession, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, refreshed = DeadlineCache(), asyncio.Event()
    assert days(await cache.get(session)) == 5
    await session.execute(HALVED)
    await session.commit()
    assert days(await cache.get(session)) == 5
    load = deadlines.load

    async def loaded(of: AsyncSession) -> deadlines.Deadlines:
        found = await load(of)
        refreshed.set()
        return found

    monkeypatch.setattr(deadlines, "load", loaded)
    refreshing = asyncio.create_task(cache.keep_fresh(sessions))
    await asyncio.wait_for(refreshed.wait(), 10)
    refreshing.cancel()
    with suppress(asyncio.CancelledError):
        await refreshing
    assert days(await cache.get(session)) == 2


async def test_what_was_being_read_while_it_was_forgotten_is_not_kept(
    session: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, load = DeadlineCache(), deadlines.load

    async def overtaken(of: AsyncSession) -> deadlines.Deadlines:
        found = await load(of)
        await of.execute(HALVED)
        cache.forget()
        return found

    monkeypatch.setattr(deadlines, "load", overtaken)
    assert days(await cache.get(session)) == 5
    monkeypatch.undo()
    assert days(await cache.get(session)) == 2


async def test_a_database_without_calendars_does_not_end_the_refreshing(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = iter([LookupError("no calendar"), OSError("away")])
    seen = asyncio.Event()

    async def failing(_of: AsyncSession) -> Any:
        fault = next(turns, None)
        if fault is not None:
            raise fault
        seen.set()

    monkeypatch.setattr(deadlines, "load", failing)
    monkeypatch.setattr(held, "REFRESH_SECONDS", 0)
    refreshing = asyncio.create_task(DeadlineCache().keep_fresh(sessions))
    await asyncio.wait_for(seen.wait(), 10)
    refreshing.cancel()
