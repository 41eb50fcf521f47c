"""How far each ticket of the demo has come: exact shares, and the open ones as old as open ones are.

Pure. A fate is the status in which a ticket stands when the telling ends; the way there is `lives`' story.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import chain
from random import Random
from types import MappingProxyType

from app.demo.content.tables import chance
from app.models.enums import Status

__all__ = ["fates"]

_DAY_SECONDS = 86_400.0
_OF = 10_000
_ANY_AGE = (2.0, 365.0)
_KEPT_SHARE = 0.25

# Of 10,000 tickets of a year, at least one of each; no more wait than come in while they may wait.
_SHARES: Mapping[Status, int] = MappingProxyType(
    {
        Status.DRAFT: 6,
        Status.REPORTED: 10,
        Status.ACCEPTED: 8,
        Status.DISPATCHED: 10,
        Status.RETURNED: 15,
        Status.PROCESSING: 120,
        Status.SUSPENDED: 20,
        Status.ESCALATING: 12,
        Status.RESOLVED: 50,
        Status.EVALUATING: 40,
        Status.NOT_ACCEPTED: 150,
        Status.WITHDRAWN: 120,
        Status.VOIDED: 90,
        Status.MERGED: 40,
    }
)
# How old open tickets are, and merged ones (not for the archive before their masters), in days: from, to.
_AGES: Mapping[Status, tuple[float, float]] = MappingProxyType(
    {
        Status.DRAFT: (0.0, 3.0),
        Status.REPORTED: (0.0, 0.4),
        Status.ACCEPTED: (0.1, 0.8),
        Status.DISPATCHED: (0.2, 1.3),
        Status.RETURNED: (0.2, 6.0),
        Status.PROCESSING: (0.4, 10.0),
        Status.SUSPENDED: (4.0, 23.0),
        Status.ESCALATING: (2.0, 9.0),
        Status.RESOLVED: (2.5, 11.0),
        Status.EVALUATING: (3.5, 13.5),
        Status.MERGED: (1.0, 85.0),
    }
)


def fates(rng: Random, moments: Sequence[float], now: float) -> list[Status]:
    """A status for each ticket by the moment of its report; moments in order, seconds since 1970."""
    free = _Free(rng, moments)
    found = [Status.CLOSED] * len(moments)
    for status, share in _SHARES.items():
        for _ in range(max(1, round(len(moments) * share / _OF))):
            youngest, oldest = _AGES.get(status, _ANY_AGE)
            age = youngest + (oldest - youngest) * rng.random()
            found[free.nearest(now - age * _DAY_SECONDS)] = status
    return found


class _Free:
    """Places of moments that are still to be had; some never are, so that every day has closed tickets."""

    def __init__(self, rng: Random, moments: Sequence[float]) -> None:
        self._moments = moments
        self._taken = {place for place in range(len(moments)) if chance(rng, _KEPT_SHARE)}

    def nearest(self, moment: float) -> int:
        """Take the place of the free moment next to this one, an earlier one where that is taken."""
        at = min(bisect_left(self._moments, moment), len(self._moments) - 1)
        order = chain(range(at, -1, -1), range(at + 1, len(self._moments)))
        place = next(place for place in order if place not in self._taken)
        self._taken.add(place)
        return place
