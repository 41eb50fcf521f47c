"""A phone as a process of its own, to be killed.

`python -m tests.support.phone_process FILE URL LABEL PASSWORD SEED N`: LABEL is the user name of its owner
and the number of the phone, `grid_worker/2`. It does N things in rounds, with a sync after each, and ends
when all of them were answered. Started again it goes on from its file.
"""

import asyncio
import sys
from pathlib import Path

from tests.support.pocket import ROUND, Pocket


async def run(file: str, url: str, label: str, password: str, seed: str, count: str) -> None:
    """Live this phone's life."""
    async with Pocket(Path(file), url, label, password, int(seed)) as pocket:
        await pocket.sync()
        while pocket.owner.done < int(count):
            for _number in range(min(ROUND, int(count) - pocket.owner.done)):
                pocket.owner.do()
            await pocket.sync()


if __name__ == "__main__":
    asyncio.run(run(*sys.argv[1:]))
