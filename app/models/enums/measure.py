"""What the figures count, each a column of the rollups; what they are made of into KPIs is `stats.kpis`."""

from collections.abc import Mapping
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType


class Measure(StrEnum):
    """One thing that is counted, or summed where it says minutes."""

    # Of a report, when it came in.
    REPORTED = "reported"
    JUDGED = "judged"
    VALID = "valid"
    SELF_RESOLVED = "self_resolved"
    # Of an acceptance.
    ACCEPTED = "accepted"
    SUPERVISED = "supervised"
    # Of a clock, when it was due; met is in time.
    ACCEPT_DUE = "accept_due"
    ACCEPT_MET = "accept_met"
    DISPATCH_DUE = "dispatch_due"
    DISPATCH_MET = "dispatch_met"
    SIGN_DUE = "sign_due"
    SIGN_MET = "sign_met"
    CONTACT_DUE = "contact_due"
    CONTACT_MET = "contact_met"
    HANDLE_DUE = "handle_due"
    HANDLE_MET = "handle_met"
    REVISIT_DUE = "revisit_due"
    REVISIT_MET = "revisit_met"
    CLOSE_DUE = "close_due"
    CLOSE_MET = "close_met"
    OVERALL_DUE = "overall_due"
    OVERALL_CLOSED = "overall_closed"
    # Of a dispatch to a lead organisation.
    DISPATCHED = "dispatched"
    MISROUTED = "misrouted"
    DECLINED = "declined"
    # Of a result: each round's, and the ticket's first.
    RESULTS = "results"
    REVISIT_NEEDED = "revisit_needed"
    REVISITED = "revisited"
    RESOLVED = "resolved"
    REWORKED = "reworked"
    REWORKS = "reworks"
    # Of a handle clock that ended with a result, when it did.
    HANDLED = "handled"
    WORK_MINUTES = "work_minutes"
    WALL_MINUTES = "wall_minutes"
    WITHIN_1H = "within_1h"
    WITHIN_2H = "within_2h"
    WITHIN_4H = "within_4h"
    WITHIN_1D = "within_1d"
    WITHIN_2D = "within_2d"
    WITHIN_3D = "within_3d"
    WITHIN_5D = "within_5d"
    WITHIN_10D = "within_10d"
    WITHIN_20D = "within_20d"
    # Of an attempt to revisit.
    ATTEMPTS = "attempts"
    REACHED = "reached"
    SAID_SOLVED = "said_solved"
    # Of a ticket that was closed, when it was.
    CLOSED = "closed"
    FIRST_TIME = "first_time"
    AT_VILLAGE = "at_village"
    AT_TOWN = "at_town"
    ANSWERED = "answered"
    CONTENT = "content"
    SATISFIED = "satisfied"
    DISPUTES = "disputes"
    DISPUTES_SOLVED = "disputes_solved"
    # Of a supervision.
    SUPERVISIONS = "supervisions"
    YELLOW_CARDS = "yellow_cards"
    RED_CARDS = "red_cards"
    # Of an open ticket, as it is now.
    OPEN_REPORT = "open_report"
    OPEN_ROUTE = "open_route"
    OPEN_HANDLE = "open_handle"
    OPEN_REVISIT = "open_revisit"
    OPEN_CLOSE = "open_close"
    SUSPENDED = "suspended"
    OVERDUE = "overdue"
    OVERDUE_REPORT = "overdue_report"
    OVERDUE_ROUTE = "overdue_route"
    OVERDUE_HANDLE = "overdue_handle"
    OVERDUE_REVISIT = "overdue_revisit"
    OVERDUE_CLOSE = "overdue_close"
    OVERDUE_1D = "overdue_1d"
    OVERDUE_3D = "overdue_3d"
    OVERDUE_7D = "overdue_7d"
    AGED_1D = "aged_1d"
    AGED_3D = "aged_3d"
    AGED_7D = "aged_7d"
    AGED_15D = "aged_15d"
    AGED_30D = "aged_30d"
    # Of a visit.
    VISITS = "visits"
    EFFECTIVE_VISITS = "effective_visits"
    OPINIONS = "opinions"


# A row of the rollups holds the measures of one part: of a report, a clock, the work, and so on.
_FIRST = {
    "report": Measure.REPORTED,
    "clock": Measure.ACCEPT_DUE,
    "work": Measure.DISPATCHED,
    "time": Measure.HANDLED,
    "revisit": Measure.ATTEMPTS,
    "end": Measure.CLOSED,
    "card": Measure.SUPERVISIONS,
    "open": Measure.OPEN_REPORT,
    "visit": Measure.VISITS,
}
_ORDER = tuple(Measure)
_STARTS = (*(_ORDER.index(first) for first in _FIRST.values()), len(_ORDER))
PARTS: Mapping[str, tuple[Measure, ...]] = MappingProxyType(
    {part: _ORDER[start:end] for part, (start, end) in zip(_FIRST, pairwise(_STARTS), strict=True)}
)
OPEN_PART = "open"
