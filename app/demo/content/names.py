"""Personal names as one meets them in the Pearl River delta, by sex, year of birth and origin.

Surnames of long-settled families differ from those of people who moved in; given names follow the
fashion of their decade. `data/rare_names.txt` adds the names that software finds hard: long ones, the
middle dot, characters outside the basic plane; the caller decides how often.
"""

from bisect import bisect_right
from functools import cache
from random import Random

from app.demo.content.tables import grouped, pick, rows, slots
from app.models.enums import Gender

__all__ = ["given_name", "rare_name", "surname"]

_LONE_SHARE = 0.08


def surname(rng: Random, *, local: bool) -> str:
    """A surname of one or two characters."""
    return pick(rng, _surnames()["local" if local else "floating"])


def given_name(rng: Random, gender: Gender, born: int) -> str:
    """A given name of one or two characters for somebody born in that year."""
    years, tables = _given_names()[gender]
    return pick(rng, tables[bisect_right(years, born) - 1])


def rare_name(rng: Random, gender: Gender) -> tuple[str, str]:
    """A full name that software finds hard, and the code of the ethnic group (GB/T 3304)."""
    return pick(rng, _rare_names()[gender])


@cache
def _surnames() -> dict[str, tuple[str, ...]]:
    weighted = [
        (group, (name, int(weight) / len(names.split())))
        for group, weight, names in rows("surnames.txt")
        for name in names.split()
    ]
    return {group: slots(pairs, 5000) for group, pairs in grouped(weighted).items()}


@cache
def _given_names() -> dict[str, tuple[list[int], list[tuple[str, ...]]]]:
    """For each sex the years in which fashions begin, and the names of each fashion."""
    pairs: dict[tuple[str, int], list[str]] = {}
    lone: dict[tuple[str, int], list[str]] = {}
    for year, sex, firsts, seconds in rows("given_names.txt"):
        if firsts:
            both = [a + b for a in firsts.split() for b in seconds.split() if a != b]
            pairs[sex, int(year)] = both
        else:
            lone[sex, int(year)] = seconds.split()
    tables: dict[str, tuple[list[int], list[tuple[str, ...]]]] = {}
    for (sex, since), names in sorted(pairs.items()):
        years, fashions = tables.setdefault(sex, ([], []))
        years.append(since)
        fashions.append(_mixed(names, lone[sex, since]))
    return tables


def _mixed(names: list[str], lone: list[str]) -> tuple[str, ...]:
    """Names of two characters with some of one character among them."""
    weighted = [(name, (1 - _LONE_SHARE) / len(names)) for name in names]
    weighted += [(name, _LONE_SHARE / len(lone)) for name in lone]
    return slots(weighted, 8 * len(names))


@cache
def _rare_names() -> dict[str, tuple[tuple[str, str], ...]]:
    return grouped((sex, (name, ethnicity)) for sex, name, ethnicity in rows("rare_names.txt"))
