"""Tables. Importing this package registers them all with `Base.metadata`."""

from app.models import (
    access,
    area,
    attachment,
    exchange,
    platform,
    privacy,
    registry,
    routing,
    sla,
    staff,
    ticket,
    ticket_outcome,
    ticket_step,
)
from app.models.base import Base

__all__ = [
    "Base",
    "access",
    "area",
    "attachment",
    "exchange",
    "platform",
    "privacy",
    "registry",
    "routing",
    "sla",
    "staff",
    "ticket",
    "ticket_outcome",
    "ticket_step",
]
