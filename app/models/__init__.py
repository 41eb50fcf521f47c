"""Tables. Importing this package registers them all with `Base.metadata`."""

from app.models import (
    access,
    area,
    attachment,
    contact,
    exchange,
    platform,
    privacy,
    registry,
    routing,
    sla,
    staff,
    sync,
    team,
    ticket,
    ticket_outcome,
    ticket_step,
    visit,
)
from app.models.base import Base

__all__ = [
    "Base",
    "access",
    "area",
    "attachment",
    "contact",
    "exchange",
    "platform",
    "privacy",
    "registry",
    "routing",
    "sla",
    "staff",
    "sync",
    "team",
    "ticket",
    "ticket_outcome",
    "ticket_step",
    "visit",
]
