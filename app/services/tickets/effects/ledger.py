"""The ledger of suspended tickets (挂账台账): a line each, with its end and its review every 30 days."""

from datetime import date, timedelta
from typing import Any

from app.core.ids import uuid7
from app.core.writes import Formula, insert, update
from app.models.ticket_step import TicketSuspension
from app.services.tickets.effects.step import Effect, Step

REVIEW_EVERY = timedelta(days=30)
_LEDGER: Any = TicketSuspension.__table__
_ONE_MORE = Formula("reviewed_count + 1")


def entered(step: Step, reason: str, resume_on: date) -> Effect:
    """A new line: why, and until when."""
    line = insert(
        _LEDGER,
        id=uuid7(),
        ticket_id=step.ticket.id,
        reason=reason,
        started_at=step.now,
        resume_on=resume_on,
        review_at=step.now + REVIEW_EVERY,
        reviewed_count=0,
    )
    return Effect({"resume_on": resume_on}, inserts=[line], codes={"resume_on": str(resume_on)})


def resume(step: Step) -> Effect:
    """The line ends; what was left of the clocks runs on."""
    return Effect({"resume_on": None}, [update(_LEDGER, _open(step), ended_at=step.now)])


def review(step: Step) -> Effect:
    """Looked at again: another 30 days, perhaps another end."""
    resume_on = step.command.value("resume_on")
    again = {
        "resume_on": resume_on,
        "review_at": step.now + REVIEW_EVERY,
        "reviewed_count": _ONE_MORE,
    }
    looked = update(_LEDGER, _open(step), **again)
    return Effect({"resume_on": resume_on}, [looked], codes={"resume_on": str(resume_on)})


def _open(step: Step) -> dict[str, Any]:
    return {"ticket_id": step.ticket.id, "ended_at": None}
