"""Who belongs to a household: ages, sexes, surnames and relations that fit together.

A plan lists roles (head, spouse, child, heir and bride, grandchild, father, mother, sibling, other); this
module draws a fitting person for each. Relations are codes of GB/T 4761, marital states of GB/T 2261.2.
"""

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from app.demo.content.names import surname
from app.demo.content.tables import chance, pick
from app.models.enums import Gender

__all__ = ["RELATION_HEAD", "RELATION_LABELS", "Relative", "relatives"]

RELATION_HEAD = "02"
RELATION_LABELS = {
    "02": "户主",
    "11": "夫",
    "12": "妻",
    "20": "子",
    "30": "女",
    "38": "儿媳",
    "41": "孙子",
    "42": "孙女",
    "51": "父亲",
    "52": "母亲",
    "73": "弟",
    "77": "妹妹",
    "99": "非亲属",
}

_SINGLE, _MARRIED, _WIDOWED, _DIVORCED = "10", "20", "30", "40"
_ELDERLY = 62
_USUALLY_MARRIED = 30


class Relative(NamedTuple):
    """A member of a household before names and numbers."""

    relation: str
    gender: Gender
    age: int
    family: str
    marital: str


class _Family:
    """The head and what the rest of the household depends on."""

    def __init__(self, rng: Random, roles: tuple[str, ...], age: int, *, local: bool) -> None:
        self.rng = rng
        self.local = local
        self.married = "spouse" in roles
        self.age = age
        male = chance(rng, 0.86 if self.married else 0.56)
        self.gender = Gender.MALE if male else Gender.FEMALE
        self.name = surname(rng, local=local)
        self.other_name = surname(rng, local=local)
        self.fathers_name = self.name if male else self.other_name
        self.youngest_child = age
        self.heir_age = 0

    def stranger(self) -> str:
        """The surname of somebody not of the blood."""
        return surname(self.rng, local=self.local)

    def within(self, least: int, most: int) -> int:
        """A whole number of that range, never below nought."""
        low = max(least, 0)
        return low + int(self.rng.random() * (max(most, low) - low + 1))

    def either(self) -> bool:
        """True for a boy: 53 in a hundred."""
        return chance(self.rng, 0.53)


def relatives(
    rng: Random, roles: tuple[str, ...], youngest: int, oldest: int, *, local: bool
) -> Iterator[Relative]:
    """A person for each role; the head, first, is between the two ages."""
    age = youngest + int(rng.random() * (oldest - youngest + 1))
    family = _Family(rng, roles, age, local=local)
    for role in roles:
        yield _ROLES[role](family)


def _head(family: _Family) -> Relative:
    if family.married:
        marital = _MARRIED
    elif family.age >= _ELDERLY:
        marital = _WIDOWED
    else:
        marital = (
            _SINGLE if family.age < _USUALLY_MARRIED else pick(family.rng, (_SINGLE, _MARRIED, _DIVORCED))
        )
    return Relative(RELATION_HEAD, family.gender, family.age, family.name, marital)


def _spouse(family: _Family) -> Relative:
    if family.gender is Gender.MALE:
        age = max(20, family.age - family.within(0, 6) + 2)
        return Relative("12", Gender.FEMALE, age, family.other_name, _MARRIED)
    age = family.age + family.within(0, 5)
    return Relative("11", Gender.MALE, age, family.other_name, _MARRIED)


def _child(family: _Family) -> Relative:
    """A child some 22 to 36 years younger than the head, and than the child before."""
    if family.youngest_child == family.age:
        age = family.within(family.age - 36, family.age - 22)
    else:
        age = family.within(family.youngest_child - 6, family.youngest_child - 1)
    family.youngest_child = age
    marital = _SINGLE if age < _USUALLY_MARRIED else pick(family.rng, (_SINGLE, _SINGLE, _DIVORCED))
    if family.either():
        return Relative("20", Gender.MALE, age, family.fathers_name, marital)
    return Relative("30", Gender.FEMALE, age, family.fathers_name, marital)


def _heir(family: _Family) -> Relative:
    family.heir_age = family.within(max(25, family.age - 34), family.age - 24)
    return Relative("20", Gender.MALE, family.heir_age, family.fathers_name, _MARRIED)


def _bride(family: _Family) -> Relative:
    age = max(22, family.heir_age - family.within(0, 5) + 1)
    return Relative("38", Gender.FEMALE, age, family.stranger(), _MARRIED)


def _grandchild(family: _Family) -> Relative:
    age = family.within(family.heir_age - 31, family.heir_age - 24)
    if family.either():
        return Relative("41", Gender.MALE, age, family.fathers_name, _SINGLE)
    return Relative("42", Gender.FEMALE, age, family.fathers_name, _SINGLE)


def _father(family: _Family) -> Relative:
    age = family.age + family.within(23, 32)
    return Relative("51", Gender.MALE, age, family.name, _MARRIED)


def _mother(family: _Family) -> Relative:
    age = family.age + family.within(21, 30)
    return Relative("52", Gender.FEMALE, age, family.stranger(), pick(family.rng, (_MARRIED, _WIDOWED)))


def _sibling(family: _Family) -> Relative:
    age = max(16, family.age - family.within(1, 6))
    if family.either():
        return Relative("73", Gender.MALE, age, family.name, _SINGLE)
    return Relative("77", Gender.FEMALE, age, family.name, _SINGLE)


def _other(family: _Family) -> Relative:
    gender = Gender.MALE if family.either() else Gender.FEMALE
    age = family.within(18, 52)
    marital = _SINGLE if age < _USUALLY_MARRIED else pick(family.rng, (_MARRIED, _MARRIED, _SINGLE))
    return Relative("99", gender, age, family.stranger(), marital)


_ROLES = {
    "head": _head,
    "spouse": _spouse,
    "child": _child,
    "heir": _heir,
    "bride": _bride,
    "grandchild": _grandchild,
    "father": _father,
    "mother": _mother,
    "sibling": _sibling,
    "other": _other,
}
