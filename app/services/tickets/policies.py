"""Policies as data: which tickets are let off the revisit, and why; whom only a machine may speak for.

A policy is recorded on the ticket (`exempt_policy`) and in its timeline, so that figures can leave these
tickets out of every revisit ratio. Nobody can let their own report off: a person may not claim that a
machine saw it.
"""

import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from uuid import UUID

from app.models.enums import EventSource

MACHINE_SOURCES = frozenset({EventSource.IOT, EventSource.VIDEO})
SELF_RESOLVED = "self_resolved_not_drawn"

REVISIT_EXEMPTIONS: Mapping[str, frozenset[EventSource]] = MappingProxyType(
    {"machine_source": MACHINE_SOURCES}
)


def revisit_exemption(source: EventSource) -> str | None:
    """The policy that lets a ticket of this source off; None when somebody is to be asked."""
    for policy, sources in REVISIT_EXEMPTIONS.items():
        if source in sources:
            return policy
    return None


def drawn_for_revisit(ticket_id: UUID, percent: int) -> bool:
    """Whether a ticket that was mended on the spot is among the revisited share: always the same answer."""
    return int.from_bytes(hashlib.sha256(ticket_id.bytes).digest()[:4]) % 100 < percent
