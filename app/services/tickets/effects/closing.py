"""Effects after the work: revisit, rework, evaluate, reopen, archive."""

from typing import Any

from app.core.errors import invalid_field
from app.core.ids import uuid7
from app.core.writes import Write, insert
from app.models.enums import EvaluatedBy, Outcome, RevisitState, Satisfaction, Status
from app.models.ticket_outcome import Evaluation, Revisit
from app.services.tickets.effects import ledger
from app.services.tickets.effects.routing import to_org
from app.services.tickets.effects.step import Effect, Step, afresh, again, end_all, same_handler

_REVISIT: Any = Revisit.__table__
_EVALUATION: Any = Evaluation.__table__


def revisit(step: Step) -> Effect:
    """One attempt; a person reached gives both answers, one not reached gives none."""
    reached = step.command.value("reached")
    codes = _answers(step, reached=reached)
    asked = {
        "id": uuid7(),
        "ticket_id": step.ticket.id,
        "round": step.ticket.round,
        "agent_id": step.actor.member_id,
        "at": step.now,
        "method": step.command.value("method").value,
        "reached": reached,
        **codes,
    }
    values: dict[str, Any] = dict(codes)
    if step.row.outcome is Outcome.UNREACHABLE:
        values["satisfaction"] = Satisfaction.UNREACHABLE.value
    if step.row.outcome is not Outcome.NOT_REACHED:
        values["revisit_state"] = RevisitState.DONE.value
    codes |= {"method": asked["method"], "outcome": str(step.row.outcome)}
    return Effect(values, inserts=[insert(_REVISIT, **asked)], codes=codes)


def rework(step: Step) -> Effect:
    """Back to work: with the same handler, with another organisation, or by way of the dispatcher."""
    match step.row.outcome:
        case Outcome.WITH_ORG:
            return to_org(step) + again(step)
        case Outcome.ROUTE_ANEW:
            return Effect({"lead_org_id": None, "handler_id": None}) + again(step)
    return same_handler(step) + again(step)


def reopen(step: Step) -> Effect:
    """A new round for a closed ticket, with its handler or by way of the dispatcher."""
    number = step.count("reopen_count") + 1
    anew = afresh({"reopen_count": number, "closed_at": None}, {"reopen": number})
    if step.row.outcome is Outcome.KEEP:
        if step.ticket.handler is None or step.ticket.row["lead_org_id"] is None:
            raise invalid_field(
                "body.to_handler", "原来没有经办单位，请重新派单", "Nobody handled it, route it anew"
            )
        return same_handler(step) + anew
    return Effect({"lead_org_id": None, "handler_id": None}) + anew


def evaluate(step: Step) -> Effect:
    """Somebody's opinion of the outcome."""
    names = ("evaluated_by", "satisfaction", "solved")
    codes = {name: step.command.value(name).value for name in names}
    values = {name: codes[name] for name in ("satisfaction", "solved")}
    return Effect(values, inserts=[_evaluation(step, **codes)], codes=codes)


def lapse(step: Step) -> Effect:
    """Nobody evaluated in time: recorded as such, and no satisfaction figure counts it."""
    said = step.ticket.of_round(step.ticket.revisits)
    solved = next((row["solved"] for row in reversed(said) if row["solved"]), None)
    codes = {"evaluated_by": EvaluatedBy.SYSTEM.value, "satisfaction": Satisfaction.UNEVALUATED.value}
    given = _evaluation(step, **codes, solved=solved)
    kept = {} if step.ticket.row["satisfaction"] else {"satisfaction": codes["satisfaction"]}
    return Effect(dict(kept), inserts=[given], codes=codes)


def ended(step: Step) -> Effect:
    """Lead and helpers are done with a ticket that ends early, and it leaves the ledger."""
    reason = step.command.value("reason")
    codes = {"reason": reason.value} if reason else {}
    suspended = step.ticket.status is Status.SUSPENDED
    left = end_all(step, step.command.action.value) + (ledger.resume(step) if suspended else Effect())
    return left + Effect(codes=codes)


def archive(step: Step) -> Effect:
    """Read-only from now on."""
    return Effect({"archived_at": step.now})


def _answers(step: Step, *, reached: bool) -> dict[str, str]:
    answer = {name: step.command.value(name) for name in ("solved", "satisfaction")}
    for name, value in answer.items():
        if reached and value is None:
            raise invalid_field(f"body.{name}", "联系上群众时必须填写", "is required when reached", "missing")
        if not reached and value is not None:
            raise invalid_field(
                f"body.{name}", "没有联系上群众，不能填写", "cannot be given when not reached"
            )
    return {name: value.value for name, value in answer.items() if value is not None}


def _evaluation(step: Step, **codes: Any) -> Write:
    return insert(
        _EVALUATION,
        id=uuid7(),
        ticket_id=step.ticket.id,
        round=step.ticket.round,
        by_member_id=step.actor.member_id,
        at=step.now,
        **codes,
    )
