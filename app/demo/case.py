"""One ticket of the demo while it is being told: every step writes what the service would have written.

The rows of the workflow table are asked for the next state and the effect on the clocks; deadlines come
from the tickets wing's own arithmetic. What differs is only where the rows go: to sheets for COPY instead
of a database. What happens, when and by whom is decided by `lives`. The outbox gets nothing: it is a log
of live use, and its readers have no business with a past that nobody lived.
"""

import json
from datetime import datetime
from functools import cache
from random import Random
from typing import Any
from uuid import UUID

from app.core.ids import uuid7
from app.demo.content.answers import DeclineText, ResolutionText
from app.demo.sheets import Person, Sheets
from app.demo.ticket_rows import (
    AssignmentRecord,
    ClockRecord,
    EvaluationRecord,
    EventRecord,
    NoteRecord,
    OutcomeRecord,
    RequestRecord,
    RevisitRecord,
)
from app.models.enums import (
    Action,
    ClockKind,
    EvaluatedBy,
    EventSource,
    Outcome,
    RequestState,
    RevisitMethod,
    RevisitState,
    Role,
    Satisfaction,
    Solved,
    Stage,
    Status,
    Urgency,
)
from app.services.platform.worktime import Calendar
from app.services.tickets import clocks, workflow
from app.services.tickets.clocks import Clock
from app.services.tickets.policies import revisit_exemption
from app.services.tickets.transitions import REPORTER
from app.services.tickets.workflow import STAGE_OF, TERMINAL, Transition


class Case:
    """The ticket as it stands after the steps told so far; `at` of each step must be later than the last."""

    def __init__(self, rng: Random, calendar: Calendar, sheets: Sheets, source: EventSource) -> None:
        self._rng, self._calendar, self._sheets = rng, calendar, sheets
        self._open: dict[ClockKind, tuple[Clock, UUID, UUID | None]] = {}
        self._assignment: AssignmentRecord | None = None
        self._request: RequestRecord | None = None
        self.source = source
        self.status: Status | None = None
        self.stage = Stage.REPORT
        self.version = 0
        self.reporter: Person
        self.updated_by: UUID
        self.urgency = Urgency.NORMAL
        self.lead_org_id: UUID | None = None
        self.handler: Person | None = None
        self.at: datetime
        self.due_at: datetime | None = None
        self.resolved_at: datetime | None = None
        self.closed_at: datetime | None = None
        self.revisit_state = RevisitState.NEEDED
        self.exempt_policy: str | None = None
        self.outcome: ResolutionText | None = None
        self.satisfaction: Satisfaction | None = None
        self.solved: Solved | None = None
        self.decline_count = self.rework_count = self.dispatch_count = 0

    @property
    def round(self) -> int:
        """Which round of handling this is."""
        return self.rework_count + 1

    @property
    def pending_decline(self) -> bool:
        """Whether a request to decline waits."""
        return self._request is not None

    def report(self, who: Person, at: datetime, urgency: Urgency, occurred_at: datetime | None) -> None:
        """The first step; the ticket's id is of that moment."""
        self.id = self._new_id(at)
        self.reporter, self.urgency = who, urgency
        self._take(Action.REPORT, who, at, {"source": self.source}, device_at=occurred_at)

    def plain(self, action: Action, who: Person, at: datetime, opinion: str | None = None) -> None:
        """A step that only moves the state: submit, withdraw, close."""
        self._take(action, who, at, {}, opinion)

    def accept(self, who: Person, at: datetime, urgency: Urgency, opinion: str | None) -> None:
        """Accept, perhaps with another urgency."""
        codes: dict[str, Any] = {}
        if urgency is not self.urgency:
            codes = {"changed": {"urgency": urgency}, "before": {"urgency": self.urgency}}
            self.urgency = urgency
        self._take(Action.ACCEPT, who, at, codes, opinion)

    def refuse(self, action: Action, who: Person, at: datetime, reason: str, opinion: str) -> None:
        """Return for information, or reject: a step with a reason."""
        self._take(action, who, at, {"reason": reason}, opinion)

    def send(self, action: Action, who: Person, at: datetime, org_id: UUID, opinion: str | None) -> None:
        """Dispatch or reroute to an organisation."""
        self._take(action, who, at, self._to_org(org_id, at, action), opinion)

    def sign(self, who: Person, at: datetime, opinion: str | None) -> None:
        """A handler of the organisation takes it on."""
        self.handler = who
        if self._assignment is not None:
            self._assignment = self._assignment._replace(handler_id=who.id, signed_at=at)
        self._take(Action.SIGN, who, at, {}, opinion)

    def decline(self, who: Person, at: datetime, text: DeclineText, proposed_org_id: UUID) -> None:
        """Ask to hand it back."""
        asked = (text.reason, text.basis, proposed_org_id, who.id, at, RequestState.PENDING, None, None)
        self._request = RequestRecord(self._new_id(at), self.id, "decline", *asked)
        codes = {"reason": text.reason, "proposed_org_id": str(proposed_org_id)}
        self._take(Action.DECLINE, who, at, codes)

    def approve_decline(self, who: Person, at: datetime, org_id: UUID | None, opinion: str | None) -> None:
        """Let it go, to another organisation or back to the queue."""
        self._decide(RequestState.APPROVED, who, at)
        if org_id is not None:
            codes = self._to_org(org_id, at, Action.APPROVE_DECLINE)
            self._take(Action.APPROVE_DECLINE, who, at, codes, opinion, Outcome.WITH_ORG)
            return
        codes = {"from_org_id": str(self.lead_org_id)}
        self._end_assignment(at, "declined")
        self.lead_org_id = self.handler = None
        self._take(Action.APPROVE_DECLINE, who, at, codes, opinion, Outcome.WITHOUT_ORG)

    def deny_decline(self, who: Person, at: datetime, opinion: str) -> None:
        """It stays where it is."""
        self._decide(RequestState.DENIED, who, at)
        self._take(Action.DENY_DECLINE, who, at, {}, opinion)

    def resolve(self, who: Person, at: datetime, text: ResolutionText) -> None:
        """The handler's result; a policy may let the ticket off the revisit."""
        self._end_assignment(at, "resolved")
        self.resolved_at, self.outcome = at, text
        told = (text.resolution_type, text.text, text.public_reply or text.text, at)
        self._sheets.outcomes.append(OutcomeRecord(self.id, self.round, *told))
        codes = {"resolution_type": text.resolution_type}
        policy = revisit_exemption(self.source)
        if policy is None:
            self._take(Action.RESOLVE, who, at, codes, None, Outcome.NEEDS_REVISIT)
            return
        self.revisit_state, self.exempt_policy = RevisitState.EXEMPT, policy
        codes |= {"exempt_policy": policy}
        self._take(Action.RESOLVE, who, at, codes, None, Outcome.EXEMPT)

    def revisit(
        self,
        who: Person,
        at: datetime,
        method: RevisitMethod,
        outcome: Outcome,
        answer: tuple[Solved, Satisfaction] | None = None,
        opinion: str | None = None,
    ) -> None:
        """Ask the person who complained; an answer when they were reached."""
        solved, satisfaction = answer or (None, None)
        reached = outcome is Outcome.REACHED
        asked = (self.round, who.id, at, method, reached, solved, satisfaction)
        self._sheets.revisits.append(RevisitRecord(self._new_id(at), self.id, *asked))
        codes: dict[str, Any] = {"method": method, "outcome": outcome}
        if answer is not None:
            codes |= {"solved": solved, "satisfaction": satisfaction}
            self.solved, self.satisfaction = answer
        if outcome is Outcome.UNREACHABLE:
            self.satisfaction = Satisfaction.UNREACHABLE
        if outcome is not Outcome.NOT_REACHED:
            self.revisit_state = RevisitState.DONE
        self._take(Action.REVISIT, who, at, codes, opinion, outcome)

    def rework(self, who: Person, at: datetime, opinion: str) -> None:
        """Back to the same handler, with half the time."""
        self.rework_count += 1
        self.resolved_at = self.outcome = self.satisfaction = self.solved = None
        self.revisit_state = RevisitState.NEEDED
        handler = self.handler.id if self.handler else None
        if self.lead_org_id is not None:
            self._assign(self.lead_org_id, at, handler, at)
        self._take(Action.REWORK, who, at, {"rework": self.rework_count}, opinion)

    def evaluate(
        self,
        who: Person,
        at: datetime,
        by: EvaluatedBy,
        answer: tuple[Solved, Satisfaction],
        opinion: str | None,
    ) -> None:
        """What somebody thinks of the outcome."""
        self.solved, self.satisfaction = answer
        given = (self.round, who.member_id, by, self.satisfaction, self.solved, at)
        self._sheets.evaluations.append(EvaluationRecord(self._new_id(at), self.id, *given))
        codes = {"evaluated_by": by, "satisfaction": self.satisfaction, "solved": self.solved}
        self._take(Action.EVALUATE, who, at, codes, opinion)

    def void(self, who: Person, at: datetime, reason: str, opinion: str) -> None:
        """Take it out of the figures, with whatever was under way."""
        self._end_assignment(at, "voided")
        if self._request is not None:
            self._close_request(RequestState.CANCELLED, who, at)
        self._take(Action.VOID, who, at, {"reason": reason}, opinion)

    def leave(self) -> None:
        """The end of the telling: what still runs is written as it stands."""
        self._sheets.clocks.extend(self._clock_row(*running, None) for running in self._open.values())
        if self._assignment is not None:
            self._sheets.assignments.append(self._assignment)
        if self._request is not None:
            self._sheets.requests.append(self._request)

    def _take(
        self,
        action: Action,
        who: Person,
        at: datetime,
        codes: dict[str, Any],
        opinion: str | None = None,
        outcome: Outcome | None = None,
        device_at: datetime | None = None,
    ) -> None:
        row, role = _row(self.status, action, outcome, who.role)
        before, self.status = self.status, row.to
        self.stage = STAGE_OF[row.to] or self.stage
        self.version, self.updated_by, self.at = self.version + 1, who.id, at
        if row.to in TERMINAL:
            self.closed_at = at
        codes["clocks"] = self._turn_clocks(row, action, at)
        event_id = self._new_id(at)
        told = (action, before, row.to, at, device_at, who.id, role, json.dumps(codes))
        self._sheets.events.append(EventRecord(event_id, self.id, self.version, *told))
        if opinion:
            self._sheets.notes.append(NoteRecord(event_id, opinion))

    def _turn_clocks(self, row: Transition, action: Action, at: datetime) -> dict[str, Any]:
        made = clocks.change(
            row.clocks,
            open_clocks=tuple(clock for clock, _, _ in self._open.values()),
            urgency=self.urgency,
            now=at,
            calendar=self._calendar,
            round_no=self.round,
            halved=action is Action.REWORK,
        )
        for clock in made.stopped:
            self._sheets.clocks.append(self._clock_row(*self._open.pop(clock.kind), at))
        for clock in (*made.paused, *made.resumed):
            self._open[clock.kind] = (clock, *self._open[clock.kind][1:])
        for clock in made.started:
            self._open[clock.kind] = (clock, self._new_id(at), self.lead_org_id)
        self.due_at = made.due_at
        return made.as_data(at)

    def _clock_row(
        self, clock: Clock, clock_id: UUID, org_id: UUID | None, stopped_at: datetime | None
    ) -> ClockRecord:
        limit = (clock.unit, clock.amount, clock.started_at, clock.due_at, clock.provisional)
        return ClockRecord(
            clock_id, self.id, clock.kind, clock.round, *limit, clock.paused_at, stopped_at, org_id
        )

    def _to_org(self, org_id: UUID, at: datetime, action: Action) -> dict[str, Any]:
        before = self.lead_org_id
        self._end_assignment(at, action)
        self.lead_org_id, self.handler = org_id, None
        self._assign(org_id, at)
        return {"org_id": str(org_id), "from_org_id": None if before is None else str(before)}

    def _assign(
        self, org_id: UUID, at: datetime, handler_id: UUID | None = None, signed_at: datetime | None = None
    ) -> None:
        self.dispatch_count += 1
        given = (self.dispatch_count, org_id, handler_id, at, signed_at, None, None)
        self._assignment = AssignmentRecord(self._new_id(at), self.id, *given)

    def _end_assignment(self, at: datetime, reason: str) -> None:
        if self._assignment is not None:
            ended = self._assignment._replace(ended_at=at, end_reason=reason)
            self._sheets.assignments.append(ended)
            self._assignment = None

    def _decide(self, state: RequestState, who: Person, at: datetime) -> None:
        self.decline_count += 1
        self._close_request(state, who, at)

    def _close_request(self, state: RequestState, who: Person, at: datetime) -> None:
        if self._request is not None:
            decided = self._request._replace(state=state, decided_by=who.id, decided_at=at)
            self._sheets.requests.append(decided)
            self._request = None

    def _new_id(self, at: datetime) -> UUID:
        return uuid7(int(at.timestamp() * 1000), self._rng.getrandbits(74))


@cache
def _row(
    source: Status | None, action: Action, outcome: Outcome | None, actor: Role
) -> tuple[Transition, str]:
    """The row that this step takes, and the role that the timeline names; LookupError where none admits it."""
    for row in workflow.rows_for(source, action):
        if row.outcome in {None, outcome} and (not row.roles or actor in row.roles):
            return row, actor if row.roles else REPORTER
    raise LookupError(f"{actor} cannot {action} a ticket that is {source}")
