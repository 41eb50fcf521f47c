"""Households and the people in them, as a town of the Pearl River delta might have them; all invented.

A household's make-up comes from a deck of 1,000 plans (`data/households.txt`) with 3,056 people in it,
so that 36,000 households have 110,016 residents: some 59 % settled families of two or three
generations, 41 % people who moved in, mostly alone or as small families. The deck is dealt by the
household's number; everything else is drawn from the generator that the caller passes.
"""

from datetime import date
from functools import cache
from random import Random
from typing import NamedTuple

from app.demo.content.ages import traits_of
from app.demo.content.identity import (
    RESIDENT_SEGMENT,
    STAFF_SEGMENT,
    IdentityNumbers,
    PhoneNumbers,
)
from app.demo.content.names import given_name, rare_name, surname
from app.demo.content.relatives import RELATION_HEAD, Relative, relatives
from app.demo.content.tables import chance, pick, rows, seeded, slots
from app.models.enums import Gender, HouseholdType, PopulationType, ResidenceStatus

__all__ = ["HouseholdText", "People", "PersonText", "Staff"]

_DECK = 1000
_RARE_SHARE = 1 / 700  # Of heads of households.
_UNREGISTERED_SHARE = 0.3  # Of children under one.
_DAYS_OF_YEAR = 365.2425


class PersonText(NamedTuple):
    """A resident; a few new-borns have no identity number, children and some of the old no telephone.

    Codes: relation GB/T 4761, ethnicity GB/T 3304, marital GB/T 2261.2, education GB/T 4658,
    political GB/T 4762.
    """

    name: str
    gender: Gender
    birth_date: date
    identity_no: str | None
    phone: str | None
    relation: str
    ethnicity: str
    marital: str
    education: str
    political: str
    population_type: PopulationType
    hukou_place: str


class HouseholdText(NamedTuple):
    """A household; `hukou_kind` is family or collective; the head is the first member."""

    household_type: HouseholdType
    hukou_kind: str
    residence_status: ResidenceStatus
    members: tuple[PersonText, ...]


class Staff(NamedTuple):
    """Somebody who works for the grids."""

    name: str
    gender: Gender
    birth_date: date
    phone: str


class _Plan(NamedTuple):
    household_type: HouseholdType
    hukou_kind: str
    population: PopulationType
    residence: ResidenceStatus
    roles: tuple[str, ...]
    youngest: int
    oldest: int


class _Origin(NamedTuple):
    place: str
    city: str
    ethnicities: tuple[str, ...]


class People:
    """Draws households and staff for a town whose locals are registered in `hukou_place`.

    `city` is the four-digit region of their identity numbers, `today` the day on which ages count.
    Each instance never gives an identity or telephone number twice; `shard` of `shards` keeps the
    numbers of several workers apart.
    """

    def __init__(
        self, seed: int, today: date, *, city: str, hukou_place: str, shard: int = 0, shards: int = 1
    ) -> None:
        self._today = today.toordinal()
        self._deck = _dealt(seed)
        self._local = _Origin(hukou_place, city, ("01",))
        self._identities = IdentityNumbers(shard, shards)
        self._phones = PhoneNumbers(RESIDENT_SEGMENT, shard, shards)
        self._staff_phones = PhoneNumbers(STAFF_SEGMENT, shard, shards)

    def household(self, rng: Random, number: int) -> HouseholdText:
        """The household of that number (0, 1, 2 …): its plan by the number, its people drawn."""
        plan = self._deck[number % _DECK]
        local = plan.population is PopulationType.HUKOU
        origin = self._local if local else pick(rng, _origins())
        ethnicity = pick(rng, origin.ethnicities)
        members = tuple(
            self._person(rng, relative, origin, ethnicity, plan.population)
            for relative in relatives(rng, plan.roles, plan.youngest, plan.oldest, local=local)
        )
        return HouseholdText(plan.household_type, plan.hukou_kind, plan.residence, members)

    def staff(self, rng: Random, youngest: int = 22, oldest: int = 59) -> Staff:
        """A grid worker, village official, handler and so on, three in four of a local family."""
        gender = Gender.MALE if chance(rng, 0.5) else Gender.FEMALE
        born = self._born(rng, youngest + int(rng.random() * (oldest - youngest + 1)))
        family = surname(rng, local=chance(rng, 0.75))
        name = family + given_name(rng, gender, born.year)
        return Staff(name, gender, born, self._staff_phones.take())

    def _person(
        self,
        rng: Random,
        relative: Relative,
        origin: _Origin,
        ethnicity: str,
        population: PopulationType,
    ) -> PersonText:
        born = self._born(rng, relative.age)
        gender, traits = relative.gender, traits_of(relative.age)
        name = relative.family + given_name(rng, gender, born.year)
        if relative.relation == RELATION_HEAD and chance(rng, _RARE_SHARE):
            name, ethnicity = rare_name(rng, gender)
        unregistered = relative.age == 0 and chance(rng, _UNREGISTERED_SHARE)
        return PersonText(
            name,
            gender,
            born,
            None if unregistered else self._identities.take(origin.city, born, gender),
            self._phones.take() if chance(rng, traits.phone_share) else None,
            relative.relation,
            ethnicity,
            relative.marital,
            pick(rng, traits.education),
            pick(rng, traits.political),
            population,
            origin.place,
        )

    def _born(self, rng: Random, age: int) -> date:
        """A day that makes somebody `age` today."""
        return date.fromordinal(self._today - int((age + rng.random()) * _DAYS_OF_YEAR))


@cache
def _dealt(seed: int) -> tuple[_Plan, ...]:
    """The deck of plans, shuffled by the seed."""
    weighted = [
        (
            _Plan(
                HouseholdType(kind),
                hukou,
                PopulationType(population),
                ResidenceStatus(status),
                tuple(roles.split()),
                int(youngest),
                int(oldest),
            ),
            int(weight),
        )
        for kind, hukou, population, status, roles, youngest, oldest, weight in rows("households.txt")
    ]
    deck, rng = list(slots(weighted, _DECK)), seeded("deck", seed)
    return tuple(sorted(deck, key=lambda _: rng.random()))


@cache
def _origins() -> tuple[_Origin, ...]:
    """Where people who moved in are registered, by weight."""
    weighted = []
    for weight, place, city, groups in rows("origins.txt"):
        shares = [pair.split(":") for pair in groups.split()]
        ethnicities = slots([(code, int(share)) for code, share in shares], 100)
        weighted.append((_Origin(place, city, ethnicities), int(weight)))
    return slots(weighted)
