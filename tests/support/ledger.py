"""What must be true of any ticket at any time: its rows agree with its timeline and with each other.

Reads the tables themselves, as an auditor would, and replays the timeline without the code that wrote it.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.tickets.workflow import STAGE_OF, TABLE, TERMINAL
from tests.support import timeline

MOVES = {(row.source, row.action, row.to) for row in TABLE}
OFFICES = {"dispatched", "processing", "suspended", "escalating"}
REQUESTS = ("withdraw", "decline", "extension", "suspend", "review")
# What a ticket counts, and the steps of its timeline that are counted.
COUNTED = {
    "decline_count": ("approve_decline", "deny_decline"),
    "reopen_count": ("reopen",),
    "appeal_count": ("appeal",),
    "extension_count": ("approve_extension",),
}
# The kinds of clocks that may be open, by the status.
OPEN_CLOCKS = {
    "draft": set(),
    "reported": {"accept"},
    "returned": {"accept"},
    "accepted": {"dispatch"},
    "dispatched": {"sign", "contact", "handle"},
    "processing": {"contact", "handle"},
    "suspended": {"contact", "handle"},
    "escalating": {"dispatch", "sign", "contact", "handle"},
    "resolved": {"revisit", "close"},
    "evaluating": {"close"},
}
MOST = {"decline_count": 2, "reopen_count": 2, "appeal_count": 1, "extension_count": 2}
REMINDER = "supplement"
NOTICES = {"accept", "approve_extension", "reject", "resolve", "self_resolve", "close"}
_QUERIES = {
    "events": "SELECT * FROM ticket_event WHERE ticket_id = :id ORDER BY seq",
    "clocks": "SELECT * FROM ticket_clock WHERE ticket_id = :id ORDER BY started_at, id",
    "assignments": "SELECT * FROM ticket_assignment WHERE ticket_id = :id ORDER BY round",
    "requests": "SELECT * FROM ticket_request WHERE ticket_id = :id",
    "told": "SELECT * FROM outbox WHERE entity_id = :id ORDER BY id",
    "supervisions": "SELECT * FROM ticket_supervision WHERE ticket_id = :id ORDER BY at, id",
    "suspensions": "SELECT * FROM ticket_suspension WHERE ticket_id = :id ORDER BY started_at",
    "masters": """
        WITH RECURSIVE above (id, depth) AS (
            SELECT merged_into_id, 1 FROM ticket WHERE id = :id AND merged_into_id IS NOT NULL
            UNION ALL
            SELECT merged_into_id, depth + 1 FROM ticket JOIN above USING (id)
             WHERE merged_into_id IS NOT NULL AND depth < 20
        ) SELECT id FROM above""",
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
    _check_replay(ticket, rows["events"], rows["told"])
    _check_clocks(ticket, rows["clocks"], rows["events"])
    _check_counters(ticket, rows["events"])
    _check_assignments(ticket, rows["assignments"], rows["events"])
    _check_requests(ticket, rows["requests"], rows["events"])
    _check_supervision(ticket, rows["supervisions"], rows["events"])
    _check_suspension(ticket, rows["suspensions"])
    masters = [row["id"] for row in rows["masters"]]
    assert ticket_id not in masters
    assert len(masters) == len(set(masters))
    assert bool(masters) == (ticket["status"] == "merged") == (ticket["merged_from"] is not None)
    return dict(ticket)


def _check_timeline(ticket: RowMapping, events: Sequence[RowMapping], told: Sequence[RowMapping]) -> None:
    assert [event["seq"] for event in events] == list(range(1, ticket["version"] + 1))
    assert [event["at"] for event in events] == sorted(event["at"] for event in events)
    status = before_merge = None
    for event in events:
        assert event["from_status"] == status
        back = event["action"] == "unmerge"
        assert (status, event["action"], None if back else event["to_status"]) in MOVES
        assert not back or event["to_status"] == before_merge
        before_merge = status if event["action"] == "merge" else before_merge
        status = event["to_status"]
    assert status == ticket["status"]
    stages = [STAGE_OF[event["to_status"]] for event in events]
    assert ticket["stage"] == [stage for stage in stages if stage][-1]
    assert (ticket["closed_at"] is not None) == (status in TERMINAL)
    news = [(row["topic"], row["data"]["seq"], row["data"]["to"]) for row in told if "to" in row["data"]]
    assert news == [(f"ticket.{event['action']}", event["seq"], event["to_status"]) for event in events]
    notices = [row["data"] for row in told if row["topic"] == "notice.reporter"]
    own = [notice for notice in notices if notice["notice"] != REMINDER and "master_id" not in notice]
    assert own == [
        {"seq": event["seq"], "notice": event["action"]} for event in events if event["action"] in NOTICES
    ]


def _check_replay(ticket: RowMapping, events: Sequence[RowMapping], told: Sequence[RowMapping]) -> None:
    """Told anew from its events, the ticket is what its row says."""
    state = timeline.replayed(events)
    assert state == {name: _told(ticket[name], state[name]) for name in state}
    for column in timeline.CHANGEABLE:
        told_values = timeline.changes(events, column)
        values = [*(before for before, _after in told_values), str(ticket[column])]
        assert [after for _before, after in told_values] == values[1:], column
    news = [row["data"] for row in told if "to" in row["data"]]
    for number, step in enumerate(news[1:], start=2):
        assert step["lead_org_id"] == timeline.replayed(events[:number])["lead_org_id"]
    assert news[-1]["area_id"] == str(ticket["area_id"])


def _told(stored: object, replayed: object) -> object:
    """As the timeline tells it: ids and days as text."""
    return str(stored) if isinstance(replayed, str) and stored is not None else stored


def _check_clocks(ticket: RowMapping, clocks: Sequence[RowMapping], events: Sequence[RowMapping]) -> None:
    kept = [clock for clock in clocks if clock["stopped_at"] is None]
    kinds = [clock["kind"] for clock in kept]
    assert len(kinds) == len(set(kinds))
    running = [clock for clock in kept if clock["paused_at"] is None]
    assert not (running and ticket["status"] in TERMINAL)
    assert not (kept and ticket["status"] in TERMINAL - {"merged"})
    assert ticket["status"] in TERMINAL or set(kinds) <= {"overall"} | OPEN_CLOCKS[ticket["status"]]
    steps = [clock["due_at"] for clock in running if clock["kind"] != "overall"]
    assert ticket["due_at"] == min(steps, default=None)
    for clock in clocks:
        times = [clock[name] for name in ("started_at", "paused_at", "stopped_at") if clock[name]]
        assert times == sorted(times)
        assert clock["started_at"] <= clock["due_at"]
    replayed: dict[str, bool] = {}
    due: dict[str, datetime] = {}
    for event in events:
        for change, told in _changes(event).items():
            for kind, due_at in told.items():
                assert (change == "started") != (kind in replayed), (event["seq"], change, kind)
                if change == "stopped":
                    del replayed[kind]
                    continue
                assert change in {"started", "moved"} or replayed[kind] == (change == "resumed")
                # Time stands still in a pause: what runs on is due no earlier than it was.
                assert change != "resumed" or due_at >= due[kind]
                assert change != "paused" or due_at == due[kind]
                replayed[kind] = replayed[kind] if change == "moved" else change == "paused"
                due[kind] = due_at
    assert replayed == {clock["kind"]: clock["paused_at"] is not None for clock in kept}
    assert {kind: due[kind] for kind in replayed} == {clock["kind"]: clock["due_at"] for clock in kept}
    started = Counter(kind for event in events for kind in _changes(event).get("started", ()))
    assert started == Counter(clock["kind"] for clock in clocks)


def _changes(event: RowMapping) -> dict[str, dict[str, datetime]]:
    """By what happened to them: kinds of clocks and when each is due."""
    told = event["data"]["clocks"]
    order = ("stopped", "started", "paused", "resumed", "moved")
    return {
        change: {clock["kind"]: datetime.fromisoformat(clock["due_at"]) for clock in told[change]}
        for change in order
        if change in told
    }


def _check_counters(ticket: RowMapping, events: Sequence[RowMapping]) -> None:
    counts = Counter(event["action"] for event in events)
    for column, actions in COUNTED.items():
        assert ticket[column] == sum(counts[action] for action in actions) <= MOST[column], column
    reworks = [event["action"] for event in events if "rework" in event["data"]]
    assert ticket["rework_count"] == len(reworks)
    # Two reworks, and one more round at each of the two levels above.
    assert len([action for action in reworks if action != "escalate"]) <= 2
    assert len(reworks) <= 4
    assert ticket["dispatch_count"] == sum(map(_sends, events))
    level = 1
    for event in events:
        level += event["action"] == "escalate"
        level -= event["data"].get("decision") in {"send_back", "route_anew"}
        assert 1 <= level <= 3
    assert ticket["handling_level"] == level


def _sends(event: RowMapping) -> bool:
    """Whether a step gave the ticket to an organisation, or asked some to help."""
    same = event["action"] in {"rework", "reject_resolution", "reopen"}
    same = same or (event["action"] == "decide" and _handles_anew(event))
    again = same and event["to_status"] in {"processing", "suspended"}
    asked = "helper_org_ids" in event["data"]
    given = event["to_status"] == "dispatched" and "org_id" in event["data"]
    return again or asked or given


def _handles_anew(event: RowMapping) -> bool:
    """Whether work begins again for which no clock ran."""
    clocks = _changes(event)
    return "handle" in clocks.get("started", ()) and "handle" not in clocks.get("stopped", ())


def _handled_and_sent_up(events: Sequence[RowMapping]) -> bool:
    """Whether it last went up from its evaluation: its office is done, until the town decides."""
    ups = [event for event in events if event["action"] == "escalate"]
    return bool(ups) and ups[-1]["from_status"] == "evaluating"


def _check_assignments(
    ticket: RowMapping, assignments: Sequence[RowMapping], events: Sequence[RowMapping]
) -> None:
    assert {row["round"] for row in assignments} == set(range(1, ticket["dispatch_count"] + 1))
    at_work = [row for row in assignments if row["ended_at"] is None]
    leads = [row for row in at_work if row["is_lead"]]
    status = ticket["merged_from"] or ticket["status"]
    done = status == "escalating" and _handled_and_sent_up(events)
    if status in TERMINAL:
        assert not at_work
    elif status not in OFFICES or ticket["lead_org_id"] is None or done:
        assert not leads
    else:
        (lead,) = leads
        assert lead["org_id"] == ticket["lead_org_id"]
        waits = status in {"dispatched", "escalating"} and lead["signed_at"] is None
        assert waits or lead["signed_at"] is not None
        assert lead["handler_id"] == (None if waits else ticket["handler_id"])


def _check_requests(ticket: RowMapping, requests: Sequence[RowMapping], events: Sequence[RowMapping]) -> None:
    waiting = [row["kind"] for row in requests if row["state"] == "pending"]
    assert waiting == ([ticket["pending"]] if ticket["pending"] else [])
    counts = Counter(event["action"] for event in events)
    for kind in REQUESTS:
        states = Counter(row["state"] for row in requests if row["kind"] == kind)
        assert states.total() == counts["decline" if kind == "decline" else f"request_{kind}"]
        assert states["approved"] == counts[f"approve_{kind}"]
        assert states["denied"] == counts[f"deny_{kind}"]
    for row in requests:
        assert (row["decided_at"] is None) == (row["state"] == "pending")
        assert row["state"] not in {"approved", "denied"} or row["decided_by"] not in {None, row["asked_by"]}


def _check_supervision(
    ticket: RowMapping, supervisions: Sequence[RowMapping], events: Sequence[RowMapping]
) -> None:
    pressing = [row["level"] for row in supervisions if row["lifted_at"] is None]
    assert ticket["supervise_level"] == (pressing[-1] if pressing else "none")
    pressed = [event["data"]["level"] for event in events if event["action"] == "supervise"]
    assert [row["level"] for row in supervisions] == pressed
    lifted = [row for row in supervisions if row["lifted_at"] is not None]
    assert all(row["replied_at"] is not None and row["replied_at"] <= row["lifted_at"] for row in lifted)


def _check_suspension(ticket: RowMapping, suspensions: Sequence[RowMapping]) -> None:
    lasting = [row for row in suspensions if row["ended_at"] is None]
    suspended = "suspended" in {ticket["status"], ticket["merged_from"]}
    assert len(lasting) == suspended
    assert ticket["resume_on"] == (lasting[0]["resume_on"] if lasting else None)
