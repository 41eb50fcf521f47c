"""What hangs on one ticket while its story is told: ids, clocks, assignments, requests, cards, the ledger.

Each is written to its sheet when it ends, or as it stands when the telling does. Deadlines and levels come
from the tickets wing's own arithmetic.
"""

from dataclasses import replace
from datetime import date, datetime
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

from app.demo.history.cast import Person
from app.demo.history.rows import (
    AssignmentRecord,
    ClockRecord,
    RequestRecord,
    SupervisionRecord,
    SuspensionRecord,
)
from app.demo.history.sheets import Sheets
from app.demo.town.founding import new_id
from app.models.enums import Action, ClockKind, RequestState, SuperviseLevel, SuspendReason, Urgency
from app.services.tickets import clocks, thresholds, workflow
from app.services.tickets.clocks import Clock, Terms
from app.services.tickets.deadlines import Deadlines, Subject
from app.services.tickets.effects.ledger import REVIEW_EVERY
from app.services.tickets.sweep_clocks import ALONE
from app.services.tickets.thresholds import Level, Limits, Reached

# The default limits look at the urgency alone.
_SUBJECTS = {urgency: Subject(None, urgency) for urgency in Urgency}


class Passed(NamedTuple):
    """A level that a clock has passed, and when."""

    at: datetime
    clock: Clock
    level: Level


class Dossier:
    """The open ends of one ticket; `due_at` is the next deadline of what runs."""

    def __init__(self, rng: Random, deadlines: Deadlines, sheets: Sheets, reported_at: datetime) -> None:
        self._rng, self._deadlines, self._sheets = rng, deadlines, sheets
        self._clocks: dict[ClockKind, tuple[Clock, UUID]] = {}
        self._assignment: AssignmentRecord | None = None
        self._cards: list[SupervisionRecord] = []
        self._suspension: SuspensionRecord | None = None
        self.request: RequestRecord | None = None
        self.ticket_id = self.new_id(reported_at)
        self.due_at: datetime | None = None

    def new_id(self, at: datetime) -> UUID:
        """An id for a row of that moment."""
        return new_id(self._rng, at)

    def clock(self, kind: ClockKind) -> Clock | None:
        """The open clock of a kind, running or paused."""
        return self._clocks[kind][0] if kind in self._clocks else None

    def turn(
        self,
        action: Action,
        effect: workflow.Clocks,
        at: datetime,
        urgency: Urgency,
        round_no: int,
        lead_org_id: UUID | None,
        before: Urgency | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        """Do to the clocks what a row of the workflow table says; what the timeline tells of it.

        `before` is the urgency that it had, where the step sets it.
        """
        was = _SUBJECTS[before] if before else None
        made = clocks.change(
            effect,
            open_clocks=tuple(clock for clock, _ in self._clocks.values()),
            terms=Terms(self._deadlines, _SUBJECTS[urgency], lead_org_id, was),
            now=at,
            round_no=round_no,
            **more,
        )
        for clock in made.stopped:
            self._write_clock(*self._clocks.pop(clock.kind), at)
        for clock in (*made.paused, *made.resumed, *made.moved):
            self._clocks[clock.kind] = (clock, self._clocks[clock.kind][1])
        for clock in made.started:
            self._clocks[clock.kind] = (clock, self.new_id(at))
        self.due_at = made.due_at
        return made.as_data(at, action)

    def pass_levels(self, until: datetime, handling_level: int) -> list[Passed]:
        """What the running clocks pass until then, in order; what the system does alone is waited for."""
        found: list[Passed] = []
        for clock, clock_id in list(self._clocks.values()):
            if not _looked_at(clock, until):
                continue
            passed, waits = self._levels(clock, until, handling_level)
            alone = next((step for step in passed if (clock.kind, step.level) in ALONE), None)
            if alone is not None:
                passed, waits = passed[: passed.index(alone)], alone
            if passed:
                marked = replace(clock, level=passed[-1].level, next_at=waits.at if waits else None)
                self._clocks[clock.kind] = (marked, clock_id)
            found += [Passed(step.at, clock, step.level) for step in passed]
        return sorted(found, key=lambda step: (step.at, step.level))

    def alone(self, kind: ClockKind, until: datetime, handling_level: int) -> datetime | None:
        """When, until then, the system does something about a clock of its own accord."""
        clock = self.clock(kind)
        if clock is None or not _looked_at(clock, until):
            return None
        passed, _ = self._levels(clock, until, handling_level)
        return next((step.at for step in passed if (kind, step.level) in ALONE), None)

    def given_up(self, kind: ClockKind, level: Level) -> None:
        """The system has acted on a clock: nothing more is waited for."""
        clock, clock_id = self._clocks[kind]
        self._clocks[kind] = (replace(clock, level=level, next_at=None), clock_id)

    def assign(
        self,
        number: int,
        org_id: UUID,
        at: datetime,
        handler_id: UUID | None = None,
        signed_at: datetime | None = None,
    ) -> None:
        """Begin a round of work by an organisation; after a rework its handler has it at once."""
        self._assignment = AssignmentRecord(
            self.new_id(at), self.ticket_id, number, org_id, handler_id, at, signed_at, None, None
        )

    def sign(self, handler_id: UUID, at: datetime) -> None:
        """Somebody takes the work on."""
        if self._assignment is not None:
            self._assignment = self._assignment._replace(handler_id=handler_id, signed_at=at)

    def unassign(self, at: datetime, reason: str) -> None:
        """End the round of work, if one is under way."""
        if self._assignment is not None:
            self._sheets.assignments.append(self._assignment._replace(ended_at=at, end_reason=reason))
            self._assignment = None

    def ask(self, kind: str, who: Person, at: datetime, **asked: Any) -> None:
        """A request, to be decided."""
        self.request = RequestRecord(self.new_id(at), self.ticket_id, kind, who.id, at, **asked)

    def decide(self, state: RequestState, who: Person, at: datetime) -> str | None:
        """End the request, if one waits; its kind."""
        if self.request is None:
            return None
        decided = self.request._replace(state=state, decided_by=who.member_id, decided_at=at)
        self._sheets.requests.append(decided)
        self.request = None
        return decided.kind

    def press(self, at: datetime, level: SuperviseLevel, org_id: UUID | None) -> None:
        """A card from the system."""
        self._cards.append(SupervisionRecord(self.new_id(at), self.ticket_id, level, org_id, None, at))

    def reply(self, at: datetime) -> None:
        """All cards are answered."""
        self._cards = [card._replace(replied_at=at) for card in self._cards]

    def lift(self, at: datetime) -> None:
        """All cards are lifted."""
        self._sheets.supervisions.extend(card._replace(lifted_at=at) for card in self._cards)
        self._cards = []

    def suspend(self, at: datetime, reason: SuspendReason, resume_on: date) -> None:
        """A line of the ledger."""
        new = (self.new_id(at), self.ticket_id, reason, at, resume_on, at + REVIEW_EVERY)
        self._suspension = SuspensionRecord(*new)

    def resume(self, at: datetime) -> None:
        """The line ends."""
        if self._suspension is not None:
            self._sheets.suspensions.append(self._suspension._replace(ended_at=at))
            self._suspension = None

    def leave(self) -> None:
        """Write what is still open as it stands."""
        for running in self._clocks.values():
            self._write_clock(*running, None)
        self._sheets.assignments.extend(filter(None, [self._assignment]))
        self._sheets.requests.extend(filter(None, [self.request]))
        self._sheets.suspensions.extend(filter(None, [self._suspension]))
        self._sheets.supervisions.extend(self._cards)

    def _levels(
        self, clock: Clock, until: datetime, handling_level: int
    ) -> tuple[list[Reached], Reached | None]:
        limits = Limits(clock.kind, clock.unit, clock.amount, clock.due_at, handling_level)
        next_at = clock.next_at or until
        calendar = self._deadlines.calendar(clock.org_id)
        return thresholds.passed(limits, clock.level, next_at, now=until, calendar=calendar)

    def _write_clock(self, clock: Clock, clock_id: UUID, stopped_at: datetime | None) -> None:
        self._sheets.clocks.append(
            ClockRecord(
                clock_id,
                self.ticket_id,
                clock.kind,
                clock.round,
                clock.unit,
                clock.amount,
                clock.halved,
                clock.started_at,
                clock.due_at,
                clock.provisional,
                clock.next_at,
                clock.level,
                clock.paused_at,
                stopped_at,
                clock.org_id,
            )
        )


def _looked_at(clock: Clock, until: datetime) -> bool:
    return clock.paused_at is None and clock.next_at is not None and clock.next_at <= until
