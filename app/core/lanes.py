"""Carrying out the entries of one call side by side, one after the other where they name a thing in common.

What has nothing to do with each other need not wait for the disk at every entry. It knows nothing of what an
entry does.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Hashable, Sequence


async def carry(
    names: Sequence[Collection[Hashable]],
    step: Callable[[int], Awaitable[None]],
    *,
    side_by_side: int,
    gate: asyncio.Semaphore,
) -> None:
    """Await `step` once for each position, by the things that it names; some at a time, through the gate.

    All calls of a process go through one gate, entry by entry, so a long one does not hold up a short one.
    The first error of a step ends it.
    """
    waiting = deque(lanes(names))

    async def work() -> None:
        while waiting:
            for position in waiting.popleft():
                async with gate:
                    await step(position)

    try:
        async with asyncio.TaskGroup() as group:
            for _number in range(min(side_by_side, len(waiting))):
                group.create_task(work())
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from failed


def lanes(names: Sequence[Collection[Hashable]]) -> list[list[int]]:
    """The positions in lanes: each in order, the lanes by their first."""
    above = list(range(len(names)))
    first: dict[Hashable, int] = {}
    for position, named in enumerate(names):
        for name in named:
            one, other = _top(above, position), _top(above, first.setdefault(name, position))
            above[max(one, other)] = min(one, other)
    found: dict[int, list[int]] = {}
    for position in range(len(names)):
        found.setdefault(_top(above, position), []).append(position)
    return list(found.values())


def _top(above: list[int], position: int) -> int:
    while above[position] != position:
        above[position] = above[above[position]]
        position = above[position]
    return position
