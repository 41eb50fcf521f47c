"""Rebuilds of the figures beside each other, beside the fold, and begun anew in the middle of one."""

import asyncio

import pytest
from sqlalchemy import select

from app.models.stats import StatBuild, StatState
from app.services.stats import folding, rebuilding
from tests.support.figures import differences, queries
from tests.support.sweeping import Story
from tests.support.waiting import until_somebody_waits

pytestmark = pytest.mark.commits


async def agree(story: Story) -> bool:
    """Whether every question is answered as the definition says."""
    async with story.sessions() as session:
        return not await differences(session, queries(story.world))


async def test_who_finds_the_build_begun_anew_does_not_switch_to_what_has_only_begun(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "BATCH", 1)
    for _number in range(3):
        await story.to("accepted")
    first = rebuilding.run(story.sessions)
    assert (await anext(first)).done == 1
    async with story.sessions() as other:
        await rebuilding._begin(other, anew=True)
        going_on = asyncio.ensure_future(anext(first, None))
        await until_somebody_waits(story.sessions)
        await other.commit()
    assert await going_on is None
    async with story.sessions() as session:
        assert await session.scalar(select(StatState.generation)) is None
        assert await session.scalar(select(StatBuild.done)) == 0
    assert await agree(story)
    assert [progress.done async for progress in rebuilding.run(story.sessions)][:3] == [1, 2, 3]
    assert await agree(story)


async def test_rebuilds_and_folds_at_once_lead_to_the_definition(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "BATCH", 1)
    for _number in range(3):
        await story.to("accepted")

    async def rebuild(*, anew: bool) -> None:
        async for _progress in rebuilding.run(story.sessions, anew=anew):
            await folding.run(story.sessions)

    await rebuild(anew=False)
    busy = asyncio.gather(*(rebuild(anew=anew) for anew in (True, False, True)))
    while not busy.done():
        await story.to("processing")
        assert await agree(story)
    await busy
    await folding.run(story.sessions)
    assert await agree(story)
