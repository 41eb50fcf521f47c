"""Third parties: what of a ticket a client may be told, and how news go out to it."""

from enum import StrEnum


class ClientField(StrEnum):
    """A field of a ticket that may tell of somebody; a client is given what it needs of them."""

    TITLE = "title"
    CONTENT = "content"
    ADDRESS = "address"
    LOCATION = "location"
    OPINION = "opinion"
    MEASURES = "measures"
    PUBLIC_REPLY = "public_reply"
    ATTACHMENTS = "attachments"


class WebhookPayload(StrEnum):
    """How much a message says: codes of the step alone, or the ticket as it stands, too."""

    THIN = "thin"
    FULL = "full"


class WebhookState(StrEnum):
    """Whether news go out: paused by its owner, disabled because nobody took them, or removed."""

    ACTIVE = "active"
    PAUSED = "paused"
    DISABLED = "disabled"
    REMOVED = "removed"


class WebhookDeliveryState(StrEnum):
    """What became of one message to one address."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"
