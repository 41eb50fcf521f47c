"""Who an actor is to one ticket: roles that cover it, and the relations that the table asks about."""

from app.models.enums import Relation, Role
from app.services.platform.actor import Actor, Dataset, Grant, ScopeKind
from app.services.tickets.view import TicketView


def roles_on(actor: Actor, ticket: TicketView) -> frozenset[Role]:
    """The actor's roles over this very ticket: a dispatcher elsewhere is none here."""
    return frozenset(grant.role for grant in actor.grants_of(Dataset.TICKETS) if _covers(grant, ticket))


def relations(actor: Actor, ticket: TicketView) -> frozenset[Relation]:
    """What the actor is to this ticket."""
    lead = ticket.row["lead_org_id"]
    mine = {grant.org_id for grant in actor.grants if grant.org_id is not None}
    handler = actor.id in ticket.handlers
    reporter = actor.id in {ticket.row["reporter_id"], ticket.row["client_id"]}
    asked_by = ticket.request["asked_by"] if ticket.request else None
    helping = {str(org_id) for org_id in mine}
    holds = {
        Relation.ANY: True,
        Relation.REPORTER: reporter,
        Relation.HANDLER: actor.id == ticket.handler,
        Relation.NOT_HANDLER: not handler,
        Relation.REPORTER_NOT_HANDLER: reporter and not handler,
        Relation.LEAD_ORG: lead is not None and lead in mine,
        Relation.NOT_LEAD_ORG: lead is None or lead not in mine,
        Relation.HELPER_ORG: any(
            helper["org_id"] in helping and not helper["done_at"] for helper in ticket.helpers
        ),
        # Where nothing was asked the guard says so, rather than that somebody else must do it.
        Relation.ASKER: asked_by in {None, str(actor.id)},
    }
    return frozenset(relation for relation, held in holds.items() if held)


def _covers(grant: Grant, ticket: TicketView) -> bool:
    if grant.kind is ScopeKind.ALL:
        return True
    if grant.kind is ScopeKind.ORG:
        orgs = {str(ticket.row["lead_org_id"]), *(helper["org_id"] for helper in ticket.helpers)}
        return str(grant.org_id) in orgs
    return grant.area_id in ticket.row["area_path"]
