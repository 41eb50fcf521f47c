"""The middle of a ticket's story: the first contact, and what holds the work up, from extensions to cards.

Few tickets see more of it than the contact.
"""

from datetime import datetime, timedelta

from app.core.clock import BUSINESS_ZONE
from app.demo.content import answers
from app.demo.content.tables import pick
from app.demo.history.intake import Intake
from app.demo.history.office import WORK_DAY_SECONDS
from app.models.enums import (
    Action,
    ClockKind,
    EscalateReason,
    RevisitMethod,
    SlaUnit,
    Status,
    SuperviseLevel,
    Urgency,
)
from app.services.tickets.limits import LIMITS

_CONTACTED_SHARE = 0.94
_EXTENDED_SHARE = 0.03
_SUSPENDED_SHARE = 0.008
_ESCALATED_SHARE = 0.01
_GRANTED_SHARE = 0.85
_METHODS = (*[RevisitMethod.PHONE] * 5, RevisitMethod.IN_PERSON, RevisitMethod.IN_PERSON)
_SOON = WORK_DAY_SECONDS / 2


class Delays(Intake):
    """From the handler's desk until the work can be finished."""

    def delayed(self) -> bool:
        """The contact and whatever holds the work up; False when its fate has come."""
        self._contacted()
        if self.fate is Status.SUSPENDED:
            self._suspended()
            return False
        if self.fate is Status.ESCALATING:
            self._escalated()
            return False
        if self.chance(_EXTENDED_SHARE):
            self._extended()
        elif self.chance(_SUSPENDED_SHARE) and self.fate is Status.CLOSED:
            self._suspended()
            self._resumed()
        elif self.chance(_ESCALATED_SHARE):
            self._escalated()
            self._sent_back()
        return True

    def escalated_by_the_clock(self, at: datetime) -> datetime:
        """Too late: the next level decides; when the handler is through after all."""
        self.case.escalate(None, at, EscalateReason.OVERDUE, None)
        self._sent_back()
        return self.worked(_SOON + self.rng.random() * WORK_DAY_SECONDS)

    def answered(self, until: datetime) -> None:
        """Cards are answered, and lifted, before the result."""
        if self.case.supervise_level is SuperviseLevel.NONE:
            return
        at = self.before(until)
        self.case.reply_supervision(self.handler(), at, self.said(Action.REPLY_SUPERVISION))
        who, at = pick(self.rng, self.town.supervisors), self.before(until)
        self.case.lift_supervision(who, at, self.said(Action.LIFT_SUPERVISION))

    def _contacted(self) -> None:
        if self.chance(_CONTACTED_SHARE):
            at = self.later(ClockKind.CONTACT, most=0.45)
            words = self.said(Action.CONTACT)
            method = RevisitMethod.IN_PERSON if "到场" in words else pick(self.rng, _METHODS)
            self.case.contact(self.handler(), at, method, words)

    def _extended(self) -> None:
        """Asked for before the deadline, granted or not."""
        at, handle = self.later(ClockKind.HANDLE, most=0.4), self.case.dossier.clock(ClockKind.HANDLE)
        if self.case.urgency is Urgency.CRITICAL or handle is None or at > handle.due_at:
            return
        reason, opinion = answers.delay(self.rng, Action.REQUEST_EXTENSION)
        limit = LIMITS[ClockKind.HANDLE, self.case.urgency]
        amount = limit.amount // 2 if limit.unit is SlaUnit.WALL_MINUTES else pick(self.rng, (2, 3, 5))
        self.case.request_extension(self.handler(), at, amount, reason, opinion)
        at = self.worked(self.rng.random() * _SOON)
        if self.chance(_GRANTED_SHARE):
            words = self.remark(Action.APPROVE_EXTENSION)
            self.case.approve_extension(self.dispatcher, at, amount, words)
            return
        self.case.deny(Action.DENY_EXTENSION, self.dispatcher, at, self.said(Action.DENY_EXTENSION))

    def _suspended(self) -> None:
        """Into the ledger, for longer than it will take."""
        at = self.later(ClockKind.HANDLE, most=0.3)
        days = timedelta(days=45 + int(45 * self.rng.random()))
        reason, opinion = answers.delay(self.rng, Action.REQUEST_SUSPEND)
        resume_on = at.astimezone(BUSINESS_ZONE).date() + days
        self.case.request_suspend(self.handler(), at, resume_on, reason, opinion)
        at, words = self.worked(self.rng.random() * _SOON), self.remark(Action.APPROVE_SUSPEND)
        self.case.approve_suspend(self.dispatcher, at, resume_on, reason, words)

    def _resumed(self) -> None:
        at = self.worked((3 + 9 * self.rng.random()) * WORK_DAY_SECONDS)
        self.case.resume(self.handler(), at, self.remark(Action.RESUME))

    def _escalated(self) -> None:
        at = self.later(ClockKind.HANDLE, most=0.3)
        reason, opinion = answers.escalation(self.rng)
        self.case.escalate(self.dispatcher, at, reason, opinion)

    def _sent_back(self) -> None:
        at = self.worked(self.rng.random() * WORK_DAY_SECONDS)
        self.case.send_back(pick(self.rng, self.town.supervisors), at, self.said(Action.DECIDE))
