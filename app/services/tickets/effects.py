"""What each action does besides moving the state: fields of the ticket, rows of its own, codes to record.

One function an action, each pure: it gets the ticket as read, the command and the instant, and returns
an `Effect`. The clocks and the timeline are the same for all actions and stand in `transitions`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import insert, update

from app.core.errors import invalid_field
from app.core.ids import uuid7
from app.models.enums import Action, EventSource, Outcome, RequestState, RevisitState, Satisfaction
from app.models.ticket_outcome import Evaluation, Revisit, TicketOutcome
from app.models.ticket_step import TicketAssignment, TicketRequest
from app.services.platform.actor import Actor
from app.services.tickets.commands import Command
from app.services.tickets.policies import revisit_exemption
from app.services.tickets.view import TicketView
from app.services.tickets.workflow import Transition

_ASSIGNMENT: Any = TicketAssignment.__table__
_REQUEST: Any = TicketRequest.__table__


@dataclass(frozen=True, slots=True)
class Step:
    """All that an effect may look at."""

    actor: Actor
    ticket: TicketView
    command: Command
    row: Transition
    now: datetime


@dataclass(frozen=True, slots=True)
class Effect:
    """Columns to set, writes that change rows, writes that add rows, and codes for the timeline."""

    values: dict[str, Any] = field(default_factory=dict)
    updates: list[Any] = field(default_factory=list)
    inserts: list[Any] = field(default_factory=list)
    codes: dict[str, Any] = field(default_factory=dict)


def of(step: Step) -> Effect:
    """The effect of a step; actions without an entry only move the state."""
    build = EFFECTS.get(step.command.action)
    return build(step) if build else Effect()


def _accept(step: Step) -> Effect:
    wanted = {name: step.command.value(name) for name in ("category_code", "urgency")}
    changed = {name: str(value) for name, value in wanted.items() if value and value != step.ticket.row[name]}
    before = {name: step.ticket.row[name] for name in changed}
    return Effect(values=dict(changed), codes={"changed": changed, "before": before} if changed else {})


def _to_org(step: Step) -> Effect:
    org_id: UUID = step.command.value("org_id")
    if org_id == step.ticket.row["lead_org_id"]:
        raise invalid_field("body.org_id", "不能派给原来的单位", "It is with this organisation already")
    number = int(step.ticket.row["dispatch_count"]) + 1
    return Effect(
        values={"lead_org_id": org_id, "handler_id": None, "dispatch_count": number},
        updates=[_end_assignment(step, step.command.action.value)],
        inserts=[_assignment(step, org_id, number)],
        codes={"org_id": str(org_id), "from_org_id": _text(step.ticket.row["lead_org_id"])},
    )


def _sign(step: Step) -> Effect:
    signed = {"handler_id": step.actor.member_id, "signed_at": step.now}
    return Effect(
        values={"handler_id": step.actor.member_id},
        updates=[update(_ASSIGNMENT).where(_running(step)).values(**signed)],
    )


def _decline(step: Step) -> Effect:
    proposed = step.command.value("proposed_org_id")
    asked = {
        "id": uuid7(),
        "ticket_id": step.ticket.id,
        "kind": "decline",
        "reason": step.command.value("reason").value,
        "basis": step.command.value("basis"),
        "proposed_org_id": proposed,
        "asked_by": step.actor.id,
        "asked_at": step.now,
        "state": RequestState.PENDING.value,
    }
    return Effect(
        values={"pending_decline": True},
        inserts=[insert(_REQUEST).values(**asked)],
        codes={"reason": asked["reason"], "proposed_org_id": _text(proposed)},
    )


def _approve_decline(step: Step) -> Effect:
    counted = {"pending_decline": False, "decline_count": int(step.ticket.row["decline_count"]) + 1}
    decided = _decide(step, RequestState.APPROVED)
    if step.row.outcome is Outcome.WITH_ORG:
        moved = _to_org(step)
        return Effect({**moved.values, **counted}, [*moved.updates, decided], moved.inserts, moved.codes)
    return Effect(
        values={"lead_org_id": None, "handler_id": None, **counted},
        updates=[_end_assignment(step, "declined"), decided],
        codes={"from_org_id": _text(step.ticket.row["lead_org_id"])},
    )


def _deny_decline(step: Step) -> Effect:
    count = int(step.ticket.row["decline_count"]) + 1
    return Effect(
        values={"pending_decline": False, "decline_count": count},
        updates=[_decide(step, RequestState.DENIED)],
    )


def _resolve(step: Step) -> Effect:
    command, resolution = step.command, step.command.value("resolution_type").value
    told = {
        "ticket_id": step.ticket.id,
        "round": step.ticket.round,
        "resolution_type": resolution,
        "measures": command.value("measures"),
        "public_reply": command.value("public_reply") or command.value("measures"),
        "at": step.now,
    }
    values: dict[str, Any] = {"resolved_at": step.now, "resolution_type": resolution}
    codes: dict[str, Any] = {"resolution_type": resolution}
    if step.row.outcome is Outcome.EXEMPT:
        policy = revisit_exemption(EventSource(step.ticket.row["source"]))
        values |= {"revisit_state": RevisitState.EXEMPT.value, "exempt_policy": policy}
        codes["exempt_policy"] = policy
    table: Any = TicketOutcome.__table__
    return Effect(values, [_end_assignment(step, "resolved")], [insert(table).values(**told)], codes)


def _revisit(step: Step) -> Effect:
    reached = step.command.value("reached")
    answer = {name: step.command.value(name) for name in ("solved", "satisfaction")}
    for name, value in answer.items():
        if reached and value is None:
            raise invalid_field(f"body.{name}", "联系上群众时必须填写", "is required when reached", "missing")
        if not reached and value is not None:
            raise invalid_field(
                f"body.{name}", "没有联系上群众，不能填写", "cannot be given when not reached"
            )
    codes = {name: value.value for name, value in answer.items() if value is not None}
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
    table: Any = Revisit.__table__
    codes |= {"method": asked["method"], "outcome": str(step.row.outcome)}
    return Effect(values, inserts=[insert(table).values(**asked)], codes=codes)


def _rework(step: Step) -> Effect:
    number = int(step.ticket.row["dispatch_count"]) + 1
    again = _assignment(
        step,
        step.ticket.row["lead_org_id"],
        number,
        handler_id=step.ticket.row["handler_id"],
        signed_at=step.now,
    )
    cleared = dict.fromkeys(("resolved_at", "resolution_type", "satisfaction", "solved"))
    return Effect(
        values={
            **cleared,
            "revisit_state": RevisitState.NEEDED.value,
            "rework_count": int(step.ticket.row["rework_count"]) + 1,
            "dispatch_count": number,
        },
        inserts=[again],
        codes={"rework": int(step.ticket.row["rework_count"]) + 1},
    )


def _evaluate(step: Step) -> Effect:
    names = ("evaluated_by", "satisfaction", "solved")
    codes = {name: step.command.value(name).value for name in names}
    table: Any = Evaluation.__table__
    given = insert(table).values(
        id=uuid7(),
        ticket_id=step.ticket.id,
        round=step.ticket.round,
        by_member_id=step.actor.member_id,
        at=step.now,
        **codes,
    )
    values = {name: codes[name] for name in ("satisfaction", "solved")}
    return Effect(values=values, inserts=[given], codes=codes)


def _with_reason(step: Step) -> Effect:
    return Effect(codes={"reason": step.command.value("reason").value})


def _void(step: Step) -> Effect:
    pending = [_decide(step, RequestState.CANCELLED)] if step.ticket.row["pending_decline"] else []
    return Effect(
        values={"pending_decline": False},
        updates=[_end_assignment(step, "voided"), *pending],
        codes=_with_reason(step).codes,
    )


def _running(step: Step) -> Any:
    return (_ASSIGNMENT.c.ticket_id == step.ticket.id) & _ASSIGNMENT.c.ended_at.is_(None)


def _end_assignment(step: Step, reason: str) -> Any:
    return update(_ASSIGNMENT).where(_running(step)).values(ended_at=step.now, end_reason=reason)


def _assignment(step: Step, org_id: UUID, number: int, **signed: Any) -> Any:
    return insert(_ASSIGNMENT).values(
        id=uuid7(),
        ticket_id=step.ticket.id,
        round=number,
        org_id=org_id,
        dispatched_at=step.now,
        **signed,
    )


def _decide(step: Step, state: RequestState) -> Any:
    pending = (_REQUEST.c.ticket_id == step.ticket.id) & (_REQUEST.c.state == RequestState.PENDING.value)
    # What is cancelled was decided by nobody: whoever asked may void the ticket in another post.
    decided_by = None if state is RequestState.CANCELLED else step.actor.id
    return (
        update(_REQUEST).where(pending).values(state=state.value, decided_by=decided_by, decided_at=step.now)
    )


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)


EFFECTS: Mapping[Action, Callable[[Step], Effect]] = MappingProxyType(
    {
        Action.ACCEPT: _accept,
        Action.RETURN_FOR_INFO: _with_reason,
        Action.REJECT: _with_reason,
        Action.DISPATCH: _to_org,
        Action.REROUTE: _to_org,
        Action.SIGN: _sign,
        Action.DECLINE: _decline,
        Action.APPROVE_DECLINE: _approve_decline,
        Action.DENY_DECLINE: _deny_decline,
        Action.RESOLVE: _resolve,
        Action.REVISIT: _revisit,
        Action.REWORK: _rework,
        Action.EVALUATE: _evaluate,
        Action.VOID: _void,
    }
)
