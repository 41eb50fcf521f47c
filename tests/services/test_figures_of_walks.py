"""Whatever happens, the rollups equal the definition, and everybody's overview equals their tickets."""

from datetime import timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.core import clock
from app.models.enums import EventSource, Urgency
from app.services.stats import board, folding, overview, rebuilding
from app.services.stats.asked import Asked
from app.services.stats.overview import Period
from tests.services.test_random_walks import PATHS, STEPS, one_step, time_passes
from tests.support.figures import differences, queries
from tests.support.overviews import both
from tests.support.walking import PEOPLE, Town, Walk


@pytest.mark.commits
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.generate],
)
@given(seed=st.integers(min_value=0), path=st.sampled_from(PATHS), source=st.sampled_from(EventSource))
async def test_the_rollups_equal_the_definition_whatever_happens(
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
            if walk.dice.random() < 0.5:
                await folding.run(town.sessions)
            async with town.sessions() as session:
                some = walk.dice.sample(list(queries(town.world)), 8)
                assert not await differences(session, some)
                actor = town.cast[walk.dice.choice(PEOPLE)]
                told, counted = await both(session, actor, overview.window(walk.dice.choice(list(Period))))
                assert told == counted
        walk.now += timedelta(days=9)
        async with town.sessions() as session:
            assert not await differences(session, queries(town.world))
            for who in PEOPLE:
                told, counted = await both(session, town.cast[who], overview.window(Period.YEAR))
                assert told == counted, who
            late = await board.overdue(session, actor=town.cast["leader_viewer"], asked=Asked())
            assert len(late.longest) == late.overdue, "the list is of the tickets that are counted"
