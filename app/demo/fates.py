"""How far each ticket of the demo has come: exact shares, and the open ones among the newest.

Pure. A fate is the status in which a ticket stands when the telling ends; the way there is `lives`' story.
"""

from collections.abc import Sequence
from random import Random

from app.demo.content.tables import slots
from app.models.enums import Status
from app.services.tickets.workflow import TERMINAL

__all__ = ["fates"]

# Per mille of a year's tickets. The open ones in the order in which a ticket passes them.
_SHARES: tuple[tuple[Status, float], ...] = (
    (Status.REPORTED, 3.0),
    (Status.ACCEPTED, 2.5),
    (Status.DISPATCHED, 4.0),
    (Status.RETURNED, 3.0),
    (Status.PROCESSING, 17.0),
    (Status.RESOLVED, 8.0),
    (Status.EVALUATING, 5.5),
    (Status.NOT_ACCEPTED, 14.0),
    (Status.WITHDRAWN, 12.0),
    (Status.VOIDED, 9.0),
    (Status.CLOSED, 922.0),
)
_BLUR = 0.6  # How far the order of age and the order of progress may differ.


def fates(rng: Random, moments: Sequence[float], now: float) -> list[Status]:
    """A status for each ticket by the moment of its report; both in seconds since 1970."""
    blurred = [(now - moment) * (1 + _BLUR * (2 * rng.random() - 1)) for moment in moments]
    by_age = sorted(range(len(moments)), key=blurred.__getitem__)
    dealt = slots(_SHARES, len(moments))
    opened = [status for status in dealt if status not in TERMINAL]
    ended = sorted((status for status in dealt if status in TERMINAL), key=lambda _: rng.random())
    found: list[Status] = [Status.CLOSED] * len(moments)
    for place, status in zip(by_age, [*opened, *ended], strict=True):
        found[place] = status
    return found
