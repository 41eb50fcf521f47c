"""What follows an attempt: when the next one is due, and when a receiver is given up. A table and no clock.

Ten attempts lie within three days. A message whose attempts are used up is given up; a receiver that has
taken nothing at all for as long is switched off, and one that answers 410 at once, as it asks. One that asks
for a pause is left alone for it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.models.enums.third_party import WebhookDeliveryState

WAITS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=12),
    timedelta(hours=18),
    timedelta(hours=24),
)
SPAN = sum(WAITS, timedelta())
REST = timedelta(minutes=1)
LONGEST_REST = timedelta(hours=1)
GONE, TOO_MANY, AWAY = 410, 429, 503
OK = range(200, 300)


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one attempt ended: a status, how the answer began and what pause it asks for; or why none came."""

    status: int | None
    failure: str | None
    seconds: float = 0.0
    excerpt: str | None = None
    pause: timedelta | None = None

    @property
    def taken(self) -> bool:
        """Whether the receiver has the message."""
        return self.status in OK


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a message, and when it is sent again if it waits."""

    state: WebhookDeliveryState
    next_at: datetime | None = None


def verdict(attempt: Attempt, *, attempts: int, now: datetime) -> Verdict:
    """What becomes of a message after its so-manieth attempt."""
    if attempt.taken:
        return Verdict(WebhookDeliveryState.DELIVERED)
    if attempts > len(WAITS):
        return Verdict(WebhookDeliveryState.FAILED)
    return Verdict(WebhookDeliveryState.WAITING, now + WAITS[attempts - 1])


def switched_off(attempt: Attempt, *, failing_since: datetime, now: datetime) -> str | None:
    """Why a receiver is switched off after a failed attempt, or None while it is not."""
    if attempt.status == GONE:
        return "gone"
    return "unreachable" if now - failing_since >= SPAN else None


def rest(attempt: Attempt) -> timedelta:
    """For how long a receiver wants to be left alone: too much for it, or away for a known time."""
    if attempt.status == TOO_MANY or (attempt.status == AWAY and attempt.pause is not None):
        return min(max(attempt.pause or REST, REST), LONGEST_REST)
    return timedelta()
