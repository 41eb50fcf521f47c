"""The rows of a ticket's clocks: what a change of them writes. What the change is, `clocks` computes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.ids import uuid7
from app.core.writes import Write, insert, update
from app.models.ticket_step import TicketClock
from app.services.tickets.clocks import Change

_TABLE: Any = TicketClock.__table__


def updates(ticket_id: UUID, made: Change, *, now: datetime) -> list[Write]:
    """The writes that end or move clocks; they come before the `inserts` (one of a kind may run)."""
    open_clocks, writes = {"ticket_id": ticket_id, "stopped_at": None}, list[Write]()
    if made.stopped:
        kinds = [clock.kind.value for clock in made.stopped]
        writes.append(update(_TABLE, {**open_clocks, "kind": kinds}, stopped_at=now))
    writes.extend(
        update(
            _TABLE,
            {**open_clocks, "kind": clock.kind.value},
            paused_at=clock.paused_at,
            due_at=clock.due_at,
            provisional=clock.provisional,
            unit=clock.unit.value,
            amount=clock.amount,
            next_at=clock.next_at,
            level=clock.level,
        )
        for clock in (*made.paused, *made.resumed, *made.moved)
    )
    return writes


def inserts(ticket_id: UUID, made: Change) -> list[Write]:
    """The rows of the clocks that start."""
    return [
        insert(
            _TABLE,
            id=uuid7(),
            ticket_id=ticket_id,
            kind=clock.kind.value,
            round=clock.round,
            unit=clock.unit.value,
            amount=clock.amount,
            halved=clock.halved,
            started_at=clock.started_at,
            due_at=clock.due_at,
            provisional=clock.provisional,
            paused_at=clock.paused_at,
            next_at=clock.next_at,
            level=clock.level,
            org_id=clock.org_id,
            given=clock.given,
        )
        for clock in made.started
    ]
