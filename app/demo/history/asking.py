"""A ticket's steps off the main road: requests and their decisions, the ledger, other levels, merging.

Every step writes what the service would have written; when and why it is taken is decided by the story.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from app.demo.content.answers import DeclineText
from app.demo.history.cast import Person
from app.demo.history.standing import Standing
from app.models.enums import (
    Action,
    ClockKind,
    Decision,
    EscalateReason,
    Outcome,
    RequestState,
    SlaUnit,
    SuperviseLevel,
    SuspendReason,
)
from app.services.platform.worktime import due
from app.services.tickets.thresholds import Level


class Asking(Standing):
    """The steps that most tickets never see."""

    def may_decline(self, at: datetime) -> bool:
        """Whether a decline would still be in time: one working day after the dispatch."""
        handle = self.dossier.clock(ClockKind.HANDLE)
        if handle is None:
            return False
        return at <= due(self._calendar, handle.started_at, SlaUnit.WORK_DAYS, 1).due

    def decline(self, who: Person, at: datetime, text: DeclineText, proposed_org_id: UUID) -> None:
        """Ask to hand it back."""
        asked = {"reason": text.reason, "basis": text.basis, "proposed_org_id": proposed_org_id}
        self.dossier.ask("decline", who, at, **asked)
        codes = {"reason": text.reason, "proposed_org_id": str(proposed_org_id)}
        self._take(Action.DECLINE, who, at, codes)

    def approve_decline(self, who: Person, at: datetime, org_id: UUID | None, opinion: str | None) -> None:
        """Let it go, to another organisation or back to the queue."""
        self.decline_count += 1
        codes: dict[str, Any] = {"request": self.dossier.decide(RequestState.APPROVED, who, at)}
        if org_id is not None:
            codes |= self._to_org(org_id, at, Action.APPROVE_DECLINE)
            self._take(Action.APPROVE_DECLINE, who, at, codes, opinion, Outcome.WITH_ORG)
            return
        codes["from_org_id"] = str(self.lead_org_id)
        self.dossier.unassign(at, "declined")
        self.lead_org_id = self.handler = None
        self._take(Action.APPROVE_DECLINE, who, at, codes, opinion, Outcome.WITHOUT_ORG)

    def deny(self, action: Action, who: Person, at: datetime, opinion: str) -> None:
        """It stays as it is; a refused decline counts."""
        self.decline_count += action is Action.DENY_DECLINE
        self._take(action, who, at, {"request": self.dossier.decide(RequestState.DENIED, who, at)}, opinion)

    def request_extension(
        self, who: Person, at: datetime, amount: int, reason: SuspendReason, opinion: str
    ) -> None:
        """Ask for more of the handle clock's own units."""
        self.dossier.ask("extension", who, at, reason=reason, basis=opinion, amount=amount)
        codes = {"reason": reason, "amount": str(amount)}
        self._take(Action.REQUEST_EXTENSION, who, at, codes, opinion)

    def approve_extension(self, who: Person, at: datetime, amount: int, opinion: str | None) -> None:
        """The handle clock's deadline moves."""
        self.extension_count += 1
        codes = {"amount": amount, "request": self.dossier.decide(RequestState.APPROVED, who, at)}
        self._take(Action.APPROVE_EXTENSION, who, at, codes, opinion, extended=amount)

    def request_suspend(
        self, who: Person, at: datetime, resume_on: date, reason: SuspendReason, opinion: str
    ) -> None:
        """Ask to wait until a day."""
        self.dossier.ask("suspend", who, at, reason=reason, basis=opinion, resume_on=resume_on)
        codes = {"reason": reason, "resume_on": str(resume_on)}
        self._take(Action.REQUEST_SUSPEND, who, at, codes, opinion)

    def approve_suspend(
        self, who: Person, at: datetime, resume_on: date, reason: SuspendReason, opinion: str | None
    ) -> None:
        """It goes into the ledger."""
        self.resume_on = resume_on
        self.dossier.suspend(at, reason, resume_on)
        request = self.dossier.decide(RequestState.APPROVED, who, at)
        codes = {"resume_on": str(resume_on), "request": request}
        self._take(Action.APPROVE_SUSPEND, who, at, codes, opinion)

    def resume(self, who: Person, at: datetime, opinion: str | None) -> None:
        """Work goes on, with what was left of the time."""
        self.resume_on = None
        self.dossier.resume(at)
        self._take(Action.RESUME, who, at, {}, opinion)

    def escalate(self, who: Person | None, at: datetime, reason: EscalateReason, opinion: str | None) -> None:
        """One level up; nobody but the clock asks for it when it is long overdue."""
        self.handling_level += 1
        self._take(Action.ESCALATE, who, at, {"level": self.handling_level, "reason": reason}, opinion)
        if who is None:
            self.dossier.given_up(ClockKind.HANDLE, Level.BEYOND)

    def send_back(self, who: Person, at: datetime, opinion: str) -> None:
        """The upper level leaves it with who has it."""
        codes = {"decision": Decision.SEND_BACK, "level": self.handling_level}
        self.handling_level -= 1
        self._take(Action.DECIDE, who, at, codes, opinion, Outcome.SEND_BACK)

    def reply_supervision(self, who: Person, at: datetime, opinion: str) -> None:
        """The lead answers the cards."""
        self.dossier.reply(at)
        self._take(Action.REPLY_SUPERVISION, who, at, {}, opinion)

    def lift_supervision(self, who: Person, at: datetime, opinion: str) -> None:
        """No longer pressed."""
        self.supervise_level = SuperviseLevel.NONE
        self.dossier.lift(at)
        self._take(Action.LIFT_SUPERVISION, who, at, {}, opinion)

    def merge(self, who: Person, at: datetime, master_id: UUID, opinion: str | None) -> None:
        """It follows an earlier report of the same matter."""
        self.merged = master_id, self.status
        self._take(Action.MERGE, who, at, {"master_id": str(master_id)}, opinion)

    def _to_org(self, org_id: UUID, at: datetime, action: Action) -> dict[str, Any]:
        before, self.lead_org_id, self.handler = self.lead_org_id, org_id, None
        self.dispatch_count += 1
        self.dossier.unassign(at, action)
        self.dossier.assign(self.dispatch_count, org_id, at)
        return {"org_id": str(org_id), "from_org_id": None if before is None else str(before)}
