"""Which visits count: the rule as data, and what a visit lacks by it.

A visit counts when somebody was met, it was long enough or something was written down, and it took place near
the address. Modes without a rule of their own count only when a leader approves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from app.models.enums.visit import VisitLack, VisitMode, VisitResult


@dataclass(frozen=True, slots=True)
class Rule:
    """What a visit needs: seconds on the spot or anything written, and metres from the address."""

    least_s: int
    within_m: float


RULES: Mapping[VisitMode, Rule] = MappingProxyType({VisitMode.IN_PERSON: Rule(least_s=300, within_m=300)})


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rule looks at; `distance_m` is None without a point or an address to compare with."""

    mode: VisitMode
    result: VisitResult
    duration_s: int | None
    content: str | None
    distance_m: float | None


def lacks(facts: Facts) -> tuple[VisitLack, ...]:
    """What is missing; nothing for a visit that counts by rule."""
    found = []
    if facts.result is not VisitResult.MET:
        found.append(VisitLack.MET)
    rule = RULES.get(facts.mode)
    if rule is None:
        return (*found, VisitLack.PRESENCE)
    if (facts.duration_s or 0) < rule.least_s and not facts.content:
        found.append(VisitLack.TIME_OR_CONTENT)
    if facts.distance_m is None:
        found.append(VisitLack.PLACE)
    elif facts.distance_m > rule.within_m:
        found.append(VisitLack.NEARNESS)
    return tuple(found)


def counts(missing: tuple[VisitLack, ...], *, approved: bool | None) -> bool:
    """Whether the visit counts: what a leader decided, else the rule."""
    return not missing if approved is None else approved
