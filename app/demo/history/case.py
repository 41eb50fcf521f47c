"""One ticket of the demo while it is being told: the steps of the main road, from report to close.

Every step writes what the service would have written. What happens, when and by whom is decided by `lives`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from app.demo.content.answers import ResolutionText
from app.demo.history.asking import Asking
from app.demo.history.cast import Person, Rule
from app.demo.history.rows import (
    AttachmentRecord,
    EvaluationRecord,
    LinkRecord,
    OutcomeRecord,
    RevisitRecord,
)
from app.demo.photos import MIME, Photo
from app.models.enums import (
    Action,
    EvaluatedBy,
    Outcome,
    RequestState,
    RevisitMethod,
    RevisitState,
    Satisfaction,
    Solved,
    Urgency,
)
from app.models.enums.attachment import AttachmentKind, AttachmentPurpose
from app.services.tickets.effects.handling import IMMEDIATE, LEDGER
from app.services.tickets.policies import SELF_RESOLVED, drawn_for_revisit, revisit_exemption

Shown = Mapping[AttachmentPurpose, Photo]
Answer = tuple[Solved, Satisfaction]


class Case(Asking):
    """The ticket and its usual steps."""

    def report(self, action: Action, who: Person, urgency: Urgency, occurred_at: datetime | None) -> None:
        """The first step: a report, or a draft of one."""
        self.reporter, self.urgency, self.occurred_at = who, urgency, occurred_at
        self._take(action, who, self.at, {"source": self.source}, device_at=occurred_at)

    def plain(self, action: Action, who: Person | None, at: datetime, opinion: str | None = None) -> None:
        """A step that only moves the state: submit, withdraw, close; nobody takes the system's."""
        self._take(action, who, at, {}, opinion)

    def accept(self, who: Person, at: datetime, urgency: Urgency, opinion: str | None) -> None:
        """Accept, perhaps with another urgency."""
        before, self.urgency = self.urgency, urgency
        if urgency is before:
            self._take(Action.ACCEPT, who, at, {}, opinion)
            return
        codes = {"changed": {"urgency": urgency}, "before": {"urgency": before}}
        self._take(Action.ACCEPT, who, at, codes, opinion, before=before)

    def refuse(self, action: Action, who: Person, at: datetime, reason: str, opinion: str) -> None:
        """Return for information, or reject: a step with a reason."""
        self._take(action, who, at, {"reason": reason}, opinion)

    def send(self, action: Action, who: Person, at: datetime, org_id: UUID, opinion: str | None) -> None:
        """Dispatch or reroute to an organisation."""
        self._take(action, who, at, self._to_org(org_id, at, action), opinion)

    def send_by_rule(self, at: datetime, rule: Rule) -> None:
        """The system dispatches at once what a rule catches."""
        codes = self._to_org(rule.org_id, at, Action.DISPATCH)
        self._take(Action.DISPATCH, None, at, {**codes, "rule_id": str(rule.id)})

    def sign(self, who: Person, at: datetime, opinion: str | None) -> None:
        """A handler of the organisation takes it on."""
        self.handler = who
        self.dossier.sign(who.id, at)
        self._take(Action.SIGN, who, at, {}, opinion)

    def contact(self, who: Person, at: datetime, method: RevisitMethod, opinion: str) -> None:
        """The first word with the person who complained."""
        self._take(Action.CONTACT, who, at, {"method": method}, opinion)

    def resolve(self, who: Person, at: datetime, text: ResolutionText) -> None:
        """The handler's result; a policy may let the ticket off the revisit."""
        self.dossier.unassign(at, "resolved")
        self.resolved_at, self.resolution, self.rectify_mode = at, text, LEDGER
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

    def self_resolve(
        self, who: Person, at: datetime, text: ResolutionText, shown: Shown, percent: int
    ) -> None:
        """Mended on the spot by who found it; `percent` of such tickets are drawn for a revisit."""
        self.resolved_at, self.resolution, self.rectify_mode = at, text, IMMEDIATE
        self.handler = who
        told = (text.resolution_type, text.text, text.public_reply, at)
        self._sheets.outcomes.append(OutcomeRecord(self.id, self.round, *told))
        codes, outcome = {"rectify_mode": IMMEDIATE}, Outcome.NEEDS_REVISIT
        if not drawn_for_revisit(self.id, percent):
            self.revisit_state, self.exempt_policy = RevisitState.EXEMPT, SELF_RESOLVED
            codes, outcome = codes | {"exempt_policy": SELF_RESOLVED}, Outcome.EXEMPT
        event_id = self._take(Action.SELF_RESOLVE, who, at, dict(codes), None, outcome)
        for purpose, photo in shown.items():
            photo_id, size = self.dossier.new_id(at), len(photo.content)
            about = (photo.sha256, photo.key, MIME, AttachmentKind.PHOTO, size, at)
            self._sheets.attachments.append(AttachmentRecord(photo_id, who.id, *about))
            self._sheets.links.append(LinkRecord(event_id, photo_id, self.id, purpose))

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
        self._take(Action.REWORK, who, at, {"rework": self.rework_count}, opinion, Outcome.WITHOUT_ORG)

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
        self.dossier.unassign(at, Action.VOID)
        codes = {"reason": reason}
        request = self.dossier.decide(RequestState.CANCELLED, who, at)
        self._take(Action.VOID, who, at, codes | ({"request": request} if request else {}), opinion)
