"""The second half of a ticket's story: handled, revisited, reworked where people are not content, closed."""

from datetime import datetime

from app.core.clock import BUSINESS_ZONE
from app.demo.content import answers
from app.demo.content.answers import ResolutionText
from app.demo.content.tables import pick
from app.demo.history.case import Answer
from app.demo.history.cast import Person
from app.demo.history.delays import Delays
from app.demo.history.office import WORK_DAY_SECONDS
from app.demo.photos import photos
from app.models.enums import (
    Action,
    ClockKind,
    EvaluatedBy,
    Outcome,
    ResolutionType,
    RevisitMethod,
    RevisitState,
    Role,
    Satisfaction,
    Solved,
    Status,
    Urgency,
)
from app.services.tickets.answers import NOON
from app.services.tickets.guards import CLOSABLE_UNSOLVED
from app.services.tickets.policies import revisit_exemption
from app.services.tickets.workflow import GROUPS, MAX_REWORKS

_LAPPED_SHARE = 0.08  # Of the open ones at a handler or later: reworked before.
_MENDED_SHARE = 0.4  # Of the small things that a worker found.
_MOMENT = 1800.0
_WORKERS = frozenset(Role(code) for code in GROUPS["workers"].split())
_CROSS = Satisfaction.DISSATISFIED
_DISSATISFIED = frozenset({Satisfaction.DISSATISFIED, Satisfaction.VERY_DISSATISFIED})
_UNREACHABLE: Answer = (Solved.SOLVED, Satisfaction.UNREACHABLE)
_METHODS = (*[RevisitMethod.PHONE] * 8, RevisitMethod.IN_PERSON, RevisitMethod.LINK)
_OWN_METHODS = (RevisitMethod.IN_PERSON, RevisitMethod.IN_PERSON, RevisitMethod.PHONE)
_JUDGES = (
    *[EvaluatedBy.RESIDENT] * 6,
    EvaluatedBy.REPORTER,
    EvaluatedBy.REPORTER,
    *[EvaluatedBy.SUPERIOR] * 2,
)
_SPOKEN_OF = {"电话": RevisitMethod.PHONE, "上门": RevisitMethod.IN_PERSON}
_HALF_DAY = WORK_DAY_SECONDS / 2


class Life(Delays):
    """The whole story."""

    def live(self) -> None:
        """Every step after the report, up to the fate."""
        if self._is_mended_at_once():
            self._mended()
        elif self.accepted() and self.sent() and self.delayed():
            self._worked()

    def _is_mended_at_once(self) -> bool:
        """Something small that a worker found: some of it they put right themselves."""
        mendable = self.case.reporter.role in _WORKERS and self.text.category in self.town.self_handled
        calm = self.case.urgency in {Urgency.NORMAL, Urgency.COMPLEX}
        return self.fate is Status.CLOSED and mendable and calm and self.chance(_MENDED_SHARE)

    def _mended(self) -> None:
        """On the spot, with photos; only what is drawn is asked about, and nobody complains."""
        words = self.said(Action.SELF_RESOLVE)
        done = ResolutionText(ResolutionType.SOLVED, words, words)
        at = self.worked(_MOMENT * (0.3 + self.rng.random()))
        shown, percent = pick(self.rng, photos()), self.town.self_handled[self.text.category]
        self.case.self_resolve(self.case.reporter, at, done, shown, percent)
        if self.case.revisit_state is RevisitState.EXEMPT:
            self._close()
            return
        content = pick(self.rng, (Satisfaction.SATISFIED, Satisfaction.VERY))
        self._close_after(self._revisit(pick(self.rng, self.town.revisit_agents), content))

    def _worked(self) -> None:
        """From the handler's desk to the end, in one round or more."""
        begun = self.fate in {Status.PROCESSING, Status.RESOLVED, Status.EVALUATING}
        lapped = begun and revisit_exemption(self.case.source) is None and self.chance(_LAPPED_SHARE)
        laps = int(lapped)
        while self._round(again=self.case.rework_count < laps):
            pass

    def _round(self, *, again: bool) -> bool:
        """One round; True when another has begun. `again`: this one must end in a rework."""
        if self.fate is Status.PROCESSING and not again:
            self._perhaps_declined()
            return False
        self._resolve(again=again)
        exempt = self.case.revisit_state is RevisitState.EXEMPT
        if self.fate is Status.RESOLVED and not again:
            if not exempt:
                self._perhaps_missed()
            return False
        if exempt:
            self._close()
            return False
        asker = self._asker()
        answer = self._revisit(asker, _CROSS if again else answers.satisfaction(self.rng))
        if self._redo(answer, again=again):
            who = asker if asker.role is Role.REVISIT_AGENT else self.dispatcher
            self.case.rework(who, self.later(ClockKind.REVISIT, most=0.3), self.said(Action.REWORK))
            return True
        self._close_after(answer)
        return False

    def _resolve(self, *, again: bool) -> None:
        kind = ResolutionType.SOLVED if again else None
        text = answers.resolution(self.rng, self.text, kind)
        at = self.later(ClockKind.HANDLE, least=0.15, most=0.8)
        if self.overtaken:
            at = self.escalated_by_the_clock(at)
        self.answered(at)
        self.case.resolve(self.handler(), at, text)

    def _asker(self) -> Person:
        """A revisit agent, or the worker who reported it."""
        if self.case.reporter.role in _WORKERS and self.chance(0.3):
            return self.case.reporter
        return pick(self.rng, self.town.revisit_agents)

    def _perhaps_missed(self) -> None:
        if self.chance(0.25):
            self._miss(self._asker(), Outcome.NOT_REACHED)

    def _revisit(self, who: Person, content: Satisfaction) -> Answer:
        """Ask until there is that answer, or it is clear that there will be none."""
        if content is Satisfaction.UNREACHABLE:
            first = self._miss(who, Outcome.NOT_REACHED)
            second = self.worked(_HALF_DAY * 1.1)
            if _half_day(first) != _half_day(second):
                self._miss(who, Outcome.UNREACHABLE, second)
                return _UNREACHABLE
            content = Satisfaction.SATISFIED
        elif self.chance(0.1):
            self._miss(who, Outcome.NOT_REACHED)
        answer = self._solved(content), content
        method = pick(self.rng, _OWN_METHODS if who.role in _WORKERS else _METHODS)
        words = answers.revisit_opinion(self.rng, content)
        fits = all(method is meant for word, meant in _SPOKEN_OF.items() if word in words)
        at = self.later(ClockKind.REVISIT, least=0.15, most=0.9)
        self.case.revisit(who, at, method, Outcome.REACHED, answer, words if fits else None)
        return answer

    def _miss(self, who: Person, outcome: Outcome, at: datetime | None = None) -> datetime:
        """A call that nobody answers."""
        at = at or self.later(ClockKind.REVISIT, most=0.4)
        last = outcome is Outcome.UNREACHABLE
        words = answers.revisit_opinion(self.rng, Satisfaction.UNREACHABLE) if last else None
        self.case.revisit(who, at, RevisitMethod.PHONE, outcome, None, words)
        return at

    def _solved(self, content: Satisfaction) -> Solved:
        if content in _DISSATISFIED:
            return Solved.UNSOLVED
        full = content is not Satisfaction.BASICALLY and self._resolution is ResolutionType.SOLVED
        return Solved.SOLVED if full else Solved.BASICALLY

    def _redo(self, answer: Answer, *, again: bool) -> bool:
        """Whether it goes back to the handler."""
        if again:
            return True
        if self.fate is Status.EVALUATING or answer[1] not in _DISSATISFIED:
            return False
        closable = self._resolution in CLOSABLE_UNSOLVED or self.case.rework_count >= MAX_REWORKS
        return not closable or (self.case.rework_count < MAX_REWORKS and self.chance(0.2))

    def _close_after(self, answer: Answer) -> None:
        if self.fate is Status.EVALUATING and self.chance(0.6):
            return
        own = self.case.handler == self.case.reporter
        by = EvaluatedBy.RESIDENT if own else pick(self.rng, _JUDGES)
        content = answer[1] not in {*_DISSATISFIED, Satisfaction.UNREACHABLE}
        words = self.remark(Action.EVALUATE) if content else None
        self.case.evaluate(self._judge(by), self.worked(self.rng.random() * _HALF_DAY), by, answer, words)
        if self.fate is not Status.EVALUATING:
            self._close()

    def _judge(self, by: EvaluatedBy) -> Person:
        """Who writes the evaluation down."""
        if by is EvaluatedBy.RESIDENT:
            return pick(self.rng, self.town.revisit_agents)
        if by is EvaluatedBy.REPORTER:
            return self.case.reporter
        return pick(self.rng, self.town.supervisors) if self.chance(0.3) else self.dispatcher

    def _close(self) -> None:
        """By a dispatcher, or by the system once the time for it is over."""
        at = self.later(ClockKind.CLOSE, least=0.1)
        if self.overtaken:
            self.case.plain(Action.CLOSE, None, at)
            return
        self.case.plain(Action.CLOSE, pick(self.rng, self.town.dispatchers), at, self.remark(Action.CLOSE))

    @property
    def _resolution(self) -> ResolutionType | None:
        return self.case.resolution.resolution_type if self.case.resolution else None


def _half_day(moment: datetime) -> tuple[object, bool]:
    """The half-day of a moment, as the rule about unreachable people counts them."""
    local = moment.astimezone(BUSINESS_ZONE)
    return local.date(), local.hour < NOON
