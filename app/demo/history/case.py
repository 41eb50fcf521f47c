"""One ticket of the demo while it is being told: every step writes what the service would have written.

The workflow table is asked for the next state and the effect on the clocks. What differs from the service is
only where the rows go: to sheets for COPY instead of a database. What happens, when and by whom is decided
by `lives`. The outbox gets nothing: it is a log of live use, and its readers have no business with a past
that nobody lived.
"""

import json
from datetime import datetime
from functools import cache
from random import Random
from typing import Any
from uuid import UUID

from app.demo.content.answers import DeclineText, ResolutionText
from app.demo.history.cast import Person
from app.demo.history.dossier import Dossier
from app.demo.history.rows import EvaluationRecord, EventRecord, NoteRecord, OutcomeRecord, RevisitRecord
from app.demo.history.sheets import Sheets
from app.models.enums import (
    Action,
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
from app.services.tickets import workflow
from app.services.tickets.policies import revisit_exemption
from app.services.tickets.transitions import REPORTER
from app.services.tickets.workflow import STAGE_OF, TERMINAL, Transition

Answer = tuple[Solved, Satisfaction]


class Case:
    """The ticket as it stands after the steps told so far; each step comes later than the one before."""

    def __init__(
        self, rng: Random, calendar: Calendar, sheets: Sheets, source: EventSource, reported_at: datetime
    ) -> None:
        self._sheets = sheets
        self.dossier = Dossier(rng, calendar, sheets, reported_at)
        self.id = self.dossier.ticket_id
        self.source, self.urgency = source, Urgency.NORMAL
        self.status, self.stage = Status.REPORTED, Stage.REPORT
        self.version = 0
        self.reporter: Person
        self.updated_by: UUID
        self.reported_at = self.at = reported_at
        self.occurred_at: datetime | None = None
        self.lead_org_id: UUID | None = None
        self.handler: Person | None = None
        self.resolved_at: datetime | None = None
        self.closed_at: datetime | None = None
        self.revisit_state = RevisitState.NEEDED
        self.exempt_policy: str | None = None
        self.resolution: ResolutionText | None = None
        self.satisfaction: Satisfaction | None = None
        self.solved: Solved | None = None
        self.decline_count = self.rework_count = self.dispatch_count = 0

    @property
    def round(self) -> int:
        """Which round of handling this is."""
        return self.rework_count + 1

    def report(self, who: Person, urgency: Urgency, occurred_at: datetime | None) -> None:
        """The first step."""
        self.reporter, self.urgency, self.occurred_at = who, urgency, occurred_at
        self._take(Action.REPORT, who, self.at, {"source": self.source}, device_at=occurred_at)

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
        self.dossier.sign(who.id, at)
        self._take(Action.SIGN, who, at, {}, opinion)

    def decline(self, who: Person, at: datetime, text: DeclineText, proposed_org_id: UUID) -> None:
        """Ask to hand it back."""
        self.dossier.ask(who, at, text, proposed_org_id)
        codes = {"reason": text.reason, "proposed_org_id": str(proposed_org_id)}
        self._take(Action.DECLINE, who, at, codes)

    def approve_decline(self, who: Person, at: datetime, org_id: UUID | None, opinion: str | None) -> None:
        """Let it go, to another organisation or back to the queue."""
        self.decline_count += 1
        self.dossier.decide(RequestState.APPROVED, who, at)
        if org_id is not None:
            codes = self._to_org(org_id, at, Action.APPROVE_DECLINE)
            self._take(Action.APPROVE_DECLINE, who, at, codes, opinion, Outcome.WITH_ORG)
            return
        codes = {"from_org_id": str(self.lead_org_id)}
        self.dossier.unassign(at, "declined")
        self.lead_org_id = self.handler = None
        self._take(Action.APPROVE_DECLINE, who, at, codes, opinion, Outcome.WITHOUT_ORG)

    def deny_decline(self, who: Person, at: datetime, opinion: str) -> None:
        """It stays where it is."""
        self.decline_count += 1
        self.dossier.decide(RequestState.DENIED, who, at)
        self._take(Action.DENY_DECLINE, who, at, {}, opinion)

    def resolve(self, who: Person, at: datetime, text: ResolutionText) -> None:
        """The handler's result; a policy may let the ticket off the revisit."""
        self.dossier.unassign(at, "resolved")
        self.resolved_at, self.resolution = at, text
        told = (text.resolution_type, text.text, text.public_reply or text.text, at)
        self._sheets.outcomes.append(OutcomeRecord(self.id, self.round, *told))
        codes: dict[str, Any] = {"resolution_type": text.resolution_type}
        policy = revisit_exemption(self.source)
        if policy is None:
            self._take(Action.RESOLVE, who, at, codes, None, Outcome.NEEDS_REVISIT)
            return
        self.revisit_state, self.exempt_policy = RevisitState.EXEMPT, policy
        codes["exempt_policy"] = policy
        self._take(Action.RESOLVE, who, at, codes, None, Outcome.EXEMPT)

    def revisit(
        self,
        who: Person,
        at: datetime,
        method: RevisitMethod,
        outcome: Outcome,
        answer: Answer | None = None,
        opinion: str | None = None,
    ) -> None:
        """Ask the person who complained; an answer when they were reached."""
        solved, satisfaction = answer or (None, None)
        asked = (self.round, who.id, at, method, outcome is Outcome.REACHED, solved, satisfaction)
        self._sheets.revisits.append(RevisitRecord(self.dossier.new_id(at), self.id, *asked))
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
        self.resolved_at = self.resolution = self.satisfaction = self.solved = None
        self.revisit_state = RevisitState.NEEDED
        if self.lead_org_id is not None and self.handler is not None:
            self.dispatch_count += 1
            self.dossier.assign(self.dispatch_count, self.lead_org_id, at, self.handler.id, at)
        self._take(Action.REWORK, who, at, {"rework": self.rework_count}, opinion)

    def evaluate(
        self, who: Person, at: datetime, by: EvaluatedBy, answer: Answer, opinion: str | None
    ) -> None:
        """What somebody thinks of the outcome."""
        self.solved, self.satisfaction = answer
        given = (self.round, who.member_id, by, self.satisfaction, self.solved, at)
        self._sheets.evaluations.append(EvaluationRecord(self.dossier.new_id(at), self.id, *given))
        codes = {"evaluated_by": by, "satisfaction": self.satisfaction, "solved": self.solved}
        self._take(Action.EVALUATE, who, at, codes, opinion)

    def void(self, who: Person, at: datetime, reason: str, opinion: str) -> None:
        """Take it out of the figures, with whatever was under way."""
        self.dossier.unassign(at, "voided")
        self.dossier.decide(RequestState.CANCELLED, who, at)
        self._take(Action.VOID, who, at, {"reason": reason}, opinion)

    def standing(self) -> dict[str, Any]:
        """The columns of the ticket that its story has made what they are."""
        return {
            "source": self.source,
            "urgency": self.urgency,
            "stage": self.stage,
            "status": self.status,
            "lead_org_id": self.lead_org_id,
            "handler_id": self.handler.id if self.handler else None,
            "occurred_at": self.occurred_at,
            "reported_at": self.reported_at,
            "due_at": self.dossier.due_at,
            "resolved_at": self.resolved_at,
            "closed_at": self.closed_at,
            "revisit_state": self.revisit_state,
            "exempt_policy": self.exempt_policy,
            "satisfaction": self.satisfaction,
            "solved": self.solved,
            "resolution_type": self.resolution.resolution_type if self.resolution else None,
            "pending_decline": self.dossier.pending,
            "decline_count": self.decline_count,
            "rework_count": self.rework_count,
            "dispatch_count": self.dispatch_count,
            "version": self.version,
            "updated_at": self.at,
            "updated_by": self.updated_by,
        }

    def _to_org(self, org_id: UUID, at: datetime, action: Action) -> dict[str, Any]:
        before, self.lead_org_id, self.handler = self.lead_org_id, org_id, None
        self.dispatch_count += 1
        self.dossier.unassign(at, action)
        self.dossier.assign(self.dispatch_count, org_id, at)
        return {"org_id": str(org_id), "from_org_id": None if before is None else str(before)}

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
        source = self.status if self.version else None
        row, role = _row(source, action, outcome, who.role)
        self.status, self.stage = row.to, STAGE_OF[row.to] or self.stage
        self.version, self.updated_by, self.at = self.version + 1, who.id, at
        if row.to in TERMINAL:
            self.closed_at = at
        codes["clocks"] = self.dossier.turn(
            row.clocks, at, self.urgency, self.round, self.lead_org_id, halved=action is Action.REWORK
        )
        event_id = self.dossier.new_id(at)
        told = (action, source, row.to, at, device_at, who.id, role, json.dumps(codes))
        self._sheets.events.append(EventRecord(event_id, self.id, self.version, *told))
        if opinion:
            self._sheets.notes.append(NoteRecord(event_id, opinion))


@cache
def _row(
    source: Status | None, action: Action, outcome: Outcome | None, actor: Role
) -> tuple[Transition, str]:
    """The row that a step takes, and the role that the timeline names; LookupError where none admits it."""
    for row in workflow.rows_for(source, action):
        if row.outcome in {None, outcome} and (not row.roles or actor in row.roles):
            return row, actor if row.roles else REPORTER
    raise LookupError(f"{actor} cannot {action} a ticket that is {source}")
