"""How alike two reports are: pure figures of text, place and time, and the score made of them.

Texts are compared by the pairs of characters they contain (Chinese has no blanks to find words by), after
NFKC, in lower case, letters and digits only. The score is between 0 and 1: half text, three tenths place,
two tenths time. Where one of the two has no point, the likeness of the addresses stands for the place.
What is compared with what is `duplicates`' business.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from operator import add

from app.core.coordinates import Point, distance_m

MOST_METRES = 200.0
MOST_AGE = timedelta(days=7)
LEAST_SCORE = 0.35
REMEMBERED = 512
_OTHER = re.compile(r"[\W_]+")
_TEXT, _PLACE, _TIME = 0.5, 0.3, 0.2


@dataclass(frozen=True, slots=True)
class Likeness:
    """The parts and the score; metres are None where a point is missing, `similarity` is 0 to 1."""

    distance_m: float | None
    age: timedelta
    similarity: float
    score: float


@dataclass(frozen=True, slots=True)
class Told:
    """What one report tells: its text as pairs of characters, its address, and its point in WGS-84."""

    text: frozenset[str]
    address: str
    point: Point | None


def told(text: str, address: str, point: Point | None) -> Told:
    """What a report tells, ready to be compared with many."""
    return Told(pairs(text), address, point)


def likeness(one: Told, other: Told, age: timedelta) -> Likeness | None:
    """How alike two reports are whose times are `age` apart; None when they are too far apart.

    Too far is more than 200 m where both points are known, more than 7 days, or a score that says nothing.
    """
    metres = distance_m(one.point, other.point) if one.point and other.point else None
    if age > MOST_AGE or (metres is not None and metres > MOST_METRES):
        return None
    similarity = jaccard(one.text, other.text)
    score = _TEXT * similarity + _PLACE * _place(one, other, metres) + _TIME * (1 - age / MOST_AGE)
    return Likeness(metres, age, similarity, score) if score >= LEAST_SCORE else None


@lru_cache(maxsize=REMEMBERED)
def pairs(text: str) -> frozenset[str]:
    """The pairs of neighbouring characters; of a single character, that one.

    The latest are remembered, because what a place has told is compared with each of its next reports.
    """
    kept = _OTHER.sub("", unicodedata.normalize("NFKC", text).casefold())
    return frozenset(map(add, kept, kept[1:])) if len(kept) > 1 else frozenset(kept)


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """What two sets share of all they hold, 0 to 1; two empty sets share nothing."""
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared) if shared else 0.0


def _place(one: Told, other: Told, metres: float | None) -> float:
    if metres is None:
        return jaccard(pairs(one.address), pairs(other.address))
    return 1 - metres / MOST_METRES
