"""Who an actor is to a ticket, and the conditions on the ticket itself: the table's words in code.

`relations` and `roles_on` reduce an actor to what the table asks about; `refusals` says in plain Chinese
and English why a guard does not hold. Nothing here reads the database.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType

from app.core.clock import BUSINESS_ZONE
from app.models.enums import (
    Guard,
    Outcome,
    Relation,
    ResolutionType,
    Role,
    Satisfaction,
    Solved,
)
from app.services.platform.actor import Actor, Dataset, Grant, ScopeKind
from app.services.tickets.view import TicketView
from app.services.tickets.workflow import MAX_DECLINES, MAX_REWORKS, Transition

NOON = 12
CLOSABLE_UNSOLVED = frozenset({ResolutionType.EXPLAINED, ResolutionType.OUT_OF_SCOPE})
_DISSATISFIED = frozenset({Satisfaction.DISSATISFIED, Satisfaction.VERY_DISSATISFIED})

Check = Callable[[TicketView], bool]
Text = tuple[str, str]


def roles_on(actor: Actor, ticket: TicketView) -> frozenset[Role]:
    """The actor's roles over this very ticket: a dispatcher elsewhere is none here."""
    return frozenset(grant.role for grant in actor.grants_of(Dataset.TICKETS) if _covers(grant, ticket))


def relations(actor: Actor, ticket: TicketView) -> frozenset[Relation]:
    """What the actor is to this ticket."""
    me = actor.member_id
    found = {Relation.ANY}
    handler = me is not None and me in ticket.handlers
    reporter = actor.id in {ticket.row["reporter_id"], ticket.row["client_id"]}
    if reporter:
        found.add(Relation.REPORTER)
    if not handler:
        found.add(Relation.NOT_HANDLER)
    if reporter and not handler:
        found.add(Relation.REPORTER_NOT_HANDLER)
    if me is not None and me == ticket.row["handler_id"]:
        found.add(Relation.HANDLER)
    lead = ticket.row["lead_org_id"]
    if lead is not None and any(grant.org_id == lead for grant in actor.grants):
        found.add(Relation.LEAD_ORG)
    elif not _asked_to_decline(actor, ticket):
        found.add(Relation.NOT_LEAD_ORG)
    return frozenset(found)


def refusals(row: Transition, ticket: TicketView) -> list[Text]:
    """Why the row's guards refuse this ticket now, in both languages; empty when they all hold."""
    return [GUARDS[guard][1] for guard in row.guards if guard in GUARDS and not GUARDS[guard][0](ticket)]


def attempts_failed(ticket: TicketView) -> list[datetime]:
    """The moments of this round's revisits that reached nobody."""
    return [
        datetime.fromisoformat(revisit["at"])
        for revisit in ticket.of_round(ticket.revisits)
        if not revisit["reached"]
    ]


def missed(ticket: TicketView, now: datetime) -> Outcome:
    """What one more failed attempt means: two on different half-days make the person unreachable."""
    halves = {_half_day(moment) for moment in (*attempts_failed(ticket), now)}
    return Outcome.UNREACHABLE if len(halves) > 1 else Outcome.NOT_REACHED


def unsatisfied(ticket: TicketView) -> bool:
    """Whether this round's revisit or evaluation says unsolved or dissatisfied."""
    answers = (*ticket.of_round(ticket.revisits), *ticket.of_round(ticket.evaluations))
    return any(
        answer["solved"] == Solved.UNSOLVED or answer["satisfaction"] in _DISSATISFIED for answer in answers
    )


def _covers(grant: Grant, ticket: TicketView) -> bool:
    if grant.kind is ScopeKind.ALL:
        return True
    if grant.kind is ScopeKind.ORG:
        return grant.org_id is not None and grant.org_id == ticket.row["lead_org_id"]
    return grant.area_id in ticket.row["area_path"]


def _asked_to_decline(actor: Actor, ticket: TicketView) -> bool:
    """Whether the waiting request is the actor's own, from a post that may have ended since."""
    decline = ticket.row["decline"]
    return decline is not None and decline["asked_by"] == str(actor.id)


def _half_day(moment: datetime) -> tuple[object, bool]:
    local = moment.astimezone(BUSINESS_ZONE)
    return local.date(), local.hour < NOON


def _closable(ticket: TicketView) -> bool:
    if not unsatisfied(ticket):
        return True
    explained = ticket.row["resolution_type"] in CLOSABLE_UNSOLVED
    return explained or int(ticket.row["rework_count"]) >= MAX_REWORKS


GUARDS: Mapping[Guard, tuple[Check, Text]] = MappingProxyType(
    {
        Guard.NO_PENDING_DECLINE: (
            lambda ticket: not ticket.row["pending_decline"],
            ("退单申请还在等调度员审批", "A request to decline is waiting for the dispatcher"),
        ),
        Guard.PENDING_DECLINE: (
            lambda ticket: bool(ticket.row["pending_decline"]),
            ("没有待审批的退单申请", "No request to decline is waiting"),
        ),
        Guard.DECLINES_LEFT: (
            lambda ticket: int(ticket.row["decline_count"]) < MAX_DECLINES,
            ("该工单已退单 2 次，须由指定单位办理", "Declined twice already, it must be handled now"),
        ),
        Guard.REVISIT_NEEDED: (
            lambda ticket: not ticket.exempt,
            ("该工单按规则免回访，可直接结案", "Exempt from the revisit, it can be closed"),
        ),
        Guard.REVISIT_EXEMPT: (
            lambda ticket: ticket.exempt,
            ("须先回访群众并评价，才能结案", "It needs a revisit and an evaluation before it can close"),
        ),
        Guard.UNSATISFIED: (
            unsatisfied,
            ("回访和评价都没有反映不满意或未解决，不能返工", "Nobody said that it is unsolved"),
        ),
        Guard.REWORKS_LEFT: (
            lambda ticket: int(ticket.row["rework_count"]) < MAX_REWORKS,
            ("已返工 2 次，不能再返工", "Reworked twice already"),
        ),
        Guard.EVALUATED: (
            lambda ticket: bool(ticket.of_round(ticket.evaluations)),
            ("还没有评价，不能结案", "It has not been evaluated yet"),
        ),
        Guard.NOT_EVALUATED: (
            lambda ticket: not ticket.of_round(ticket.evaluations),
            ("本轮已经评价过", "Evaluated already in this round"),
        ),
        Guard.ANSWER_CLOSABLE: (
            _closable,
            (
                "群众反映未解决或不满意，须返工；只有办理结果为“解释说明”或“超职责”才能结案",
                "The person says it is unsolved: rework it, or explain why it cannot be done",
            ),
        ),
    }
)
