"""Which actions a caller may take on a ticket, and which row of the table an action takes.

`allowed` is what the app draws its buttons from; `choose` decides one action and refuses in the order
state (409), role and relation (403), guards (409; 403 for one's own request). Both ask the same table.
"""

from datetime import datetime
from typing import Any

from app.models.enums import Action, EventSource, Outcome, Role
from app.services.platform.actor import Actor
from app.services.tickets import guards, relations, workflow
from app.services.tickets.answers import missed
from app.services.tickets.commands import Command, values_of
from app.services.tickets.deadlines import Deadlines
from app.services.tickets.guards import Case
from app.services.tickets.labels import ACTION_ZH
from app.services.tickets.policies import drawn_for_revisit, revisit_exemption
from app.services.tickets.problems import GuardRefused, IllegalTransition, NotYours, OwnRequest
from app.services.tickets.view import TicketView
from app.services.tickets.workflow import Need, Transition

WRITING = "tickets:write"


def allowed(actor: Actor, ticket: TicketView, now: datetime, deadlines: Deadlines) -> list[dict[str, Any]]:
    """The actions open to the caller now: code, label, possible next states, and the fields each needs.

    None for a third party whose token may only read.
    """
    if actor.client_id is not None and WRITING not in actor.token_scopes:
        return []
    case = Case(actor, ticket, None, now, deadlines)
    held, related = relations.roles_on(actor, ticket), relations.relations(actor, ticket)
    found: dict[Action, dict[str, Any]] = {}
    for row in workflow.rows_from(ticket.status):
        if not workflow.permits(row, held, related) or guards.refusals(row, case):
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
        to = row.to.value if row.to else ticket.row["merged_from"]
        if to not in entry["to"]:
            entry["to"].append(to)
    return list(found.values())


def choose(case: Case) -> Transition:
    """The row that this case's command takes; raises the refusal that explains why there is none."""
    actor, ticket, command = case.actor, case.ticket, case.command
    if command is None:
        raise ValueError("nothing to choose for")
    rows = workflow.rows_for(ticket.status, command.action)
    if not rows:
        raise IllegalTransition(ticket.status, command.action, _open_to(case))
    held, related = relations.roles_on(actor, ticket), relations.relations(actor, ticket)
    mine = [row for row in rows if workflow.permits(row, held, related)]
    if not mine:
        people = [(row.roles - {Role.SYSTEM}, row.relation) for row in rows if row.roles != {Role.SYSTEM}]
        raise NotYours(command.action, people)
    outcome = _outcome(ticket, command, case.now)
    fitting = [row for row in mine if row.outcome in {None, outcome}]
    for row in fitting:
        if not guards.refusals(row, case):
            return row
    reasons = guards.refusals(fitting[0], case)
    if reasons == [guards.OWN_REQUEST]:
        raise OwnRequest(*reasons[0])
    raise GuardRefused(reasons, _open_to(case))


def _open_to(case: Case) -> list[dict[str, Any]]:
    return allowed(case.actor, case.ticket, case.now, case.deadlines)


def _outcome(ticket: TicketView, command: Command, now: datetime) -> Outcome | None:
    found: Outcome | None = None
    match command.action:
        case Action.APPROVE_DECLINE | Action.REWORK:
            found = Outcome.WITH_ORG if command.value("org_id") else Outcome.WITHOUT_ORG
        case Action.REVISIT:
            found = Outcome.REACHED if command.value("reached") else missed(ticket, now)
        case Action.RESOLVE:
            exempt = revisit_exemption(EventSource(ticket.row["source"]))
            found = Outcome.EXEMPT if exempt else Outcome.NEEDS_REVISIT
        case Action.SELF_RESOLVE:
            drawn = drawn_for_revisit(ticket.id, ticket.row["revisit_percent"])
            found = Outcome.NEEDS_REVISIT if drawn else Outcome.EXEMPT
        case Action.REJECT_RESOLUTION:
            found = Outcome.KEEP if ticket.row["lead_org_id"] else Outcome.ROUTE_ANEW
        case Action.DECIDE:
            found = Outcome(command.value("decision").value)
        case Action.REOPEN:
            found = Outcome.KEEP if command.value("to_handler") else Outcome.ROUTE_ANEW
    return found


def _need(need: Need) -> dict[str, Any]:
    told: dict[str, Any] = {"field": need.field, "kind": need.kind.value, "required": need.required}
    values = values_of(need.kind)
    return {**told, "values": values} if values else told
