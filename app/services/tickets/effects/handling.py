"""Effects of the work itself: sign, resolve, self-resolve, helpers, supervision."""

from typing import Any

from sqlalchemy import insert, update

from app.core.ids import uuid7
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
    handler = step.actor.member_id or step.ticket.row["handler_id"]
    return Effect({"handler_id": handler}) + of_lead(step, handler_id=handler, signed_at=step.now)


def contact(step: Step) -> Effect:
    """How the person was contacted first."""
    return Effect(codes={"method": step.command.value("method").value})


def finish_joint(step: Step) -> Effect:
    """A helper has done its part; or a dispatcher does without all that still help."""
    helping = (
        (_ASSIGNMENT.c.ticket_id == step.ticket.id)
        & _ASSIGNMENT.c.is_lead.is_(False)
        & _ASSIGNMENT.c.ended_at.is_(None)
    )
    if step.row.relation is Relation.ANY:
        released = {"ended_at": step.now, "end_reason": "released"}
        return Effect(updates=[update(_ASSIGNMENT).where(helping).values(**released)])
    mine = [grant.org_id for grant in step.actor.grants if grant.org_id is not None]
    helping &= _ASSIGNMENT.c.org_id.in_(mine)
    done = {"ended_at": step.now, "end_reason": "done", "handler_id": step.actor.member_id}
    return Effect(updates=[update(_ASSIGNMENT).where(helping).values(**done)])


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
    row = pressed(step)
    codes = {"level": row["level"]}
    return Effect(
        {"supervise_level": row["level"]}, inserts=[insert(_SUPERVISION).values(**row)], codes=codes
    )


def pressed(step: Step) -> dict[str, Any]:
    """The row of a supervision or card."""
    return {
        "id": uuid7(),
        "ticket_id": step.ticket.id,
        "level": step.command.value("level").value,
        "org_id": step.ticket.row["lead_org_id"],
        "by_id": step.actor.member_id,
        "at": step.now,
    }


def reply_supervision(step: Step) -> Effect:
    """The lead answers all that is open."""
    return Effect(updates=[update(_SUPERVISION).where(_pressing(step)).values(replied_at=step.now)])


def lift_supervision(step: Step) -> Effect:
    """No longer pressed."""
    lifted = update(_SUPERVISION).where(_pressing(step)).values(lifted_at=step.now)
    return Effect({"supervise_level": SuperviseLevel.NONE.value}, [lifted])


def _pressing(step: Step) -> Any:
    return (_SUPERVISION.c.ticket_id == step.ticket.id) & _SUPERVISION.c.lifted_at.is_(None)


def _exempt(policy: str) -> Effect:
    values = {"revisit_state": RevisitState.EXEMPT.value, "exempt_policy": policy}
    return Effect(dict(values), codes={"exempt_policy": policy})


def _result(step: Step, resolution: str) -> Any:
    measures = step.command.value("measures")
    return insert(_OUTCOME).values(
        ticket_id=step.ticket.id,
        round=step.ticket.round,
        resolution_type=resolution,
        measures=measures,
        public_reply=step.command.value("public_reply") or measures,
        at=step.now,
    )
