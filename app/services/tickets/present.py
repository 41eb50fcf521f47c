"""A ticket as it goes out: the reading turned into wire shapes, masked, with the caller's actions."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.core import clock
from app.core.paging import Page
from app.models.enums import Action, Relation, Role
from app.schemas.duplicate import DuplicateRead
from app.schemas.ticket import EventRead, TicketBrief, TicketRead, TicketStepRead
from app.schemas.types import PageRead
from app.services.platform import masks
from app.services.platform.actor import Actor
from app.services.tickets import actions, relations, workflow
from app.services.tickets.deadlines import Deadlines
from app.services.tickets.labels import ACTION_ZH
from app.services.tickets.view import TicketView

HANDLING = frozenset({Role.DEPT_HANDLER, Role.DEPT_HEAD})
REPORTING = workflow.rows_for(None, Action.REPORT)[0].roles | {"reporter"}


def ticket(actor: Actor, seen: TicketView, deadlines: Deadlines) -> TicketRead:
    """The detail of a ticket for this caller."""
    return TicketRead.model_validate(_detail(actor, seen, deadlines))


def step(
    actor: Actor, seen: TicketView, deadlines: Deadlines, likely: Sequence[DuplicateRead]
) -> TicketStepRead:
    """A ticket after a step, with its likely duplicates."""
    return TicketStepRead.model_validate({**_detail(actor, seen, deadlines), "likely_duplicates": likely})


def _detail(actor: Actor, seen: TicketView, deadlines: Deadlines) -> dict[str, Any]:
    row, hidden = dict(seen.row), hides_reporter(actor, seen)
    if hidden:
        row |= {"reporter_id": None, "reporter_name": None, "visit_id": None, "source_ref": None}
    row |= {
        "contact": None if hidden else _contact(row),
        "location": _location(row),
        "pending_request": seen.request,
        "helpers": seen.helpers,
        "joint": any(not helper["done_at"] for helper in seen.helpers),
        "clocks": seen.clocks,
        "revisits": seen.revisits,
        "evaluations": seen.evaluations,
        "attachments": seen.row["attachments"] or (),
        "awaited_attachments": seen.row["awaited_attachments"] or (),
        "allowed_actions": actions.allowed(actor, seen, clock.now(), deadlines),
    }
    return row


def briefs(actor: Actor, page: Page[Mapping[str, Any]]) -> PageRead[TicketBrief]:
    """A page of a list; a third party sees no title of a confidential report."""
    items = page.items if actor.client_id is None else [_silent(item) for item in page.items]
    return PageRead[TicketBrief].model_validate({"items": items, "next_cursor": page.next_cursor})


def brief(actor: Actor, seen: TicketView) -> TicketBrief:
    """One ticket as in a list."""
    return TicketBrief.model_validate(seen.row if actor.client_id is None else _silent(seen.row))


def event(row: Any, *, hidden: bool = False, silent: bool = False) -> EventRead:
    """One step of the timeline; `hidden` leaves out who reported, `silent` what was said."""
    step = row.TicketEvent
    unnamed = hidden and step.actor_role in REPORTING
    return EventRead(
        id=step.id,
        seq=step.seq,
        action=step.action,
        label=ACTION_ZH[step.action],
        from_status=step.from_status,
        to_status=step.to_status,
        at=step.at,
        device_at=step.device_at,
        actor_id=None if unnamed else step.actor_id,
        actor_name=None if unnamed else row.actor_name,
        actor_role=step.actor_role,
        opinion=None if silent else row.opinion,
        data=step.data,
    )


def hides_reporter(actor: Actor, seen: TicketView) -> bool:
    """Whether a confidential report keeps its reporter from this caller: from whoever handles it."""
    if not seen.row["confidential"]:
        return False
    return relations.roles_on(actor, seen) <= HANDLING and Relation.REPORTER not in relations.relations(
        actor, seen
    )


def _silent(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**row, "title": masks.STAR * 3} if row["confidential"] else row


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
        "coord_type_fits": row["coord_type_fits"],
    }
