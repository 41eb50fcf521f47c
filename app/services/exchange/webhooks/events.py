"""The types of events that go out: one for each step of the workflow table, with its label, and a test.

A draft is nobody's news until it is sent. To add a step to the table is to add a type here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from app.models.enums import Action, Status
from app.services.tickets.labels import ACTION_ZH
from app.services.tickets.workflow import TABLE, TERMINAL

TEST = "webhook.test"
PREFIX = "ticket."


@dataclass(frozen=True, slots=True)
class EventType:
    """A step that is told: its label, and the states that a ticket may have after it (none: any)."""

    label: str
    to: tuple[Status, ...]


def _states_after(action: Action) -> tuple[Status, ...]:
    found = {row.to for row in TABLE if row.action is action and row.to is not Status.DRAFT}
    return () if None in found else tuple(status for status in Status if status in found)


EVENT_TYPES: Mapping[str, EventType] = MappingProxyType(
    {
        f"{PREFIX}{action.value}": EventType(ACTION_ZH[action], _states_after(action))
        for action in dict.fromkeys(row.action for row in TABLE)
        if action is not Action.SAVE_DRAFT
    }
)
BEGINNINGS = frozenset(
    row.action.value
    for row in TABLE
    if row.source in {None, Status.DRAFT} and row.to is not Status.DRAFT and row.to not in TERMINAL
)
"""The steps with which a ticket becomes one; before them it is somebody's draft."""
