"""Sweeps and people at the same moment, with real commits: each thing once, and nobody waits long."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text

from app.core.db import Sessions, transaction
from app.models.ticket import Ticket
from app.services.tickets import sweep
from tests.support import ledger
from tests.support.races import until_waiting
from tests.support.sweeping import Story, at

pytestmark = pytest.mark.commits

LATE = at("2026-03-13", 9)
ONCE = text(
    "SELECT ticket_id, action, data ->> 'clock', data ->> 'level' FROM ticket_event"
    " WHERE actor_role = 'system'"
)
NOTICES = text(
    "SELECT entity_id, topic, data ->> 'notice', data ->> 'clock' FROM outbox WHERE topic LIKE 'notice.h%'"
)


async def tickets(story: Story, count: int, status: str = "processing") -> list[UUID]:
    """So many tickets of one status."""
    made = []
    for _ in range(count):
        await story.to(status)
        made.append(story.id)
    return made


async def all_in_order(sessions: Sessions, ids: list[UUID]) -> None:
    """Every ticket's rows agree, and no step or notice of the system stands there twice."""
    async with sessions() as session:
        for ticket_id in ids:
            await ledger.audit(session, ticket_id)
        for asked in (ONCE, NOTICES):
            rows = (await session.execute(asked)).all()
            assert rows
            assert len(rows) == len(set(rows))


async def test_two_sweeps_at_once_do_each_thing_once(
    story: Story, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "BATCH", 5)
    ids = [*await tickets(story, 20), *await tickets(story, 10, "dispatched")]
    story.now = LATE
    swept = await asyncio.gather(*(sweep.run(sessions) for _ in range(3)))
    await sweep.run(sessions)
    assert not any(run.broken for run in swept)
    await all_in_order(sessions, ids)
    async with sessions() as session:
        levels = (
            await session.execute(text("SELECT level FROM ticket_clock WHERE kind = 'handle'"))
        ).scalars()
        assert set(levels) == {3}
        signed = text("SELECT count(*) FROM ticket_event WHERE action = 'sign' AND actor_role = 'system'")
        assert await session.scalar(signed) == 10


async def test_a_second_sweep_passes_by_what_the_first_is_writing(story: Story, sessions: Sessions) -> None:
    await tickets(story, 12, "reported")
    story.now = at("2026-03-04", 13)
    async with sessions() as holder:
        await holder.execute(text("LOCK TABLE ticket_clock IN SHARE MODE"))
        first = asyncio.create_task(sweep.run(sessions))
        await until_waiting(sessions, 1)
        async with asyncio.timeout(3):
            assert (await sweep.run(sessions)).clocks == 0
        await holder.rollback()
    assert (await first).clocks == 12
    async with sessions() as session:
        assert len((await session.execute(NOTICES)).all()) == 12


async def test_a_ticket_that_somebody_holds_is_left_for_the_next_time(
    story: Story, sessions: Sessions
) -> None:
    held, other = await tickets(story, 2)
    story.now = LATE
    async with sessions() as holder:
        await holder.execute(select(Ticket.id).where(Ticket.id == held).with_for_update())
        async with asyncio.timeout(3):
            await sweep.run(sessions)
        story.id = held
        assert await story.events() == []
        story.id = other
        assert "urge handle" in await story.events()
        await holder.rollback()
    await sweep.run(sessions)
    story.id = held
    assert "urge handle" in await story.events()
    await all_in_order(sessions, [held, other])


async def test_handlers_and_sweeps_at_once_leave_every_book_in_order(
    story: Story, sessions: Sessions
) -> None:
    ids = await tickets(story, 12)
    story.now = LATE

    async def resolve(ticket_id: UUID) -> None:
        hands = Story(sessions, story.world, story.cast, LATE)
        hands.id = ticket_id
        await hands.act("dept_handler", "resolve", resolution_type="solved", measures="已清运")

    work: list[Awaitable[object]] = [sweep.run(sessions), *map(resolve, ids), sweep.run(sessions)]
    await asyncio.gather(*work)
    async with sessions() as session:
        for ticket_id in ids:
            assert (await ledger.audit(session, ticket_id))["status"] == "resolved"


async def test_who_signs_and_the_system_that_signs_for_them_stop_each_clock_once(
    story: Story, sessions: Sessions
) -> None:
    ids = await tickets(story, 8, "dispatched")
    story.now = LATE

    async def sign(ticket_id: UUID) -> None:
        hands = Story(sessions, story.world, story.cast, LATE)
        hands.id = ticket_id
        await hands.act("dept_handler", "sign")

    work: list[Awaitable[object]] = [sweep.run(sessions), *map(sign, ids)]
    await asyncio.gather(*work)
    # What somebody held while it came by is left to the next run.
    await sweep.run(sessions)
    await all_in_order(sessions, ids)
    async with sessions() as session:
        signed = "SELECT count(*) FROM ticket_event WHERE action = 'sign' AND from_status = 'dispatched'"
        assert await session.scalar(text(signed)) == 8
        # Where the system was first, the handler signed all the same: somebody must hold it.
        handlers = (await session.execute(text("SELECT DISTINCT handler_id FROM ticket"))).scalars().all()
        assert handlers == [story.world["dept_handler"].member_id]


async def test_a_broken_ticket_holds_up_nobody(story: Story, sessions: Sessions) -> None:
    ids = await tickets(story, 5)
    async with transaction(sessions) as session:
        torn = text("UPDATE ticket SET version = version - 1 WHERE id = :id")
        await session.execute(torn, {"id": ids[2]})
    story.now = LATE
    swept = await sweep.run(sessions)
    assert swept.broken > 0
    for ticket_id in ids:
        story.id = ticket_id
        assert ("urge handle" in await story.events()) == (ticket_id != ids[2])


async def test_a_sweep_that_is_told_to_leave_leaves_the_rest_to_the_next(
    story: Story, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "BATCH", 2)
    ids = await tickets(story, 4, "reported")
    story.now = LATE
    asked = iter([False, True])
    swept = await sweep.run(sessions, leave=lambda: next(asked, True))
    assert swept.clocks == 2
    await sweep.run(sessions)
    await all_in_order(sessions, ids)
    story.now += timedelta(minutes=1)
    assert (await sweep.run(sessions)).clocks == 0
