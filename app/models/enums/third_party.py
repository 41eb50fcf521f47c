"""Third parties: what of a ticket a client may be told, how news go out to it, and what it sends in."""

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


class ServiceKind(StrEnum):
    """When a public report has its id: at once, or when a dispatcher has accepted it."""

    REALTIME = "realtime"
    BATCH = "batch"


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


class RefKind(StrEnum):
    """What a client's own reference stands for."""

    TICKET = "ticket"
    SUPPLEMENT = "supplement"
    WITHDRAWAL = "withdrawal"


class IntakeOutcome(StrEnum):
    """What became of one ticket that a client sent; `retry`: not now, send it again."""

    CREATED = "created"
    ALREADY_THERE = "already_there"
    REFUSED = "refused"
    RETRY = "retry"


class WithdrawalOutcome(StrEnum):
    """What came of a withdrawal, by how far the ticket had gone."""

    WITHDRAWN = "withdrawn"
    ASKED = "asked"
    NOTED = "noted"
