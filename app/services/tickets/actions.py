"""Which actions a caller may take on a ticket, and which row of the table an action takes.

`allowed` is what the app draws its buttons from; `choose` decides one action and refuses in the order
state (409), role and relation (403), guards (409). Both ask the same table.
"""

from datetime import datetime
from typing import Any

from app.models.enums import Action, EventSource, Outcome
from app.services.platform.actor import Actor
from app.services.tickets import guards, workflow
from app.services.tickets.commands import TYPES, Command
from app.services.tickets.labels import ACTION_ZH
from app.services.tickets.policies import revisit_exemption
from app.services.tickets.problems import GuardRefused, IllegalTransition, NotYours
from app.services.tickets.view import TicketView
from app.services.tickets.workflow import Need, Transition

WRITING = "tickets:write"


def allowed(actor: Actor, ticket: TicketView) -> list[dict[str, Any]]:
    """The actions open to the caller now: code, label, possible next states, and the fields each needs.

    None for a third party whose token may only read.
    """
    if actor.client_id is not None and WRITING not in actor.token_scopes:
        return []
    roles, relations = guards.roles_on(actor, ticket), guards.relations(actor, ticket)
    found: dict[Action, dict[str, Any]] = {}
    for row in workflow.rows_from(ticket.status):
        if not workflow.permits(row, roles, relations) or guards.refusals(row, ticket):
            continue
        entry = found.setdefault(
            row.action,
            {
                "action": row.action.value,
                "label": ACTION_ZH[row.action],
                "to": [],
                "needs": [_need(need) for need in row.needs],
            },
        )
        if row.to.value not in entry["to"]:
            entry["to"].append(row.to.value)
    return list(found.values())


def choose(actor: Actor, ticket: TicketView, command: Command, now: datetime) -> Transition:
    """The row that this action takes; raises the refusal that explains why there is none."""
    rows = workflow.rows_for(ticket.status, command.action)
    if not rows:
        raise IllegalTransition(ticket.status, command.action, allowed(actor, ticket))
    roles, relations = guards.roles_on(actor, ticket), guards.relations(actor, ticket)
    mine = [row for row in rows if workflow.permits(row, roles, relations)]
    if not mine:
        raise NotYours(command.action, [(row.roles, row.relation) for row in rows])
    outcome = _outcome(ticket, command, now)
    row = next(row for row in mine if row.outcome in {None, outcome})
    reasons = guards.refusals(row, ticket)
    if reasons:
        raise GuardRefused(reasons, allowed(actor, ticket))
    return row


def _outcome(ticket: TicketView, command: Command, now: datetime) -> Outcome | None:
    if command.action is Action.APPROVE_DECLINE:
        return Outcome.WITH_ORG if command.value("org_id") else Outcome.WITHOUT_ORG
    if command.action is Action.REVISIT:
        return Outcome.REACHED if command.value("reached") else guards.missed(ticket, now)
    if command.action is Action.RESOLVE:
        exempt = revisit_exemption(EventSource(ticket.row["source"]))
        return Outcome.EXEMPT if exempt else Outcome.NEEDS_REVISIT
    return None


def _need(need: Need) -> dict[str, Any]:
    told: dict[str, Any] = {"field": need.field, "kind": need.kind.value, "required": need.required}
    values = getattr(TYPES[need.kind], "__members__", None)
    if values:
        told["values"] = [code.value for code in values.values()]
    return told
