"""Deadlines that remember: from any moment of a day, so many working days lead to the same close.

The same answers as the tickets wing's own, for a year of tickets in which the same days come up again and
again. Only for a deployment as it begins: the default limits, and one calendar for everybody.
"""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from app.core.clock import BUSINESS_ZONE
from app.models.enums import AreaLevel, ClockKind, SlaUnit, Urgency
from app.services.platform.hours import Calendar
from app.services.platform.worktime import Deadline
from app.services.tickets.deadlines import Deadlines, Subject, Term
from app.services.tickets.limits import Limit
from app.services.tickets.sla import Resolution

Day = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Almanac(Deadlines):
    """Deadlines by one calendar; keys are an amount of working days and the ordinal of a day."""

    _limits: dict[tuple[ClockKind, Urgency], Resolution] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _ends: dict[Day, Deadline] = field(default_factory=dict, init=False, repr=False, compare=False)
    _terms: dict[Day, Term] = field(default_factory=dict, init=False, repr=False, compare=False)

    def resolve(self, clock: ClockKind, subject: Subject, *, level: AreaLevel | None = None) -> Resolution:
        """The limit of a clock, which depends on the urgency alone."""
        asked = clock, subject.urgency
        if asked not in self._limits:
            self._limits[asked] = Deadlines.resolve(self, clock, subject, level=level)
        return self._limits[asked]

    def end(self, calendar: Calendar, *, start: datetime, limit: Limit) -> Deadline:
        """When a limit ends."""
        if limit.unit is not SlaUnit.WORK_DAYS:
            return Deadlines.end(self, calendar, start=start, limit=limit)
        day = _day(start, limit)
        if day not in self._ends:
            self._ends[day] = Deadlines.end(self, calendar, start=start, limit=limit)
        return self._ends[day]

    def term(self, limit: Limit, *, start: datetime, org_id: UUID | None = None) -> Term:
        """How long a limit runs; a fifth of whole days is never more than what lies after the first."""
        if limit.unit is not SlaUnit.WORK_DAYS:
            return Deadlines.term(self, limit, start=start, org_id=org_id)
        day = _day(start, limit)
        if day not in self._terms:
            self._terms[day] = Deadlines.term(self, limit, start=start, org_id=org_id)
        return self._terms[day]


def _day(start: datetime, limit: Limit) -> Day:
    return limit.amount, start.astimezone(BUSINESS_ZONE).toordinal()
