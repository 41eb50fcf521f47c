"""Policies as data: which tickets are let off the revisit, and why; whom only a machine may speak for.

A policy is recorded on the ticket (`exempt_policy`) and in its timeline, so that figures can leave these
tickets out of every revisit ratio. Nobody can let their own report off: a person may not claim that a
machine saw it.
"""

from collections.abc import Mapping
from types import MappingProxyType

from app.models.enums import EventSource

MACHINE_SOURCES = frozenset({EventSource.IOT, EventSource.VIDEO})
REVISIT_EXEMPTIONS: Mapping[str, frozenset[EventSource]] = MappingProxyType(
    {"machine_source": MACHINE_SOURCES}
)


def revisit_exemption(source: EventSource) -> str | None:
    """The policy that lets a ticket of this source off; None when somebody is to be asked."""
    for policy, sources in REVISIT_EXEMPTIONS.items():
        if source in sources:
            return policy
    return None
