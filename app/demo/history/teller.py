"""What every part of a ticket's story needs: the ticket, the people at hand, chance, words and the time.

`intake` tells the story until a department has the ticket, `lives` from there on.
"""

from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple
from uuid import UUID

from app.demo.content import answers
from app.demo.content.complaints import TicketText
from app.demo.content.tables import chance, pick
from app.demo.history.case import Case
from app.demo.history.cast import Grid, Person, Town
from app.demo.history.pace import Pace
from app.models.enums import Action, ClockKind, Status
from app.services.tickets.limits import LIMITS

_WORDS_SHARE = 0.6  # Of the opinions that nobody has to write.


_NEXT = timedelta(microseconds=1)


class Master(NamedTuple):
    """An earlier report of the same matter, and until when it may still be merged into."""

    id: UUID
    until: datetime


class Teller:
    """One ticket's story: who, when and in what words; `fate` is the status in which it ends."""

    def __init__(
        self, rng: Random, town: Town, grid: Grid, case: Case, text: TicketText, fate: Status, pace: Pace
    ) -> None:
        self.rng, self.town, self.grid = rng, town, grid
        self.case, self.text, self.fate = case, text, fate
        self._pace = pace
        self.dispatcher: Person = pick(rng, town.dispatchers)
        self.master: Master | None = None
        self.overtaken = False

    def chance(self, share: float) -> bool:
        """True in that share of tickets."""
        return chance(self.rng, share)

    def said(self, action: Action) -> str:
        """Words that go with an action."""
        return answers.opinion(self.rng, action)

    def remark(self, action: Action) -> str | None:
        """The same where the action needs none: often there are none."""
        return answers.opinion(self.rng, action) if self.chance(_WORDS_SHARE) else None

    def later(self, kind: ClockKind, least: float = 0.05, most: float = 0.85) -> datetime:
        """When the next step comes, if a clock of that kind measures it; `least` and `most` of its limit.

        Time passes until then. Where the system would have acted alone by that time it is the moment at
        which it does, and the teller is `overtaken`.
        """
        at = self._pace.within(self.rng, self.case.at, LIMITS[kind, self.case.urgency], least, most)
        alone = self.case.dossier.alone(kind, at, self.case.handling_level)
        self.overtaken = alone is not None
        if alone is not None:
            at = max(alone, self.case.at + _NEXT)
        return self._waited(at)

    def worked(self, seconds: float) -> datetime:
        """When the next step comes after so much working time."""
        return self._waited(self._pace.worked(self.rng, self.case.at, seconds))

    def before(self, end: datetime) -> datetime:
        """When the next step comes that must come before an instant."""
        share = 0.1 + 0.5 * self.rng.random()
        return self._waited(self.case.at + (end - self.case.at) * share)

    def handler(self) -> Person:
        """Who has it, or somebody of the organisation that has it."""
        org_id = self.case.lead_org_id
        if org_id is None:
            raise LookupError("nobody has the ticket yet")
        return self.case.handler or pick(self.rng, self.town.handlers[org_id])

    def _waited(self, at: datetime) -> datetime:
        self.case.wait(at)
        return max(at, self.case.at + _NEXT)
