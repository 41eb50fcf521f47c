"""How a step is told: its row of the timeline and its news for the outbox; ids and codes only.

The same for a person's step and for the system's, whether it takes one ticket or five hundred at once.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from app.models.enums import Action, Role, Status
from app.services.tickets import relations
from app.services.tickets.effects import Effect, Step

REPORTER = "reporter"
NOTICE = "notice.reporter"
TOLD_TO_REPORTER = frozenset(
    {
        Action.ACCEPT,
        Action.APPROVE_EXTENSION,
        Action.REJECT,
        Action.RESOLVE,
        Action.SELF_RESOLVE,
        Action.CLOSE,
    }
)


def event(
    step: Step, effect: Effect, *, event_id: UUID, to: Status, clocks: dict[str, Any]
) -> dict[str, Any]:
    """The row of `ticket_event`; its sequence number is the version that the step makes."""
    return {
        "id": event_id,
        "ticket_id": step.ticket.id,
        "seq": step.ticket.row["version"] + 1,
        "action": step.command.action.value,
        "from_status": step.ticket.status.value,
        "to_status": to.value,
        "at": step.now,
        "device_at": step.command.occurred_at,
        "actor_id": step.actor.member_id or step.actor.client_id,
        "actor_role": _acting_role(step),
        "data": {**effect.codes, "clocks": clocks},
    }


def news(step: Step, effect: Effect, *, to: Status) -> dict[str, Any]:
    """What the outbox holds of it, under `ticket.<action>`; where the ticket was, if it moved.

    `tied_to` is the ticket that it was merged into, or was until then: that one's open steps change, too.
    """
    row, before = {**step.ticket.row, **effect.values}, step.ticket.row["area_id"]
    lead = row["lead_org_id"]
    left = {} if row["area_id"] == before else {"was_area_id": str(before)}
    return {
        **left,
        **_tied(step, effect),
        "seq": step.ticket.row["version"] + 1,
        "from": step.ticket.status.value,
        "to": to.value,
        "area_id": str(row["area_id"]),
        "lead_org_id": None if lead is None else str(lead),
    }


def notices(step: Step) -> Iterator[tuple[str, UUID, dict[str, Any]]]:
    """What the person who complained is told, by topic and ticket; who was merged into it, likewise."""
    if step.command.action not in TOLD_TO_REPORTER:
        return
    told = {"seq": step.ticket.row["version"] + 1, "notice": step.command.action.value}
    yield NOTICE, step.ticket.id, told
    for follower in step.ticket.row["followers"]:
        yield NOTICE, follower, {**told, "master_id": str(step.ticket.id)}


def _tied(step: Step, effect: Effect) -> dict[str, str]:
    before, now = step.ticket.row.get("merged_into_id"), effect.values.get("merged_into_id")
    changes = "merged_into_id" in effect.values and before != now
    return {"tied_to": str(now or before)} if changes else {}


def _acting_role(step: Step) -> str:
    held = relations.roles_on(step.actor, step.ticket)
    acting: list[Role] = sorted(step.row.roles & held)
    return acting[0].value if acting else REPORTER
