"""Transfers between areas in different hands: where one stands, and why it was refused."""

from enum import StrEnum


class TransferState(StrEnum):
    """Offered and open; or taken over, turned down, taken back."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class TransferRefusal(StrEnum):
    """Why the receiving side turned a transfer down."""

    NOT_HERE = "not_here"
    WRONG_AREA = "wrong_area"
    ALREADY_HERE = "already_here"
    OTHER = "other"
