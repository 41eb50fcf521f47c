"""Deadlines: the calendars, the rules of limits and who works by which, held together as one value.

Loaded at once and never changed, so that a step of a ticket reads none of it: a process holds the newest
copy. A clock runs by the calendar of the organisation that holds it, else by the default one. The overall
deadline is found by chaining: the limit of each stage begins where the one before it ends. A year that is
not published makes a deadline provisional and is logged once a process; it is never an error.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from fractions import Fraction
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import logging
from app.core.clock import BUSINESS_ZONE
from app.models.area import Area
from app.models.enums import AreaLevel, ClockKind, DayKind, SlaUnit, Urgency
from app.models.staff import Org
from app.services.platform import calendars, worktime
from app.services.platform.calendars import Calendars
from app.services.platform.worktime import Calendar, Deadline
from app.services.tickets import sla
from app.services.tickets.limits import OVERALL_STAGES, Limit, half
from app.services.tickets.sla import Policy, Resolution

WARN_LEFT = Fraction(1, 5)
_MINUTE_SECONDS = 60

log = logging.get(__name__)
_told: set[int] = set()


@dataclass(frozen=True, slots=True)
class Subject:
    """What the limits of a ticket depend on; `area_path` is its area and all above it, top first."""

    category: str | None
    urgency: Urgency
    area_path: Sequence[UUID] = ()


@dataclass(frozen=True, slots=True)
class Term:
    """How long a clock runs: its limit, when it ends, when 80 % is used; provisional on guessed days."""

    unit: SlaUnit
    amount: int
    due_at: datetime
    warn_at: datetime
    provisional: bool


class Holder(NamedTuple):
    """What matters of an organisation that holds a clock."""

    level: AreaLevel
    calendar_id: UUID | None


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Everything that a deadline is computed from."""

    calendars: Calendars
    policies: Sequence[Policy] = ()
    orgs: Mapping[UUID, Holder] = field(default_factory=dict)
    _of_clock: Mapping[ClockKind, Sequence[Policy]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        """Sort the rules by their clocks."""
        of_clock: dict[ClockKind, list[Policy]] = defaultdict(list)
        for policy in self.policies:
            of_clock[policy.clock].append(policy)
        object.__setattr__(self, "_of_clock", dict(of_clock))

    def calendar(self, org_id: UUID | None = None) -> Calendar:
        """The calendar that an organisation works by; the default one for None and for one just added."""
        holder = self.orgs.get(org_id) if org_id else None
        return self.calendars.get(holder.calendar_id if holder else None)

    def level(self, org_id: UUID | None) -> AreaLevel | None:
        """The level of an organisation: village, town or city; None for None and for one just added."""
        holder = self.orgs.get(org_id) if org_id else None
        return holder.level if holder else None

    def resolve(self, clock: ClockKind, subject: Subject, *, level: AreaLevel | None = None) -> Resolution:
        """The limit of a clock and the rule it comes from; LookupError for an overall clock without one."""
        return sla.resolve(
            self._of_clock.get(clock, ()),
            clock=clock,
            category=subject.category,
            urgency=subject.urgency,
            area_path=subject.area_path,
            org_level=level,
        )

    def due(
        self,
        clock: ClockKind,
        subject: Subject,
        *,
        start: datetime,
        org_id: UUID | None = None,
        halved: bool = False,
    ) -> Term:
        """How long a clock runs that starts now at an organisation, or at none; `halved` for a rework."""
        level = self.level(org_id)
        if clock is ClockKind.OVERALL and self.is_chained(subject, level=level):
            return self._chained(subject, start)
        limit = self.resolve(clock, subject, level=level).limit
        return self.term(half(limit) if halved else limit, start=start, org_id=org_id)

    def term(self, limit: Limit, *, start: datetime, org_id: UUID | None = None) -> Term:
        """How long a limit runs from an aware instant, by an organisation's calendar."""
        calendar = self.calendar(org_id)
        end = self.end(calendar, start=start, limit=limit)
        warn = warn_at(calendar, started_at=start, due_at=end.due, unit=limit.unit, amount=limit.amount)
        return Term(limit.unit, limit.amount, end.due, warn, end.provisional)

    def end(self, calendar: Calendar, *, start: datetime, limit: Limit) -> Deadline:
        """When a limit ends by a calendar; ValueError as `worktime.due` says."""
        deadline = worktime.due(calendar, start, limit.unit, limit.amount)
        year = deadline.due.astimezone(BUSINESS_ZONE).year
        if deadline.provisional and year not in _told:
            _told.add(year)
            log.warning("calendar_year_not_published", year=year)
        return deadline

    def is_chained(self, subject: Subject, *, level: AreaLevel | None = None) -> bool:
        """Whether the overall deadline is found by chaining, because no rule sets a limit of its own."""
        try:
            self.resolve(ClockKind.OVERALL, subject, level=level)
        except LookupError:
            return True
        return False

    def with_year(self, calendar_id: UUID, year: int, kinds: Mapping[date, DayKind]) -> "Deadlines":
        """The same, had a calendar these days and no others in a year."""
        return replace(self, calendars=self.calendars.with_year(calendar_id, year, kinds))

    def _chained(self, subject: Subject, start: datetime) -> Term:
        end, provisional = start, False
        for stage in OVERALL_STAGES:
            limit = self.resolve(stage, subject).limit
            step = self.end(self.calendars.default, start=end, limit=limit)
            end, provisional = step.due, provisional or step.provisional
        minutes = -(-int((end - start).total_seconds()) // _MINUTE_SECONDS)
        wall = Limit(SlaUnit.WALL_MINUTES, minutes)
        warn = warn_at(self.calendars.default, started_at=start, due_at=end, unit=wall.unit, amount=minutes)
        return Term(wall.unit, wall.amount, end, warn, provisional)


def warn_at(
    calendar: Calendar, *, started_at: datetime, due_at: datetime, unit: SlaUnit, amount: int
) -> datetime:
    """When a clock of so many units turns yellow: a fifth of them is left; not before it started.

    Counted back from the deadline in running time, so that pauses, which moved the deadline, do not count.
    A fifth of a working day is a fifth of its hours.
    """
    return worktime.rewind(calendar, due_at, unit, amount * WARN_LEFT, floor=started_at)


async def load(session: AsyncSession) -> Deadlines:
    """Everything anew (five statements); LookupError before seeding."""
    held = await session.execute(
        select(Org.id, Area.level, Org.work_calendar_id).join(Area, Area.id == Org.area_id)
    )
    orgs = {row.id: Holder(sla.org_level(AreaLevel(row.level)), row.work_calendar_id) for row in held}
    return Deadlines(await calendars.load(session), await sla.load_policies(session), orgs)
