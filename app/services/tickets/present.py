"""A ticket as it goes out: the reading turned into wire shapes, masked, with the caller's actions."""

from collections.abc import Mapping
from typing import Any

from app.core.paging import Page
from app.schemas.ticket import EventRead, TicketBrief, TicketRead
from app.schemas.types import PageRead
from app.services.platform import masks
from app.services.platform.actor import Actor
from app.services.tickets import actions
from app.services.tickets.labels import ACTION_ZH
from app.services.tickets.view import TicketView


def ticket(actor: Actor, seen: TicketView) -> TicketRead:
    """The detail of a ticket for this caller."""
    row = dict(seen.row)
    row |= {
        "contact": _contact(row),
        "location": _location(row),
        "pending_decline": row["decline"],
        "clocks": seen.clocks,
        "revisits": seen.revisits,
        "evaluations": seen.evaluations,
        "allowed_actions": actions.allowed(actor, seen),
    }
    return TicketRead.model_validate(row)


def briefs(page: Page[Mapping[str, Any]]) -> PageRead[TicketBrief]:
    """A page of a list."""
    return PageRead[TicketBrief].model_validate({"items": page.items, "next_cursor": page.next_cursor})


def event(row: Any) -> EventRead:
    """One step of the timeline."""
    step = row.TicketEvent
    return EventRead(
        id=step.id,
        seq=step.seq,
        action=step.action,
        label=ACTION_ZH[step.action],
        from_status=step.from_status,
        to_status=step.to_status,
        at=step.at,
        device_at=step.device_at,
        actor_id=step.actor_id,
        actor_name=row.actor_name,
        actor_role=step.actor_role,
        opinion=row.opinion,
        data=step.data,
    )


def _contact(row: dict[str, Any]) -> dict[str, str | None] | None:
    name, last4 = row["contact_name"], row["contact_last4"]
    if name is None and last4 is None:
        return None
    return {
        "name": None if name is None else masks.name(name),
        "phone": None if last4 is None else masks.phone_tail(last4),
    }


def _location(row: dict[str, Any]) -> dict[str, Any] | None:
    if row["raw_lng"] is None:
        return None
    return {
        "lng": row["raw_lng"],
        "lat": row["raw_lat"],
        "coord_type": row["coord_type"],
        "wgs84_lng": row["lng"],
        "wgs84_lat": row["lat"],
    }
