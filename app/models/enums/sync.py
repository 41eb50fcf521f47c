"""Closed vocabularies of synchronisation: what a phone sends, and what became of it."""

from enum import StrEnum


class OperationKind(StrEnum):
    """What a phone did without a network."""

    TICKET_REPORT = "ticket.report"
    TICKET_ACTION = "ticket.action"
    VISIT_RECORD = "visit.record"
    VISIT_CHANGE = "visit.change"
    CHECK_IN = "attendance.check_in"
    CHECK_OUT = "attendance.check_out"
    NOTIFICATION_READ = "notification.read"


class SyncOutcome(StrEnum):
    """What is kept of an operation for good."""

    APPLIED = "applied"
    CONFLICT = "conflict"
    REFUSED = "refused"
