"""The rollups: kept up from the outbox, whoever commits late or dies, rebuilt to the same, and checked."""

import asyncio
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Sessions, transaction
from app.models.enums import SlaUnit
from app.models.enums.figure import PeriodName
from app.models.enums.measure import Measure
from app.models.stats import STAT_CELL, STAT_FACT, StatBuild, StatState
from app.runtime import figures
from app.services.platform import calendars, worktime
from app.services.stats import checking, facts, folding, freshness, rebuilding, sums, tail
from app.services.stats.asked import Asked
from app.services.stats.kpis import VERSION
from app.services.stats.sums import Query
from app.services.tickets.system import SYSTEM
from tests.support.database import Database
from tests.support.figures import differences, queries
from tests.support.sweeping import Story, at

pytestmark = pytest.mark.commits
YEAR = Asked(period=PeriodName.YEAR)


async def rebuilt(sessions: Sessions, *, anew: bool = False) -> list[tuple[int, int]]:
    """Rebuild; what it told of its progress."""
    return [(step.done, step.whole) async for step in rebuilding.run(sessions, anew=anew)]


async def agree(story: Story) -> bool:
    """Whether every question is answered as the definition says."""
    async with story.sessions() as session:
        return not await differences(session, queries(story.world))


async def state(sessions: Sessions) -> StatState:
    async with sessions() as session:
        return (await session.scalars(select(StatState))).one()


async def contents(sessions: Sessions) -> dict[Any, Any]:
    """The cells that hold anything, without their generation."""
    async with sessions() as session:
        rows = (await session.execute(select(STAT_CELL))).all()
        read = (await session.scalars(select(StatState.generation))).one()
    return {row[1:7]: row[7:] for row in rows if row.generation == read and any(row[7:])}


async def caught_up(sessions: Sessions) -> None:
    """Fold until the tail is empty: transactions that are still open hold the horizon up."""
    for _ in range(2000):
        await folding.run(sessions)
        async with sessions() as session:
            if (await freshness.read(session, actor=SYSTEM)).waiting == 0:
                return
    raise AssertionError("the fold does not catch up")


async def test_figures_are_exact_before_while_and_after_they_are_folded(story: Story) -> None:
    await story.to("processing")
    await rebuilt(story.sessions)
    assert await agree(story)
    await story.act("dept_handler", "resolve", resolution_type="solved", measures="已清运")
    assert await agree(story)
    await caught_up(story.sessions)
    assert await agree(story)


async def test_a_fold_that_is_repeated_changes_nothing(story: Story) -> None:
    await rebuilt(story.sessions)
    await story.to("resolved")
    await caught_up(story.sessions)
    before = await contents(story.sessions)
    async with transaction(story.sessions) as session:
        await session.execute(update(StatState).values(txid=0, last_id=0))
    await caught_up(story.sessions)
    assert before
    assert await contents(story.sessions) == before


async def test_a_step_that_commits_late_is_not_skipped(story: Story) -> None:
    await rebuilt(story.sessions)
    await story.to("accepted")
    first = story.id
    async with story.sessions() as late:
        await late.execute(text("SELECT pg_current_xact_id()"))
        await late.execute(
            text("INSERT INTO outbox (topic, entity_id, data) VALUES ('ticket.archive', :id, '{}')"),
            {"id": first},
        )
        await story.to("processing")
        await folding.run(story.sessions)
        await late.execute(text("UPDATE ticket SET source = 'phone' WHERE id = :id"), {"id": first})
        await late.commit()
    assert await agree(story)
    await caught_up(story.sessions)
    assert await agree(story)


async def test_who_reads_while_the_fold_runs_sees_every_ticket_once(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rebuilt(story.sessions)
    for _ in range(6):
        await story.report()
    monkeypatch.setattr(folding, "BATCH", 1)
    query = Query(next(queries(story.world)).whose, sums.slices(0, YEAR.span()), [Measure.REPORTED])
    folded = asyncio.create_task(caught_up(story.sessions))
    seen = set()
    while not folded.done():
        async with story.sessions() as session:
            seen.add((await sums.read(session, query)).of(0).get(Measure.REPORTED))
    await folded
    assert seen == {6}


async def test_news_between_two_statements_are_counted_and_nothing_is_read_again(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    await story.report()
    await rebuilt(story.sessions)
    await story.report()
    work_out, times = tail.parts, 0

    async def busy(session: AsyncSession, *, state: tail.State, as_of: datetime) -> Any:
        nonlocal times
        times += 1
        await story.report()
        return await work_out(session, state=state, as_of=as_of)

    monkeypatch.setattr(tail, "parts", busy)
    query = Query(next(queries(story.world)).whose, sums.slices(0, YEAR.span()), [Measure.REPORTED])
    async with story.sessions() as session:
        found = await sums.read(session, query)
    assert (found.of(0).get(Measure.REPORTED), times) == (3, 1)


async def test_a_fold_that_dies_leaves_nothing_half_done(story: Story) -> None:
    await rebuilt(story.sessions)
    await story.to("processing")
    before = await state(story.sessions)
    async with story.sessions() as session:
        await folding.fold(session)
        await session.rollback()
    after = await state(story.sessions)
    assert (after.txid, after.last_id) == (before.txid, before.last_id)
    await caught_up(story.sessions)
    assert await agree(story)


async def test_what_becomes_overdue_is_told_to_the_minute_without_any_news(story: Story) -> None:
    await story.to("dispatched")
    await rebuilt(story.sessions)
    due = (await story.clock("sign"))["due_at"]
    for moment in (due, due + timedelta(minutes=1), due + timedelta(days=1, minutes=1)):
        story.now = moment
        assert await agree(story)
        await folding.run(story.sessions)
        assert await agree(story)
    await story.act("dept_handler", "sign")
    assert await agree(story)
    await caught_up(story.sessions)
    assert await agree(story)


async def test_a_rebuild_leads_to_the_identical_cells_and_leaves_nothing_else(story: Story) -> None:
    await rebuilt(story.sessions)
    await story.to("dispatched")
    await caught_up(story.sessions)
    story.now += timedelta(days=2)
    await story.act("dept_handler", "sign")
    await story.act("dept_handler", "resolve", resolution_type="solved", measures="已清运")
    await caught_up(story.sessions)
    before = await contents(story.sessions)
    assert {done for done, _whole in await rebuilt(story.sessions, anew=True)} == {1}
    await caught_up(story.sessions)
    assert await contents(story.sessions) == before
    async with story.sessions() as session:
        assert len((await session.scalars(select(STAT_FACT.c.generation).distinct())).all()) == 1
        assert not (await session.scalars(select(StatBuild))).all()


async def test_a_rebuild_that_was_stopped_is_taken_up(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuilding, "BATCH", 1)
    for _ in range(3):
        await story.to("accepted")
    stops = iter([False, False, True])
    first = [step.done async for step in rebuilding.run(story.sessions, leave=lambda: next(stops))]
    assert first == [1, 2]
    await story.to("processing")
    assert await agree(story), "what is half built is not read"
    assert {done for done, _whole in await rebuilt(story.sessions)} == {3, 4}
    assert await agree(story)


async def test_the_command_rebuilds_with_progress_and_checks(story: Story, database: Database) -> None:
    assert await figures.check(database.url) is None
    await story.to("resolved")
    told: list[rebuilding.Progress] = []
    await figures.rebuild(database.url, tell=told.append)
    assert (told[0].done, told[-1].day) == (1, story.now.astimezone(clock.BUSINESS_ZONE).date())
    verdict = await figures.check(database.url)
    assert verdict is not None
    assert verdict.ok
    assert await agree(story)


async def test_rollups_of_other_definitions_are_not_read(story: Story) -> None:
    await story.to("accepted")
    await rebuilt(story.sessions)
    async with transaction(story.sessions) as session:
        await session.execute(update(StatState).values(version=VERSION + 1))
        await session.execute(update(STAT_CELL).values(reported=7))
    assert await agree(story)
    async with story.sessions() as session:
        assert await rebuilding.is_wanted(session)
    assert await folding.run(story.sessions) == 0


async def test_too_much_that_was_never_folded_is_not_counted_on_the_spot(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    await story.to("accepted")
    monkeypatch.setattr(tail, "MOST_UNFOLDED", 0)
    async with story.sessions() as session:
        with pytest.raises(tail.FiguresNotReady) as refused:
            await sums.read(session, next(queries(story.world)))
    assert refused.value.headers["Retry-After"]


@pytest.mark.parametrize(
    "broken",
    [
        "stat_fact SET results = 9 WHERE results = 1",
        "stat_cell SET closed = 5",
        "stat_cell SET open_revisit = 3 WHERE grain = 'now' AND divided = 'worker'",
        "stat_cell SET reported = 9 WHERE grain = 'month' AND divided = 'category'",
        "stat_cell SET results = 9 WHERE grain = 'day' AND results IS NOT NULL AND area_id < org_id",
    ],
)
async def test_the_self_check_raises_an_alarm_when_figures_differ(story: Story, broken: str) -> None:
    await story.to("resolved")
    await rebuilt(story.sessions)
    story.now += timedelta(days=1)
    await caught_up(story.sessions)
    async with story.sessions() as session:
        assert (await checking.check(session, dice=Random(1))).ok  # noqa: S311 - a sample
    async with transaction(story.sessions) as session:
        await session.execute(text(f"UPDATE {broken}"))
    with structlog.testing.capture_logs() as logged:
        verdict = await checking.run(story.sessions, dice=Random(1))  # noqa: S311
    assert verdict is not None
    assert not verdict.ok
    assert [(line["event"], line["log_level"]) for line in logged] == [("figures_differ", "error")]
    async with story.sessions() as session:
        assert (await freshness.read(session, actor=SYSTEM)).checked_ok is False


async def test_an_area_that_moves_takes_its_figures_along(story: Story) -> None:
    await rebuilt(story.sessions)
    await story.to("accepted")
    await caught_up(story.sessions)
    async with transaction(story.sessions) as session:
        await session.execute(
            text("UPDATE ticket SET grid_id = :grid, area_id = :grid WHERE id = :id"),
            {"grid": story.world.places["grid_a2"].id, "id": story.id},
        )
        await session.execute(
            text("INSERT INTO outbox (topic, entity_id, data) VALUES ('ticket.relocate', :id, '{}')"),
            {"id": story.id},
        )
    assert await agree(story)
    await caught_up(story.sessions)
    assert await agree(story)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.integers(0, 700 * 24 * 60), minutes=st.integers(0, 30 * 24 * 60), seconds=st.integers(0, 59))
async def test_working_time_in_sql_is_the_working_time_of_deadlines(
    sessions: Sessions, start: int, minutes: int, seconds: int
) -> None:
    begins = at("2025-12-01") + timedelta(minutes=start)
    ends = begins + timedelta(minutes=minutes, seconds=seconds)
    async with sessions() as session:
        calendar = (await calendars.load(session)).default
        found = await session.scalar(
            text(f"""SELECT sum(tick.sign * {facts.WORKED})
                FROM work_calendar calendar
               CROSS JOIN LATERAL (VALUES (calendar.id, 1, CAST(:ends AS timestamptz)),
                   (calendar.id, -1, CAST(:begins AS timestamptz))) AS tick (calendar_id, sign, at)
                JOIN working_days({facts.DAY.format("CAST(:begins AS timestamptz)")},
                                  {facts.DAY.format("CAST(:ends AS timestamptz)")}) AS working
                  ON {facts.WORKING}
               WHERE calendar.is_default"""),  # noqa: S608 - constants
            {"begins": begins, "ends": ends},
        )
    counted = worktime.elapsed(calendar, begins, ends, SlaUnit.WORK_MINUTES)
    assert found is not None
    assert int(found // 60) == counted
