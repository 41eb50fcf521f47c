"""Which operations of a queue must go one after the other: those that name a record in common.

What has nothing to do with each other may be carried out side by side, so that a queue does not wait for the
disk at every entry. It knows nothing of what an operation does.
"""

from collections.abc import Collection, Sequence
from uuid import UUID


def lanes(names: Sequence[Collection[UUID]]) -> list[list[int]]:
    """The positions of a queue in lanes: each in order, the lanes by their first."""
    above = list(range(len(names)))
    first: dict[UUID, int] = {}
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
