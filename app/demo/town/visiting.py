"""Whom the demo looks after, who was visited when, who keeps contact with whom, and which places are checked.

Works through the households that `households` made, batch by batch, and gives them the dates that the
product's own cycle would give them. Four in five were visited in the past year; what is due is due.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

from app.core.clock import BUSINESS_ZONE, day_start
from app.demo.content.tables import chance, pick, seeded
from app.demo.town.care_rows import (
    CareRecord,
    LinkRecord,
    OpinionRecord,
    PlaceRecord,
    PlannedRecord,
    ReviewRecord,
    VisitorRecord,
    VisitRecord,
)
from app.demo.town.founding import Founding, new_id, stamps
from app.demo.town.home_rows import HouseholdRecord, ResidentRecord
from app.demo.town.households import Homes
from app.demo.town.organising import Organised
from app.demo.town.places import GridPlace
from app.models.enums import (
    CYCLE_DAYS,
    ORDINARY_CYCLE_DAYS,
    CareLevel,
    CareTag,
    CoordType,
    HouseholdType,
    PlaceKind,
    RiskLevel,
)
from app.models.enums.staff import ContactKind, ContactRank
from app.models.enums.visit import OpinionOutcome, VisitLack, VisitMode, VisitResult, VisitType
from app.services.registry import cycle

_VISITED, _OUT, _HEARD, _POOR = 0.8, 0.08, 0.06, 0.01
_OLD, _VERY_OLD, _YEAR = 60, 80, 365
_CONTACTS, _SHOPS_OF_A_GRID = 8, 2
_OPENED = timedelta(days=300)
_SHOPS = (
    ("便利店", PlaceKind.SHOP, 2, 180, RiskLevel.LOW),
    ("餐馆", PlaceKind.SMALL_PLACE, 5, 90, RiskLevel.MEDIUM),
    ("家具厂", PlaceKind.FACTORY, 36, 30, RiskLevel.HIGH),
    ("五金店", PlaceKind.SHOP, 2, 180, RiskLevel.LOW),
    ("出租屋", PlaceKind.RENTAL_HOUSE, 1, 90, RiskLevel.MEDIUM),
)
_SAID = (
    ("楼道里停放电动车，担心起火。", OpinionOutcome.SETTLED),
    ("希望多开晚上的办事窗口。", OpinionOutcome.NOTED),
    ("门口路灯偶尔不亮，已当场联系维修。", OpinionOutcome.SETTLED),
)
_NOTES = ("核对人员信息，提醒用气用电安全。", "宣传防诈骗，家中无异常。", "了解近况，老人身体尚可。")


class Visited:
    """The rows of a batch, parents before children."""

    def __init__(self) -> None:
        self.places: list[PlaceRecord] = []
        self.links: list[LinkRecord] = []
        self.cares: list[CareRecord] = []
        self.reviews: list[ReviewRecord] = []
        self.planned: list[PlannedRecord] = []
        self.visits: list[VisitRecord] = []
        self.visitors: list[VisitorRecord] = []
        self.opinions: list[OpinionRecord] = []

    def all(self) -> Iterator[Sequence[Any]]:
        """The sheets."""
        return iter(vars(self).values())


class _Subject(NamedTuple):
    """Somebody to look after, why and how urgently."""

    person: ResidentRecord
    tag: CareTag
    level: CareLevel


class Visiting:
    """Goes round the homes of a demo."""

    def __init__(
        self,
        founding: Founding,
        organised: Organised,
        grids: Sequence[GridPlace],
        worker_of: Mapping[UUID, UUID],
    ) -> None:
        self._founding, self._organised, self._worker_of = founding, organised, worker_of
        self._grids = {grid.id: grid for grid in grids}
        self._rng: Random = seeded(founding.seed, "visiting")
        self._seen: Counter[UUID] = Counter()
        self._links: Counter[UUID] = Counter()

    def go_round(self, homes: Homes) -> Visited:
        """The rows of these homes; the households get their dates."""
        found = Visited()
        people: dict[UUID, list[ResidentRecord]] = {}
        known = {person.id: person for person in homes.residents}
        for residence in homes.residences:
            people.setdefault(residence.household_id, []).append(known[residence.resident_id])
        homes.households = [
            self._home(found, household, people.get(household.id, [])) for household in homes.households
        ]
        return found

    def _home(
        self, found: Visited, home: HouseholdRecord, people: Sequence[ResidentRecord]
    ) -> HouseholdRecord:
        self._open(found, home)
        if home.household_type is HouseholdType.VACANT:
            return home
        subject = self._subject(people)
        days = CYCLE_DAYS[subject.level] if subject else ORDINARY_CYCLE_DAYS
        last = self._visit(found, home, days) if chance(self._rng, _VISITED) else None
        if home.village_id == self._organised.village_id:
            found.planned.append(PlannedRecord(self._organised.plan_id, home.id))
        self._link(found, home)
        due = last + timedelta(days=ORDINARY_CYCLE_DAYS) if last else home.next_visit_due
        if subject is None:
            return home._replace(last_visit_on=last, next_visit_due=due)
        return home._replace(
            care_level=subject.level,
            last_visit_on=last,
            next_visit_due=min(due, self._care(found, home, subject, last)),
        )

    def _subject(self, people: Sequence[ResidentRecord]) -> _Subject | None:
        """The eldest who needs it; a few are poor, whatever their age."""
        if not people:
            return None
        eldest = min(people, key=lambda person: person.birth_on)
        age = (self._founding.today - eldest.birth_on).days // _YEAR
        if age >= _VERY_OLD:
            return _Subject(eldest, CareTag.ELDERLY_80, CareLevel.YELLOW)
        if age >= _OLD and len(people) == 1:
            return _Subject(eldest, CareTag.LIVING_ALONE, CareLevel.ORANGE)
        if chance(self._rng, _POOR):
            level = pick(self._rng, (CareLevel.RED, CareLevel.GREEN, CareLevel.GREEN))
            return _Subject(eldest, CareTag.SUBSISTENCE, level)
        return None

    def _care(self, found: Visited, home: HouseholdRecord, subject: _Subject, last: date | None) -> date:
        opened = self._founding.today - _OPENED
        counted = last if last and last >= opened else None
        days = timedelta(days=CYCLE_DAYS[subject.level])
        due = counted + days if counted else cycle.first_due(subject.level, opened)
        worker, care_id = self._worker_of[home.grid_id], new_id(self._rng, day_start(opened))
        entered = stamps(day_start(opened) + timedelta(hours=9), worker)
        found.cares.append(
            CareRecord(
                care_id,
                *_place(home),
                subject.person.id,
                subject.tag,
                subject.level,
                worker,
                opened,
                counted,
                due,
                *entered,
            )
        )
        review_id = new_id(self._rng, day_start(opened))
        found.reviews.append(ReviewRecord(review_id, care_id, opened, subject.level, *entered))
        return due

    def _visit(self, found: Visited, home: HouseholdRecord, cycle_days: int) -> date | None:
        """The last visit; its day if somebody was met."""
        ago = 1 + int(self._rng.random() * min(cycle_days * 1.2, _YEAR))
        at = day_start(self._founding.today - timedelta(days=ago))
        at += timedelta(hours=9, minutes=int(self._rng.random() * 8 * 60))
        met = not chance(self._rng, _OUT)
        visit_id, worker = new_id(self._rng, at), self._worker_of[home.grid_id]
        grid = self._grids[home.grid_id].row.tile.centre
        in_plan = home.village_id == self._organised.village_id and at.date() >= self._organised.starts_on
        found.visits.append(
            VisitRecord(
                visit_id,
                *_place(home),
                self._organised.plan_id if in_plan else None,
                worker,
                home.id,
                VisitType.CARE if cycle_days < ORDINARY_CYCLE_DAYS else VisitType.ROUTINE,
                VisitMode.IN_PERSON,
                VisitResult.MET if met else VisitResult.NOT_MET,
                at,
                at + timedelta(hours=1),
                300 + int(self._rng.random() * 1_500),
                pick(self._rng, _NOTES) if met else None,
                *grid,
                *grid,
                CoordType.WGS84,
                0.0,
                [] if met else [VisitLack.MET],
                met,
                *stamps(at, worker),
            )
        )
        found.visitors.append(VisitorRecord(visit_id, worker, at))
        if met and chance(self._rng, _HEARD):
            content, outcome = pick(self._rng, _SAID)
            found.opinions.append(OpinionRecord(new_id(self._rng, at), visit_id, 0, content, outcome))
        return at.astimezone(BUSINESS_ZONE).date() if met else None

    def _link(self, found: Visited, home: HouseholdRecord) -> None:
        """The first households of each worker are also theirs to keep contact with."""
        worker = self._worker_of[home.grid_id]
        if self._links[worker] < _CONTACTS:
            self._links[worker] += 1
            at = home.created_at
            about = (worker, home.id, ContactKind.PARTY, ContactRank.PARTY_MEMBER, at)
            found.links.append(LinkRecord(new_id(self._rng, at), *about, *stamps(at, worker)))

    def _open(self, found: Visited, home: HouseholdRecord) -> None:
        """Two places for each grid, below its first homes."""
        turn = self._seen[home.grid_id]
        self._seen[home.grid_id] += 1
        if turn >= _SHOPS_OF_A_GRID:
            return
        name, kind, people, cycle_days, risk = _SHOPS[(len(self._seen) + turn) % len(_SHOPS)]
        last = self._founding.today - timedelta(days=int(self._rng.random() * cycle_days * 1.2))
        found.places.append(
            PlaceRecord(
                new_id(self._rng, home.created_at),
                *_place(home),
                f"{self._grids[home.grid_id].row.name}{name}",
                kind,
                f"{home.address}首层",
                people,
                risk,
                cycle_days,
                last,
                last,
                last + timedelta(days=cycle_days),
                *stamps(home.created_at, self._worker_of[home.grid_id]),
            )
        )


def _place(home: HouseholdRecord) -> tuple[UUID, UUID, UUID, UUID]:
    return home.area_id, home.town_id, home.village_id, home.grid_id
