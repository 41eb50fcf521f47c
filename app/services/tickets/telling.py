"""How a step is told: its row of the timeline and its news for the outbox; ids and codes only.

The same for a person's step and for the system's, whether it takes one ticket or five hundred at once.
"""

from typing import Any
from uuid import UUID

from app.models.enums import Role, Status
from app.services.tickets import relations
from app.services.tickets.effects import Effect, Step

REPORTER = "reporter"


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
    """What the outbox holds of it, under `ticket.<action>`."""
    row = {**step.ticket.row, **effect.values}
    lead = row["lead_org_id"]
    return {
        "seq": step.ticket.row["version"] + 1,
        "from": step.ticket.status.value,
        "to": to.value,
        "area_id": str(row["area_id"]),
        "lead_org_id": None if lead is None else str(lead),
    }


def _acting_role(step: Step) -> str:
    held = relations.roles_on(step.actor, step.ticket)
    acting: list[Role] = sorted(step.row.roles & held)
    return acting[0].value if acting else REPORTER
