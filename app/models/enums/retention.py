"""What is forgotten by itself after some time."""

from enum import StrEnum


class RetentionSubject(StrEnum):
    """A kind of personal data that a rule forgets."""

    LEFT_RESIDENTS = "left_residents"
    TICKET_CONTACTS = "ticket_contacts"
    ACCESS_REASONS = "access_reasons"
    DATA_REQUEST_NOTES = "data_request_notes"
    ATTENDANCE = "attendance"
    MESSAGES = "messages"
    WEBHOOK_DELIVERIES = "webhook_deliveries"
