"""Counts of people for readers who must not learn of one: small cells are withheld, and what gives them away.

The one place that decides this; it counts nothing itself. A cell under 5 is withheld. Because a total less
what is told leaves the rest, at least two cells of a table are then withheld, together at least 5; further
ones are taken in the given order and not by size, so that the choice says nothing about the values. Where
there are none left, the total is withheld as well.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

LEAST = 5
_FEWEST = 2

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Told(Generic[Key]):
    """A table of counts as it may go out: None is withheld."""

    total: int | None
    parts: Mapping[Key, int | None]


def told(parts: Mapping[Key, int]) -> Told[Key]:
    """The counts of the parts of one whole, which no one stands in twice, and their sum.

    The order of the parts must not depend on the counts. Who asks for parts of a part gets nothing: two
    tables, one within the other, are two sums.
    """
    total = sum(parts.values())
    if total < LEAST:
        return Told(None, dict.fromkeys(parts))
    withheld = {key for key, count in parts.items() if count < LEAST}
    others = (key for key in parts if key not in withheld)
    while withheld and _gives_away([parts[key] for key in withheld]):
        more = next(others, None)
        if more is None:
            return Told(None, dict.fromkeys(parts))
        withheld.add(more)
    return Told(total, {key: None if key in withheld else count for key, count in parts.items()})


def _gives_away(withheld: list[int]) -> bool:
    """Whether their sum, which anybody can work out, tells too much of them: one, few, or all at the most."""
    together = sum(withheld)
    return len(withheld) < _FEWEST or together < LEAST or together == (LEAST - 1) * len(withheld)
