"""Requests that wait for somebody's approval: one mechanism, one at a time on a ticket.

What is asked stands in `ticket_request`; who approves is not who asked (a guard, and a check of the
database). What an approval does to the ticket is said here for each kind.
"""

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from app.core.ids import uuid7
from app.core.writes import insert
from app.models.enums import Outcome, RequestState
from app.models.ticket_step import TicketRequest
from app.services.tickets.effects.ledger import entered
from app.services.tickets.effects.routing import to_org
from app.services.tickets.effects.step import Effect, Step, decided, end_all, end_lead, text

_REQUEST: Any = TicketRequest.__table__


def ask(step: Step) -> Effect:
    """Store what is asked; the kind is the action's name without `request_`."""
    kind = step.command.action.value.removeprefix("request_")
    reason = step.command.value("reason")
    asked = {
        "id": uuid7(),
        "ticket_id": step.ticket.id,
        "kind": kind,
        "reason": text(reason and reason.value),
        "basis": step.command.value("basis") or step.command.value("opinion"),
        "proposed_org_id": step.command.value("proposed_org_id"),
        "amount": step.command.value("amount"),
        "resume_on": step.command.value("resume_on"),
        "asked_by": step.actor.id,
        "asked_at": step.now,
        "state": RequestState.PENDING.value,
    }
    names = ("reason", "proposed_org_id", "amount", "resume_on")
    codes = {name: text(asked[name]) for name in names if asked[name] is not None}
    return Effect({"pending": kind}, inserts=[insert(_REQUEST, **asked)], codes=codes)


def approve(step: Step) -> Effect:
    """Grant it, and do what was asked."""
    kind = step.ticket.row["pending"]
    return APPROVED[kind](step) + decided(step, RequestState.APPROVED)


def deny(step: Step) -> Effect:
    """Refuse it; a refused decline counts, so that nobody asks forever."""
    counted = (
        {"decline_count": step.count("decline_count") + 1} if step.ticket.row["pending"] == "decline" else {}
    )
    return Effect(dict(counted)) + decided(step, RequestState.DENIED)


def cancel(step: Step) -> Effect:
    """Taken back by who asked."""
    return decided(step, RequestState.CANCELLED)


def _decline(step: Step) -> Effect:
    counted = {"decline_count": step.count("decline_count") + 1}
    if step.row.outcome is Outcome.WITH_ORG:
        return to_org(step) + Effect(dict(counted))
    codes = {"from_org_id": text(step.ticket.row["lead_org_id"])}
    freed = {"lead_org_id": None, "handler_id": None, **counted}
    return end_lead(step, "declined") + Effect(freed, codes=codes)


def _extension(step: Step) -> Effect:
    amount = int((step.ticket.request or {})["amount"])
    return Effect(
        {"extension_count": step.count("extension_count") + 1}, extended=amount, codes={"amount": amount}
    )


def _suspend(step: Step) -> Effect:
    request = step.ticket.request or {}
    return entered(step, request["reason"], date.fromisoformat(request["resume_on"]))


def _review(_step: Step) -> Effect:
    return Effect({"excluded_from_assessment": True})


def _withdraw(step: Step) -> Effect:
    return end_all(step, "withdrawn")


APPROVED: Mapping[str, Callable[[Step], Effect]] = MappingProxyType(
    {
        "decline": _decline,
        "extension": _extension,
        "suspend": _suspend,
        "review": _review,
        "withdraw": _withdraw,
    }
)
