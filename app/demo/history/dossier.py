"""What hangs on one ticket while its story is told: ids, clocks, assignments and requests still open.

Each is written to its sheet when it ends, or as it stands when the telling does. Deadlines come from the
tickets wing's own arithmetic.
"""

from datetime import datetime
from random import Random
from typing import Any
from uuid import UUID

from app.demo.content.answers import DeclineText
from app.demo.history.cast import Person
from app.demo.history.rows import AssignmentRecord, ClockRecord, RequestRecord
from app.demo.history.sheets import Sheets
from app.demo.town.founding import new_id
from app.models.enums import ClockKind, RequestState, Urgency
from app.services.platform.worktime import Calendar
from app.services.tickets import clocks, workflow
from app.services.tickets.clocks import Clock


class Dossier:
    """The open ends of one ticket; `due_at` is the next deadline of what runs."""

    def __init__(self, rng: Random, calendar: Calendar, sheets: Sheets, reported_at: datetime) -> None:
        self._rng, self._calendar, self._sheets = rng, calendar, sheets
        self._clocks: dict[ClockKind, tuple[Clock, UUID, UUID | None]] = {}
        self._assignment: AssignmentRecord | None = None
        self._request: RequestRecord | None = None
        self.ticket_id = self.new_id(reported_at)
        self.due_at: datetime | None = None

    @property
    def pending(self) -> bool:
        """Whether a request to decline waits."""
        return self._request is not None

    def new_id(self, at: datetime) -> UUID:
        """An id for a row of that moment."""
        return new_id(self._rng, at)

    def turn(
        self,
        effect: workflow.Clocks,
        at: datetime,
        urgency: Urgency,
        round_no: int,
        lead_org_id: UUID | None,
        *,
        halved: bool,
    ) -> dict[str, Any]:
        """Stop and start clocks as a row of the workflow table says; what the timeline tells of it."""
        made = clocks.change(
            effect,
            open_clocks=tuple(clock for clock, _, _ in self._clocks.values()),
            urgency=urgency,
            now=at,
            calendar=self._calendar,
            round_no=round_no,
            halved=halved,
        )
        for clock in made.stopped:
            self._write_clock(*self._clocks.pop(clock.kind), at)
        for clock in (*made.paused, *made.resumed):
            self._clocks[clock.kind] = (clock, *self._clocks[clock.kind][1:])
        for clock in made.started:
            self._clocks[clock.kind] = (clock, self.new_id(at), lead_org_id)
        self.due_at = made.due_at
        return made.as_data(at)

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

    def ask(self, who: Person, at: datetime, text: DeclineText, proposed_org_id: UUID) -> None:
        """A request to decline, to be decided."""
        self._request = RequestRecord(
            id=self.new_id(at),
            ticket_id=self.ticket_id,
            kind="decline",
            reason=text.reason,
            basis=text.basis,
            proposed_org_id=proposed_org_id,
            asked_by=who.id,
            asked_at=at,
            state=RequestState.PENDING,
            decided_by=None,
            decided_at=None,
        )

    def decide(self, state: RequestState, who: Person, at: datetime) -> None:
        """End the request, if one waits."""
        if self._request is not None:
            # As in the service: what is cancelled was decided by nobody.
            decided_by = None if state is RequestState.CANCELLED else who.id
            decided = self._request._replace(state=state, decided_by=decided_by, decided_at=at)
            self._sheets.requests.append(decided)
            self._request = None

    def leave(self) -> None:
        """Write what is still open as it stands."""
        for running in self._clocks.values():
            self._write_clock(*running, None)
        if self._assignment is not None:
            self._sheets.assignments.append(self._assignment)
        if self._request is not None:
            self._sheets.requests.append(self._request)

    def _write_clock(
        self, clock: Clock, clock_id: UUID, org_id: UUID | None, stopped_at: datetime | None
    ) -> None:
        self._sheets.clocks.append(
            ClockRecord(
                clock_id,
                self.ticket_id,
                clock.kind,
                clock.round,
                clock.unit,
                clock.amount,
                clock.started_at,
                clock.due_at,
                clock.provisional,
                clock.paused_at,
                stopped_at,
                org_id,
            )
        )
