"""Default time limits by clock and urgency, as data, and the half limit of a rework.

Three units that never mix. Source: the field's default table, which every deployment begins with; its own
rules (`sla`) replace and refine it. The overall clock has no amount of its own: it runs through the limits
of the stages, one after the other.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from app.models.enums import ClockKind, SlaUnit, Urgency


class Limit(NamedTuple):
    """An amount of a unit."""

    unit: SlaUnit
    amount: int


HALF_WALL_MINIMUM = 60


def _wall(minutes: int) -> Limit:
    return Limit(SlaUnit.WALL_MINUTES, minutes)


def _work(minutes: int) -> Limit:
    return Limit(SlaUnit.WORK_MINUTES, minutes)


def _days(days: int) -> Limit:
    return Limit(SlaUnit.WORK_DAYS, days)


_URGENCIES = (Urgency.CRITICAL, Urgency.URGENT, Urgency.NORMAL, Urgency.COMPLEX)
_ROWS: Mapping[ClockKind, tuple[Limit, Limit, Limit, Limit]] = {
    ClockKind.ACCEPT: (_wall(15), _wall(60), _work(240), _days(1)),
    ClockKind.DISPATCH: (_wall(15), _wall(60), _work(240), _days(1)),
    ClockKind.SIGN: (_wall(15), _wall(120), _work(240), _days(1)),
    ClockKind.CONTACT: (_wall(30), _wall(240), _days(1), _days(1)),
    ClockKind.HANDLE: (_wall(1440), _wall(1440), _days(5), _days(15)),
    ClockKind.REVISIT: (_wall(1440), _days(1), _days(2), _days(3)),
    ClockKind.CLOSE: (_days(1), _days(1), _days(2), _days(3)),
}
LIMITS: Mapping[tuple[ClockKind, Urgency], Limit] = MappingProxyType(
    {
        (kind, urgency): limit
        for kind, row in _ROWS.items()
        for urgency, limit in zip(_URGENCIES, row, strict=True)
    }
)
# What an overall deadline is the end of: these limits, each from where the one before it ends.
OVERALL_STAGES = (
    ClockKind.ACCEPT,
    ClockKind.DISPATCH,
    ClockKind.HANDLE,
    ClockKind.REVISIT,
    ClockKind.CLOSE,
)


def half(limit: Limit) -> Limit:
    """The limit of a rework: half, rounded up to whole working days, of wall time at least an hour."""
    halved = -(-limit.amount // 2)
    if limit.unit is SlaUnit.WALL_MINUTES:
        halved = max(halved, HALF_WALL_MINIMUM)
    return Limit(limit.unit, max(halved, 1))
