"""What must be true of any ticket at any time: its rows agree with its timeline and with each other.

Reads the tables themselves, as an auditor would, and replays the timeline without the code that wrote it.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.tickets.workflow import STAGE_OF, TABLE, TERMINAL

MOVES = {(row.source, row.action, row.to) for row in TABLE}
SENT = ("dispatch", "reroute", "rework")
_QUERIES = {
    "events": "SELECT * FROM ticket_event WHERE ticket_id = :id ORDER BY seq",
    "clocks": "SELECT * FROM ticket_clock WHERE ticket_id = :id ORDER BY started_at, id",
    "assignments": "SELECT * FROM ticket_assignment WHERE ticket_id = :id ORDER BY round",
    "requests": "SELECT * FROM ticket_request WHERE ticket_id = :id",
    "told": "SELECT * FROM outbox WHERE entity_id = :id ORDER BY id",
}


async def audit(session: AsyncSession, ticket_id: UUID) -> dict[str, Any]:
    """Check all that must hold of a ticket; returns its row."""
    found = await session.execute(text("SELECT * FROM ticket WHERE id = :id"), {"id": ticket_id})
    ticket = found.mappings().one()
    rows = {
        name: (await session.execute(text(query), {"id": ticket_id})).mappings().all()
        for name, query in _QUERIES.items()
    }
    _check_timeline(ticket, rows["events"], rows["told"])
    _check_clocks(ticket, rows["clocks"], rows["events"])
    _check_counters(ticket, rows["events"])
    _check_handling(ticket, rows["assignments"], rows["requests"])
    return dict(ticket)


def _check_timeline(ticket: RowMapping, events: Sequence[RowMapping], told: Sequence[RowMapping]) -> None:
    assert [event["seq"] for event in events] == list(range(1, ticket["version"] + 1))
    status = None
    for event in events:
        assert event["from_status"] == status
        assert (status, event["action"], event["to_status"]) in MOVES
        status = event["to_status"]
    assert status == ticket["status"]
    stages = [STAGE_OF[event["to_status"]] for event in events]
    assert ticket["stage"] == [stage for stage in stages if stage][-1]
    assert (ticket["closed_at"] is not None) == (status in TERMINAL)
    assert [(row["topic"], row["data"]["seq"], row["data"]["to"]) for row in told] == [
        (f"ticket.{event['action']}", event["seq"], event["to_status"]) for event in events
    ]


def _check_clocks(ticket: RowMapping, clocks: Sequence[RowMapping], events: Sequence[RowMapping]) -> None:
    kept = [clock for clock in clocks if clock["stopped_at"] is None]
    kinds = [clock["kind"] for clock in kept]
    assert len(kinds) == len(set(kinds))
    assert not (kinds and ticket["status"] in TERMINAL)
    running = [clock["due_at"] for clock in kept if clock["paused_at"] is None]
    assert ticket["due_at"] == min(running, default=None)
    replayed: dict[str, bool] = {}
    for event in events:
        for change, names in _changes(event).items():
            for kind in names:
                assert (change == "started") != (kind in replayed), (event["seq"], change, kind)
                if change == "stopped":
                    del replayed[kind]
                else:
                    assert change == "started" or replayed[kind] == (change == "resumed")
                    replayed[kind] = change == "paused"
    assert replayed == {clock["kind"]: clock["paused_at"] is not None for clock in kept}
    started = Counter(kind for event in events for kind in _changes(event).get("started", ()))
    assert started == Counter(clock["kind"] for clock in clocks)


def _changes(event: RowMapping) -> dict[str, list[str]]:
    told = event["data"]["clocks"]
    order = ("stopped", "started", "paused", "resumed")
    return {change: [clock["kind"] for clock in told[change]] for change in order if change in told}


def _check_counters(ticket: RowMapping, events: Sequence[RowMapping]) -> None:
    counts = Counter(event["action"] for event in events)
    sent_elsewhere = sum(
        1 for event in events if event["action"] == "approve_decline" and event["to_status"] == "dispatched"
    )
    assert ticket["decline_count"] == counts["approve_decline"] + counts["deny_decline"]
    assert ticket["rework_count"] == counts["rework"] <= 2
    assert ticket["dispatch_count"] == sum(counts[action] for action in SENT) + sent_elsewhere
    answered = counts["approve_decline"] + counts["deny_decline"]
    open_declines = counts["decline"] - answered
    assert ticket["pending_decline"] == (open_declines == 1 and ticket["status"] not in TERMINAL)


def _check_handling(
    ticket: RowMapping, assignments: Sequence[RowMapping], requests: Sequence[RowMapping]
) -> None:
    assert [row["round"] for row in assignments] == list(range(1, ticket["dispatch_count"] + 1))
    current = [row for row in assignments if row["ended_at"] is None]
    assert current == [row for row in current if row is assignments[-1]]
    if ticket["status"] in {"dispatched", "processing"}:
        (mine,) = current
        assert (mine["org_id"], mine["handler_id"]) == (ticket["lead_org_id"], ticket["handler_id"])
        assert (mine["signed_at"] is not None) == (ticket["status"] == "processing")
    else:
        assert not current
    waiting = [row for row in requests if row["state"] == "pending"]
    assert len(waiting) == ticket["pending_decline"]
