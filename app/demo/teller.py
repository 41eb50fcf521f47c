"""What every part of a ticket's story needs: the ticket, the people at hand, chance, words and the time.

`intake` tells the story until a department has the ticket, `handling` from there on. Steps come after
working time that is a share of the step's limit, mostly less than all of it, and never later than now.
"""

from datetime import datetime
from random import Random

from app.demo.case import Case
from app.demo.cast import Grid, Town
from app.demo.content import answers
from app.demo.content.complaints import TicketText
from app.demo.content.tables import chance, pick
from app.demo.office import WORK_DAY_SECONDS, Office, instant
from app.demo.sheets import Person
from app.models.enums import Action, ClockKind, SlaUnit, Status
from app.services.tickets.limits import LIMITS

_LATE_SHARE = 0.06
_WORDS_SHARE = 0.6  # Of the opinions that nobody has to write.


class Teller:
    """One ticket's story: who, when and in what words."""

    def __init__(
        self,
        rng: Random,
        town: Town,
        grid: Grid,
        office: Office,
        now: float,
        case: Case,
        text: TicketText,
        fate: Status,
    ) -> None:
        self.rng, self.town, self.grid = rng, town, grid
        self.case, self.text, self.fate = case, text, fate
        self._office, self._now = office, now
        self.dispatcher: Person = pick(rng, town.dispatchers)

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
        """When the next step comes: after a share of that clock's limit, now and then after more than all."""
        late = self.chance(_LATE_SHARE)
        share = 1.05 + 0.8 * self.rng.random() if late else least + (most - least) * self.rng.random()
        limit = LIMITS[kind, self.case.urgency]
        if limit.unit is SlaUnit.WALL_MINUTES:
            return self._not_after_now(self._at + limit.amount * share * 60)
        day = WORK_DAY_SECONDS if limit.unit is SlaUnit.WORK_DAYS else 60.0
        return self.worked(limit.amount * share * day)

    def worked(self, seconds: float) -> datetime:
        """When the next step comes after so much working time."""
        return self._not_after_now(self._office.after(self._at, seconds))

    @property
    def _at(self) -> float:
        return self.case.at.timestamp()

    def _not_after_now(self, wanted: float) -> datetime:
        """The instant, or one in the time that is left: later than the last step, earlier than now."""
        left = self._now - self._at
        return instant(min(wanted, self._at + left * (0.2 + 0.4 * self.rng.random())))
