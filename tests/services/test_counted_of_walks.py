"""Whatever happens to tickets, the rows behind a figure add up to it, and its parts to the whole."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import product
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import fetch_all
from app.models.enums import EventSource, Urgency
from app.models.enums.figure import Grain, Unit
from app.models.enums.measure import Measure
from app.services.stats import board, counting, folding, kpis, rebuilding, sums
from app.services.stats.counting import Part, Sides, Wanted
from app.services.stats.kpis import KPIS, Kpi
from app.services.stats.periods import Span
from app.services.stats.sums import By, Query, Top
from app.services.stats.whose import Whose
from tests.services.test_random_walks import PATHS, STEPS, one_step, time_passes
from tests.support.figures import queries
from tests.support.walking import Town, Walk
from tests.support.world import World

VISITS = {Measure.VISITS, Measure.EFFECTIVE_VISITS, Measure.OPINIONS}
COUNTED = [kpi for kpi in KPIS.values() if kpi.unit in {Unit.COUNT, Unit.SHARE} and not VISITS & {*kpi.above}]


def scopes(world: World) -> list[Whose]:
    """Areas of every level, organisations, and some of these in some of those."""
    return list({repr(query.whose): query.whose for query in queries(world)}.values())


def sides(kpi: Kpi) -> Iterator[tuple[Sides, int]]:
    """What can be asked for behind a KPI, and which of numerator, denominator and rest it is."""
    above = {name: kpis.value(kpi, {name: 1}).numerator for name in kpi.above}
    parts: list[Part] = ["numerator", "denominator", "rest"]
    for number, part in enumerate(parts if kpi.below else parts[:1]):
        yield Sides(above, kpi.below, part), number


async def wrong(session: AsyncSession, whose: Whose, kpi: Kpi, span: Span) -> list[str]:
    """Where the rows behind a KPI do not add up to it."""
    slices = [sums.NOW, *sums.slices(0, span)]
    read = await sums.read(session, Query(whose, slices, kpis.measures(kpi)))
    value = kpis.value(kpi, {**read.of(sums.NOW.number), **read.of(0)})
    below = value.denominator or 0
    found = []
    for asked, number in sides(kpi):
        sql, values = counting.statement(Wanted(whose, asked, span, None, None, None), 10_000)
        rows = await fetch_all(session, sql, *values, folding.minute())
        counted, meant = sum(row["times"] for row in rows), (value.numerator, below, below - value.numerator)
        if counted != meant[number]:
            found.append(f"{kpi.code} {asked.part} of {whose}: {counted} behind {meant[number]}")
    return found


async def uneven(session: AsyncSession, whose: Whose, span: Span) -> list[str]:
    """Measures whose days, weeks or divisions do not add up to the whole."""
    all_ = tuple(Measure)
    whole = (await sums.read(session, Query(whose, sums.slices(0, span), all_))).of(0)
    found = []
    for by, grain in ((By.NOTHING, Grain.DAY), (By.NOTHING, Grain.WEEK), (By.SOURCE, Grain.MONTH)):
        if whose.orgs and by is not By.NOTHING:
            continue
        rows = (await sums.read(session, Query(whose, sums.steps(span, grain), all_, by))).rows
        for name in set(all_) - VISITS - board.STOCK:
            told = sum(row.sums.get(name, 0) for row in rows)
            if told != whole.get(name, 0):
                found.append(f"{name} by {by or grain}: {told} of {whole.get(name, 0)}")
    return found


async def missed(session: AsyncSession, whose: Whose, span: Span) -> list[str]:
    """Where asking for the foremost finds others, or other sums, than are foremost among all."""
    found = []
    for by, name, most in product(
        (By.WORKER, By.CATEGORY, By.ORG), (Measure.REPORTED, Measure.HANDLE_DUE, Measure.RESULTS), (1, 2)
    ):
        asked = Query(whose, sums.slices(0, span), (name, Measure.CLOSED), by)
        every, some = await sums.read_all(session, [asked, replace(asked, top=Top(name, most))])
        if first(every.rows, name, most) != first(some.rows, name, most):
            found.append(f"{most} by {by} with most {name} of {whose}")
    return found


def first(rows: Sequence[sums.Row], name: Measure, most: int) -> list[sums.Row]:
    """The foremost rows, equals by their keys."""
    return sorted(rows, key=lambda row: (-row.sums.get(name, 0), row.key))[:most]


@pytest.mark.commits
@settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.generate],
)
@given(seed=st.integers(min_value=0), path=st.sampled_from(PATHS), source=st.sampled_from(EventSource))
async def test_the_rows_behind_a_figure_add_up_to_it_whatever_happens(
    town: Town, seed: int, path: tuple[str, ...], source: EventSource
) -> None:
    walk = Walk(town, Random(seed))  # noqa: S311 - a walk, not a secret
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", walk.tick)
        async for _progress in rebuilding.run(town.sessions):
            pass
        await walk.photograph(["grid_worker"])
        await walk.begin(source, Urgency.NORMAL, draft=False)
        await walk.begin(EventSource.PHONE, Urgency.URGENT, draft=False)
        for wanted in (*path, *[None] * STEPS):
            await time_passes(walk, led=wanted is not None)
            await one_step(walk, walk.ids[0] if walk.dice.random() < 0.8 else walk.ids[1], wanted)
        if walk.dice.random() < 0.7:
            await folding.run(town.sessions)
        walk.now += timedelta(days=3)
        # Walks before this one may have gone on for longer.
        today = clock.today()
        span = Span(today - timedelta(days=40), date(2027, 12, 31))
        # A figure and its rows are read one after the other: no minute may end in between.
        patch.setattr(clock, "now", lambda: walk.now)
        async with town.sessions() as session:
            for whose in walk.dice.sample(scopes(town.world), 5):
                assert not await uneven(session, whose, span)
                assert not await missed(session, whose, span)
                for kpi in walk.dice.sample(COUNTED, 8):
                    for when in (span, Span(today - timedelta(days=10), today - timedelta(days=1))):
                        assert not await wrong(session, whose, kpi, when)
