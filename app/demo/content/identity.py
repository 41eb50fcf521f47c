"""Identity and telephone numbers that look right and belong to nobody.

An identity number keeps the form of GB 11643 (region, birth date, sequence, check digit) with the region
of a real city and the county `99`, which has never been assigned: it passes every check of form and
can have been issued to nobody. Mobile numbers begin with 154 for residents and 179 for staff, two
segments that no operator has been given for subscribers.
"""

from collections import defaultdict
from datetime import date
from functools import cache

from app.models.enums import Gender

__all__ = ["RESIDENT_SEGMENT", "STAFF_SEGMENT", "IdentityNumbers", "PhoneNumbers", "check_digit"]

RESIDENT_SEGMENT = "154"
STAFF_SEGMENT = "179"

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"
_UNASSIGNED_COUNTY = "99"
_SEQUENCES = 499  # Of each sex on one day: odd numbers for men, even ones for women, from 001 on.
_SPREAD = 197  # Each day begins elsewhere, so that the last four digits tell people apart.
_SUBSCRIBERS = 10**8
_STRIDE = 61_803_399  # Coprime to the number of subscribers: a walk that meets each number once.


def check_digit(body: str) -> str:
    """The eighteenth digit for the first seventeen (ISO 7064, MOD 11-2)."""
    return _CHECK_DIGITS[_weighed(body, 0) % 11]


class IdentityNumbers:
    """Hands out identity numbers, none twice.

    Several workers may share the work: worker `shard` of `shards` uses its own sequence numbers.
    """

    def __init__(self, shard: int = 0, shards: int = 1) -> None:
        self._shards = shards
        self._next: defaultdict[tuple[str, int, bool], int] = defaultdict(lambda: shard)

    def take(self, city: str, born: date, gender: Gender) -> str:
        """A number for the four digits of a city; ValueError when that day has none left."""
        male = gender is Gender.MALE
        key = (city, born.toordinal(), male)
        turn = self._next[key]
        if turn >= _SEQUENCES:
            message = f"no identity numbers left for {city} on {born}"
            raise ValueError(message)
        self._next[key] = turn + self._shards
        turn = (turn + _SPREAD * key[1]) % _SEQUENCES
        region, region_sum = _region(city)
        day, day_sum = _day(key[1])
        sequence, sequence_sum = _sequence(2 * turn + (1 if male else 2))
        check = _CHECK_DIGITS[(region_sum + day_sum + sequence_sum) % 11]
        return region + day + sequence + check


class PhoneNumbers:
    """Hands out mobile numbers of one segment, none twice; shards as for identity numbers."""

    def __init__(self, segment: str, shard: int = 0, shards: int = 1) -> None:
        self._segment = segment
        self._turn = shard + 1
        self._shards = shards

    def take(self) -> str:
        """The next number, eleven digits."""
        subscriber = self._turn * _STRIDE % _SUBSCRIBERS
        self._turn += self._shards
        return f"{self._segment}{subscriber:08d}"


def _weighed(digits: str, offset: int) -> int:
    return sum(int(digit) * _WEIGHTS[offset + i] for i, digit in enumerate(digits))


@cache
def _region(city: str) -> tuple[str, int]:
    region = city + _UNASSIGNED_COUNTY
    return region, _weighed(region, 0)


@cache
def _day(ordinal: int) -> tuple[str, int]:
    day = date.fromordinal(ordinal).strftime("%Y%m%d")
    return day, _weighed(day, 6)


@cache
def _sequence(number: int) -> tuple[str, int]:
    sequence = f"{number:03d}"
    return sequence, _weighed(sequence, 14)
