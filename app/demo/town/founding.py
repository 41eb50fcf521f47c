"""What all rows that a demo begins with share: the seed's ids, the day of founding, and who wrote them.

Ids sort by the moment of their making, like everywhere; their random part comes from the seed.
"""

from datetime import date, datetime, timedelta
from random import Random
from uuid import UUID

from app.core.clock import BUSINESS_ZONE
from app.core.crypto import Vault
from app.core.ids import uuid7
from app.demo.content.tables import seeded

__all__ = [
    "REGISTERED_BY",
    "REGISTERED_FROM",
    "Founding",
    "Sealed",
    "Stamps",
    "new_id",
    "sealed",
    "stamps",
]

Stamps = tuple[datetime, UUID, datetime, UUID]
Sealed = tuple[bytes, bytes, str]

# A year of tickets, and before it a month to register everybody.
_LEAD = timedelta(days=400)
REGISTERED_FROM = timedelta(days=398)
REGISTERED_BY = timedelta(days=367)


class Founding:
    """The beginning of the demo, `now` being the moment of the load."""

    def __init__(self, seed: int, now: datetime) -> None:
        self.seed, self.now = seed, now
        self.at = now - _LEAD
        self._rng = seeded(seed, "founding")
        self._made = 0
        self.founder_id = self.new_id()

    @property
    def today(self) -> date:
        """The day of the load, where the business lives."""
        return self.now.astimezone(BUSINESS_ZONE).date()

    @property
    def stamps(self) -> Stamps:
        """Written on the first day by the first administrator."""
        return stamps(self.at, self.founder_id)

    def new_id(self) -> UUID:
        """An id of that day, each a millisecond after the one before."""
        self._made += 1
        return new_id(self._rng, self.at + timedelta(milliseconds=self._made))


def new_id(rng: Random, at: datetime) -> UUID:
    """An id of a moment, its random part drawn."""
    return uuid7(int(at.timestamp() * 1000), rng.getrandbits(74))


def stamps(at: datetime, who: UUID) -> Stamps:
    """Created and updated: when and by whom."""
    return at, who, at, who


def sealed(number: str, vault: Vault) -> Sealed:
    """A number as it is stored: sealed, its blind index, its last four."""
    return vault.seal(number), vault.index(number), number[-4:]
