"""The first half of a ticket's story: reported, accepted or not, sent to an organisation, perhaps twice."""

from datetime import timedelta
from uuid import UUID

from app.demo.content import answers
from app.demo.content.departments import VILLAGE_LINE, lines_mistaken_for
from app.demo.content.tables import pick
from app.demo.history.cast import Person, Rule
from app.demo.history.teller import Teller
from app.models.enums import Action, ClockKind, Role, Status, Urgency

_INFO_SHARE = 0.03  # Sent back for information and handed in again.
_DETOUR_SHARE = 0.065  # Declined or rerouted.
_RECLASSED_SHARE = 0.03
_SIGNED_SHARE = 0.35  # Of the declines: only after signing.
_WAITING_SHARE = 0.12  # Of the open ones: a decline that nobody has decided yet.
_AT_ONCE = timedelta(milliseconds=20)
_TURNED_DOWN = frozenset({Status.RETURNED, Status.NOT_ACCEPTED})
_DETOURS = (*["handed_over"] * 55, *["taken_back"] * 12, *["rerouted"] * 18, *["denied"] * 15)


class Intake(Teller):
    """From the report to the desk of the organisation that will handle it."""

    def accepted(self) -> bool:
        """Until it waits to be sent; False when its fate has come before that."""
        if self.fate in {Status.DRAFT, Status.REPORTED}:
            return False
        if self.fate is Status.MERGED:
            self._merged()
            return False
        if self.fate is Status.WITHDRAWN:
            self._withdrawn()
            return False
        if self.fate is Status.VOIDED and self.chance(0.5):
            self._voided(self.dispatcher)
            return False
        if self.fate in _TURNED_DOWN and (self._rule or self.chance(0.7)):
            self._turned_down()
            return False
        if self.fate not in _TURNED_DOWN and self.chance(_INFO_SHARE):
            self._asked_back()
        self._accept()
        if self.fate in _TURNED_DOWN:
            self._turned_down()
        return self.fate not in {*_TURNED_DOWN, Status.ACCEPTED}

    def sent(self) -> bool:
        """Until the handlers of the right organisation have signed it; False when its fate has come."""
        if self._rule:
            self.case.send_by_rule(self.case.at + _AT_ONCE, self._rule)
        else:
            self._send(Action.DISPATCH, self.town.org_of(self.text.line, self.grid))
        if self.chance(_DETOUR_SHARE):
            self._detour()
        if self.fate is Status.DISPATCHED:
            self._perhaps_declined()
            return False
        self._sign()
        if self.fate is Status.VOIDED:
            self._voided(pick(self.rng, self.town.supervisors))
        return self.fate is not Status.VOIDED

    @property
    def _rule(self) -> Rule | None:
        """The rule by which the system sends it as soon as it is accepted."""
        return self.town.rules.get(self.text.category)

    def _perhaps_declined(self) -> None:
        """Some of the open ones wait for a decision on a decline."""
        if self.chance(_WAITING_SHARE):
            self._decline()

    def _router(self) -> Person:
        """Small matters of a village are routed there."""
        if self.text.line == VILLAGE_LINE and self.chance(0.7):
            return pick(self.rng, self.grid.of_role(Role.VILLAGE_ADMIN))
        return self.dispatcher

    def _accept(self) -> None:
        urgency = self.case.urgency
        if self.chance(_RECLASSED_SHARE):
            urgency = Urgency.NORMAL if urgency is Urgency.URGENT else Urgency.URGENT
        at = self.later(ClockKind.ACCEPT)
        self.case.accept(self._router(), at, urgency, self.remark(Action.ACCEPT))

    def _withdrawn(self) -> None:
        if self.chance(0.4):
            self._return()
        at = self.later(ClockKind.ACCEPT)
        self.case.plain(Action.WITHDRAW, self.case.reporter, at, self.said(Action.WITHDRAW))

    def _voided(self, who: Person) -> None:
        reason, opinion = answers.void_opinion(self.rng)
        self.case.void(who, self.later(ClockKind.ACCEPT), reason, opinion)

    def _turned_down(self) -> None:
        if self.fate is Status.RETURNED:
            self._return()
            return
        reason, opinion = answers.rejection(self.rng)
        at = self.later(ClockKind.DISPATCH)
        self.case.refuse(Action.REJECT, self.dispatcher, at, reason, opinion)

    def _return(self) -> None:
        reason, opinion = answers.return_for_info(self.rng)
        at = self.later(ClockKind.DISPATCH)
        self.case.refuse(Action.RETURN_FOR_INFO, self.dispatcher, at, reason, opinion)

    def _asked_back(self) -> None:
        self._return()
        at = self.later(ClockKind.ACCEPT)
        self.case.plain(Action.SUBMIT, self.case.reporter, at, self.said(Action.SUBMIT))

    def _send(self, action: Action, org_id: UUID) -> None:
        who = self.dispatcher if action is Action.REROUTE else self._router()
        opinion = self.said(action) if action is Action.REROUTE else self.remark(action)
        self.case.send(action, who, self.later(ClockKind.DISPATCH), org_id, opinion)

    def _sign(self) -> None:
        if self.case.status is Status.DISPATCHED:
            who = self.handler()
            self.case.sign(who, self.later(ClockKind.SIGN), self.remark(Action.SIGN))

    def _decline(self) -> tuple[str, UUID] | None:
        """Ask that another line, and so another organisation, should have it; which, if there is time."""
        told = answers.decline(self.rng, self.text.line)
        proper = self.town.org_of(told.proper_line, self.grid)
        at = self.later(ClockKind.SIGN)
        if not self.case.may_decline(at):
            return None
        self.case.decline(self.handler(), at, told, proper)
        return told.proper_line, proper

    def _detour(self) -> None:
        """Somebody finds that another organisation should have it, rightly or not."""
        if self.chance(_SIGNED_SHARE) and self.fate is not Status.DISPATCHED:
            self._sign()
        how = pick(self.rng, _DETOURS)
        asked = None if how == "rerouted" else self._decline()
        if asked is None:
            line = pick(self.rng, lines_mistaken_for()[self.text.line])
            self.text = self.text._replace(line=line)
            self._send(Action.REROUTE, self.town.org_of(line, self.grid))
            return
        line, proper = asked
        at = self.later(ClockKind.DISPATCH)
        if how == "denied":
            self.case.deny(Action.DENY_DECLINE, self.dispatcher, at, self.said(Action.DENY_DECLINE))
            return
        self.text = self.text._replace(line=line)
        onward = proper if how == "handed_over" else None
        self.case.approve_decline(self.dispatcher, at, onward, self.remark(Action.APPROVE_DECLINE))
        if onward is None:
            self._send(Action.DISPATCH, proper)

    def _merged(self) -> None:
        """The same matter was reported before."""
        if self.master is None:
            raise LookupError("nothing to merge it into")
        at = self.before(self.master.until)
        self.case.merge(self.dispatcher, at, self.master.id, self.remark(Action.MERGE))
