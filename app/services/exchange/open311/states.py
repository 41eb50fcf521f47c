"""How the workflow's states are called in Open311: open or closed, and mySociety's words for updates."""

from collections.abc import Mapping
from types import MappingProxyType

from app.models.enums import Action, Status
from app.services.tickets.workflow import TERMINAL

OPEN, CLOSED = "open", "closed"
STATES = (OPEN, CLOSED)
REOPENED = "REOPEN"
UPDATE: Mapping[Status, str] = MappingProxyType(
    {
        Status.DRAFT: "OPEN",
        Status.REPORTED: "OPEN",
        Status.RETURNED: "OPEN",
        Status.ACCEPTED: "INVESTIGATING",
        Status.DISPATCHED: "ACTION_SCHEDULED",
        Status.PROCESSING: "IN_PROGRESS",
        Status.SUSPENDED: "ACTION_SCHEDULED",
        Status.ESCALATING: "INVESTIGATING",
        Status.RESOLVED: "FIXED",
        Status.EVALUATING: "FIXED",
        Status.CLOSED: "CLOSED",
        Status.NOT_ACCEPTED: "NO_FURTHER_ACTION",
        Status.WITHDRAWN: "CANCELLED",
        Status.VOIDED: "CANCELLED",
        Status.MERGED: "DUPLICATE",
    }
)
WORDS = frozenset({*UPDATE.values(), REOPENED})


def of(status: Status) -> str:
    """Open is every state before `closed`; closed is that one and the other terminal ones."""
    return CLOSED if status in TERMINAL else OPEN


def of_step(action: Action, to: Status) -> str:
    """What an update says of a step."""
    return REOPENED if action in {Action.REOPEN, Action.REWORK, Action.APPEAL} else UPDATE[to]
