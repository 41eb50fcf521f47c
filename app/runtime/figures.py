"""The figures, from the command line: build the rollups, or check a sample of them."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import SystemRandom

from app.core.db import Sessions, create_engine, create_sessions, transaction
from app.services.stats import checking, folding, rebuilding
from app.services.stats.checking import Verdict
from app.services.stats.rebuilding import Progress


async def rebuild(url: str, *, tell: Callable[[Progress], None]) -> None:
    """Build the rollups anew and switch to them, then fold what happened meanwhile."""
    async with _sessions(url) as sessions:
        await _build(sessions, tell, anew=True)


async def build_wanted(url: str, *, tell: Callable[[Progress], None]) -> None:
    """Build the rollups where there are none by the present definitions, going on with what was begun."""
    async with _sessions(url) as sessions:
        async with transaction(sessions) as session:
            wanted = await rebuilding.is_wanted(session)
        if wanted:
            await _build(sessions, tell, anew=False)


async def check(url: str) -> Verdict | None:
    """Compare a sample with the definition; None where nothing was built yet."""
    async with _sessions(url) as sessions:
        return await checking.run(sessions, dice=SystemRandom())


async def _build(sessions: Sessions, tell: Callable[[Progress], None], *, anew: bool) -> None:
    async for progress in rebuilding.run(sessions, anew=anew):
        tell(progress)
    await folding.run(sessions)


@asynccontextmanager
async def _sessions(url: str) -> AsyncIterator[Sessions]:
    engine = create_engine(url, pool_size=2, name="wangge-cli")
    try:
        yield create_sessions(engine)
    finally:
        await engine.dispose()
