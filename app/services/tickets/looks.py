"""When the sweep must look at a ticket itself, apart from its clocks; pure.

A ticket sent back for information waits for its reporter, a suspended one for its day or its review, an
evaluating one for an opinion, an ended one for the archive. The instant stands on the ticket (`next_at`);
every transition that enters or leaves such a wait moves it, and the sweep does what it finds due.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType

from app.core import clock
from app.models.enums import Action, SlaUnit, Status
from app.services.platform.worktime import Calendar, due
from app.services.tickets.effects.ledger import REVIEW_EVERY
from app.services.tickets.workflow import TERMINAL

SUPPLEMENT_WITHIN_WORK_DAYS = 1
LAPSE_AFTER = timedelta(days=7)
ARCHIVE_AFTER = timedelta(days=90)

SETTLED = frozenset({Action.EVALUATE, Action.LAPSE, Action.ARCHIVE})
"""What ends a wait without a change of state."""


@dataclass(frozen=True, slots=True)
class Move:
    """What a transition does to a ticket, as far as waiting is concerned."""

    action: Action
    before: Status
    to: Status
    now: datetime
    resume_on: date | None
    next_at: datetime | None


def next_at(move: Move, calendar: Calendar) -> datetime | None:
    """The instant of the next look after a transition; None when nothing is waited for."""
    if move.to is not move.before or move.action is Action.REVIEW_SUSPENSION:
        wait = _WAITS.get(move.to)
        return wait(move, calendar) if wait else None
    return None if move.action in SETTLED else move.next_at


def _suspended(move: Move, _calendar: Calendar) -> datetime:
    review = move.now + REVIEW_EVERY
    return review if move.resume_on is None else min(review, clock.day_start(move.resume_on))


_WAITS: Mapping[Status, Callable[[Move, Calendar], datetime]] = MappingProxyType(
    {
        Status.RETURNED: lambda move, calendar: (
            due(calendar, move.now, SlaUnit.WORK_DAYS, SUPPLEMENT_WITHIN_WORK_DAYS).due
        ),
        Status.SUSPENDED: _suspended,
        Status.EVALUATING: lambda move, _calendar: move.now + LAPSE_AFTER,
        **dict.fromkeys(TERMINAL, lambda move, _calendar: move.now + ARCHIVE_AFTER),
    }
)
