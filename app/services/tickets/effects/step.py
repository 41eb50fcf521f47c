"""What an effect looks at and what it gives: a step, and the columns, rows and codes that it writes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.errors import invalid_field
from app.core.ids import uuid7
from app.core.writes import Write, insert, update
from app.models.enums import RequestState, RevisitState
from app.models.ticket_step import TicketAssignment, TicketRequest
from app.services.platform.actor import Actor
from app.services.tickets.commands import Command
from app.services.tickets.view import TicketView
from app.services.tickets.workflow import Transition

_ASSIGNMENT: Any = TicketAssignment.__table__
_REQUEST: Any = TicketRequest.__table__
_OF_A_ROUND = ("resolved_at", "resolution_type", "satisfaction", "solved", "exempt_policy")


@dataclass(frozen=True, slots=True)
class Step:
    """All that an effect may look at."""

    actor: Actor
    ticket: TicketView
    command: Command
    row: Transition
    now: datetime

    def count(self, column: str) -> int:
        """One of the ticket's counters."""
        return int(self.ticket.row[column])


@dataclass(frozen=True, slots=True)
class Effect:
    """Columns to set, writes that change rows, writes that add rows, codes for the timeline.

    `extended` moves the handle clock by so many of its units; `relimited` gives the open clocks the
    limits of what the ticket has become; `area_path` is where it then lies, where that changes.
    """

    values: dict[str, Any] = field(default_factory=dict)
    updates: list[Write] = field(default_factory=list)
    inserts: list[Write] = field(default_factory=list)
    codes: dict[str, Any] = field(default_factory=dict)
    extended: int = 0
    relimited: bool = False
    area_path: Sequence[UUID] = ()

    def __add__(self, other: "Effect") -> "Effect":
        """Both effects; the right one's values win."""
        return Effect(
            self.values | other.values,
            [*self.updates, *other.updates],
            [*self.inserts, *other.inserts],
            self.codes | other.codes,
            self.extended + other.extended,
            self.relimited or other.relimited,
            other.area_path or self.area_path,
        )


def text(value: object) -> str | None:
    """An id or a day as it stands in the timeline's codes."""
    return None if value is None else str(value)


def end_lead(step: Step, reason: str) -> Effect:
    """End the lead's present assignment."""
    return of_lead(step, ended_at=step.now, end_reason=reason)


def end_all(step: Step, reason: str) -> Effect:
    """End every present assignment, the helpers' too."""
    running = {"ticket_id": step.ticket.id, "ended_at": None}
    return Effect(updates=[update(_ASSIGNMENT, running, ended_at=step.now, end_reason=reason)])


def assign(step: Step, org_id: UUID, *, is_lead: bool = True, **more: Any) -> Write:
    """The row of a new assignment, in the round after the last dispatch."""
    return insert(
        _ASSIGNMENT,
        id=uuid7(),
        ticket_id=step.ticket.id,
        round=step.count("dispatch_count") + 1,
        is_lead=is_lead,
        org_id=org_id,
        dispatched_at=step.now,
        **more,
    )


def of_lead(step: Step, **values: Any) -> Effect:
    """Set columns of the lead's running assignment."""
    running = {"ticket_id": step.ticket.id, "ended_at": None, "is_lead": True}
    return Effect(updates=[update(_ASSIGNMENT, running, **values)])


def again(step: Step) -> Effect:
    """Another round because the last one did not solve it: a rework."""
    number = step.count("rework_count") + 1
    return afresh({"rework_count": number}, {"rework": number})


def afresh(values: dict[str, Any], codes: dict[str, Any]) -> Effect:
    """A new round: what the last one came to no longer stands on the ticket."""
    return Effect(
        {**dict.fromkeys(_OF_A_ROUND), "revisit_state": RevisitState.NEEDED.value, **values}, codes=codes
    )


def same_handler(step: Step) -> Effect:
    """Another assignment of the lead, with the same handler."""
    row = step.ticket.row
    if row["lead_org_id"] is None:
        raise invalid_field("body.org_id", "请指定办理单位", "Name an organisation", "missing")
    assigned = assign(step, row["lead_org_id"], handler_id=row["handler_id"], signed_at=step.now)
    return Effect({"dispatch_count": step.count("dispatch_count") + 1}, inserts=[assigned])


def decided(step: Step, state: RequestState) -> Effect:
    """Decide the request that waits."""
    waiting = {"ticket_id": step.ticket.id, "state": RequestState.PENDING.value}
    written = update(
        _REQUEST, waiting, state=state.value, decided_by=step.actor.member_id, decided_at=step.now
    )
    request = step.ticket.request or {}
    return Effect({"pending": None}, [written], codes={"request": request.get("kind")})
