"""Effects of the work itself: sign, resolve, self-resolve, helpers, supervision."""

from typing import Any

from app.core.ids import uuid7
from app.core.writes import Write, insert, update
from app.models.enums import EventSource, Outcome, Relation, ResolutionType, RevisitState, SuperviseLevel
from app.models.ticket_outcome import TicketOutcome
from app.models.ticket_step import TicketAssignment, TicketSupervision
from app.services.tickets.effects.step import Effect, Step, end_lead, of_lead
from app.services.tickets.policies import SELF_RESOLVED, revisit_exemption

_ASSIGNMENT: Any = TicketAssignment.__table__
_OUTCOME: Any = TicketOutcome.__table__
_SUPERVISION: Any = TicketSupervision.__table__
IMMEDIATE, LEDGER = "immediate", "ledger"


def sign(step: Step) -> Effect:
    """The signer becomes the handler; a sign in the organisation's stead names nobody."""
    client_id = step.actor.client_id
    handler = step.actor.member_id or (None if client_id else step.ticket.row["handler_id"])
    signed = of_lead(step, handler_id=handler, signed_at=step.now)
    return Effect({"handler_id": handler, "handler_client_id": client_id}) + signed


def contact(step: Step) -> Effect:
    """How the person was contacted first."""
    return Effect(codes={"method": step.command.value("method").value})


def finish_joint(step: Step) -> Effect:
    """A helper has done its part; or a dispatcher does without all that still help."""
    helping: dict[str, Any] = {"ticket_id": step.ticket.id, "is_lead": False, "ended_at": None}
    if step.row.relation is Relation.ANY:
        return Effect(updates=[update(_ASSIGNMENT, helping, ended_at=step.now, end_reason="released")])
    helping["org_id"] = [grant.org_id for grant in step.actor.grants if grant.org_id is not None]
    done = {"ended_at": step.now, "end_reason": "done", "handler_id": step.actor.member_id}
    return Effect(updates=[update(_ASSIGNMENT, helping, **done)])


def resolve(step: Step) -> Effect:
    """The handler's result; a policy may let it off the revisit."""
    resolution = step.command.value("resolution_type").value
    exempt = Effect()
    if step.row.outcome is Outcome.EXEMPT:
        exempt = _exempt(revisit_exemption(EventSource(step.ticket.row["source"])) or "")
    told = Effect(
        {"resolved_at": step.now, "resolution_type": resolution, "rectify_mode": LEDGER},
        inserts=[_result(step, resolution)],
        codes={"resolution_type": resolution},
    )
    return end_lead(step, "resolved") + told + exempt


def self_resolve(step: Step) -> Effect:
    """Mended on the spot by who found it; a drawn share is revisited, the rest is recorded as exempt."""
    solved = ResolutionType.SOLVED.value
    values = {
        "resolved_at": step.now,
        "resolution_type": solved,
        "rectify_mode": IMMEDIATE,
        "handler_id": step.actor.member_id,
    }
    told = Effect(values, inserts=[_result(step, solved)], codes={"rectify_mode": IMMEDIATE})
    return told + (_exempt(SELF_RESOLVED) if step.row.outcome is Outcome.EXEMPT else Effect())


def supervise(step: Step) -> Effect:
    """A supervision or a card; the lead owes a reply."""
    level = step.command.value("level").value
    pressed = insert(
        _SUPERVISION,
        id=uuid7(),
        ticket_id=step.ticket.id,
        level=level,
        org_id=step.ticket.row["lead_org_id"],
        by_id=step.actor.member_id,
        at=step.now,
    )
    return Effect({"supervise_level": level}, inserts=[pressed], codes={"level": level})


def reply_supervision(step: Step) -> Effect:
    """The lead answers all that is open."""
    return Effect(updates=[update(_SUPERVISION, _pressing(step), replied_at=step.now)])


def lift_supervision(step: Step) -> Effect:
    """No longer pressed."""
    lifted = update(_SUPERVISION, _pressing(step), lifted_at=step.now)
    return Effect({"supervise_level": SuperviseLevel.NONE.value}, [lifted])


def _pressing(step: Step) -> dict[str, Any]:
    return {"ticket_id": step.ticket.id, "lifted_at": None}


def _exempt(policy: str) -> Effect:
    values = {"revisit_state": RevisitState.EXEMPT.value, "exempt_policy": policy}
    return Effect(dict(values), codes={"exempt_policy": policy})


def _result(step: Step, resolution: str) -> Write:
    measures = step.command.value("measures")
    return insert(
        _OUTCOME,
        ticket_id=step.ticket.id,
        round=step.ticket.round,
        resolution_type=resolution,
        measures=measures,
        public_reply=step.command.value("public_reply") or measures,
        at=step.now,
    )
