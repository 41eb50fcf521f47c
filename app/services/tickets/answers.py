"""What the people asked have answered so far: failed attempts, half-days, dissatisfaction."""

from datetime import datetime

from app.core.clock import BUSINESS_ZONE
from app.models.enums import Outcome, Satisfaction, Solved
from app.services.tickets.view import TicketView

NOON = 12
_DISSATISFIED = frozenset({Satisfaction.DISSATISFIED, Satisfaction.VERY_DISSATISFIED})


def missed(ticket: TicketView, now: datetime) -> Outcome:
    """What one more failed attempt means: two on different half-days make the person unreachable."""
    failed = [
        datetime.fromisoformat(revisit["at"])
        for revisit in ticket.of_round(ticket.revisits)
        if not revisit["reached"]
    ]
    halves = {_half_day(moment) for moment in (*failed, now)}
    return Outcome.UNREACHABLE if len(halves) > 1 else Outcome.NOT_REACHED


def unsatisfied(ticket: TicketView) -> bool:
    """Whether this round's revisit or evaluation says unsolved or dissatisfied."""
    answers = (*ticket.of_round(ticket.revisits), *ticket.of_round(ticket.evaluations))
    return any(
        answer["solved"] == Solved.UNSOLVED or answer["satisfaction"] in _DISSATISFIED for answer in answers
    )


def _half_day(moment: datetime) -> tuple[object, bool]:
    local = moment.astimezone(BUSINESS_ZONE)
    return local.date(), local.hour < NOON
