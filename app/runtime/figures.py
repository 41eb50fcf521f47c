"""The figures, from the command line: rebuild the rollups, or check a sample of them."""

from collections.abc import Callable
from random import SystemRandom

from app.core.db import create_engine, create_sessions
from app.services.stats import checking, folding, rebuilding
from app.services.stats.checking import Verdict
from app.services.stats.rebuilding import Progress


async def rebuild(url: str, *, tell: Callable[[Progress], None]) -> None:
    """Build the rollups anew and switch to them, then fold what happened meanwhile."""
    engine = create_engine(url, pool_size=2, name="wangge-cli")
    try:
        sessions = create_sessions(engine)
        async for progress in rebuilding.run(sessions, anew=True):
            tell(progress)
        await folding.run(sessions)
    finally:
        await engine.dispose()


async def check(url: str) -> Verdict | None:
    """Compare a sample with the definition; None where nothing was built yet."""
    engine = create_engine(url, pool_size=1, name="wangge-cli")
    try:
        return await checking.run(create_sessions(engine), dice=SystemRandom())
    finally:
        await engine.dispose()
