"""How fast a ticket's story goes: steps after shares of their limits, in office hours, never after now."""

from datetime import datetime
from random import Random

from app.demo.content.tables import chance
from app.demo.history.office import WORK_DAY_SECONDS, Office, instant
from app.models.enums import SlaUnit
from app.services.tickets.limits import Limit

_LATE_SHARE = 0.06


class Pace:
    """The usual pace, or a slower or faster one: `stretch` times the usual working time for each step."""

    def __init__(self, office: Office, now: float, stretch: float = 1.0) -> None:
        self._office, self._now, self._stretch = office, now, stretch

    def within(self, rng: Random, last: datetime, limit: Limit, least: float, most: float) -> datetime:
        """When a step comes that has such a limit: after a share of it, now and then after more than all."""
        late = chance(rng, _LATE_SHARE)
        share = 1.05 + 0.8 * rng.random() if late else least + (most - least) * rng.random()
        if limit.unit is SlaUnit.WALL_MINUTES:
            begun = last.timestamp()
            return self._not_after_now(rng, begun, begun + limit.amount * 60 * share * self._stretch)
        unit = WORK_DAY_SECONDS if limit.unit is SlaUnit.WORK_DAYS else 60.0
        return self.worked(rng, last, limit.amount * unit * share)

    def worked(self, rng: Random, last: datetime, seconds: float) -> datetime:
        """When a step comes after so much working time."""
        begun = last.timestamp()
        return self._not_after_now(rng, begun, self._office.after(begun, seconds * self._stretch))

    def _not_after_now(self, rng: Random, begun: float, wanted: float) -> datetime:
        """The instant, or one in the time that is left: later than the last step, earlier than now."""
        if wanted < self._now:
            return instant(wanted)
        return instant(begun + (self._now - begun) * (0.2 + 0.4 * rng.random()))
