"""Effects on the way to the right owner: accept, change, dispatch, transfer, merge, escalate, decide."""

from typing import Any
from uuid import UUID

from app.core.errors import invalid_field
from app.models.enums import ClockKind, Outcome, Status, SuspendReason
from app.services.tickets.effects.ledger import entered
from app.services.tickets.effects.step import (
    Effect,
    Step,
    again,
    assign,
    end_lead,
    of_lead,
    same_handler,
    text,
)


def accept(step: Step) -> Effect:
    """Set category and urgency where the dispatcher corrects them."""
    return _changed(step, ("category_code", "urgency"))


def change(step: Step) -> Effect:
    """Set category, urgency or place; the open clocks get the limits of what it has become."""
    return _changed(step, ("category_code", "urgency", "area_id"))


def instruct(step: Step) -> Effect:
    """A leader's word, which may raise the urgency."""
    return _changed(step, ("urgency",))


def to_org(step: Step) -> Effect:
    """Give it to a lead organisation, perhaps to a person of it, with helpers."""
    org_id: UUID = step.command.value("org_id")
    if org_id == step.ticket.row["lead_org_id"]:
        raise invalid_field("body.org_id", "不能派给原来的单位", "It is with this organisation already")
    values = {
        "lead_org_id": org_id,
        "handler_id": step.command.value("member_id"),
        "dispatch_count": step.count("dispatch_count") + 1,
    }
    codes = {"org_id": str(org_id), "from_org_id": text(step.ticket.row["lead_org_id"])}
    if rule_id := step.command.value("rule_id"):
        codes["rule_id"] = str(rule_id)
    given = Effect(values, inserts=[assign(step, org_id)], codes=codes)
    return end_lead(step, step.command.action.value) + given + _to_person(step) + joined(step)


def joined(step: Step) -> Effect:
    """Ask organisations to help; the lead and those that help already are left out."""
    asked: list[UUID] = step.command.value("helper_org_ids") or []
    lead = step.command.value("org_id") or step.ticket.row["lead_org_id"]
    helping = {helper["org_id"] for helper in step.ticket.helpers if not helper["done_at"]}
    new = [org_id for org_id in dict.fromkeys(asked) if org_id != lead and str(org_id) not in helping]
    if not new:
        return Effect()
    rows = [assign(step, org_id, is_lead=False) for org_id in new]
    count = {"dispatch_count": step.count("dispatch_count") + 1}
    return Effect(count, inserts=rows, codes={"helper_org_ids": [str(org_id) for org_id in new]})


def transfer_down(step: Step) -> Effect:
    """Hand it to a lower organisation or to a person; the handle clock runs on."""
    member_id, org_id = step.command.value("member_id"), step.command.value("org_id")
    if org_id is not None:
        return to_org(step)
    if member_id is None:
        raise invalid_field(
            "body.member_id", "请选择下级单位或经办人", "Name an organisation or a person", "missing"
        )
    return of_lead(step, handler_id=None, signed_at=None) + _to_person(step)


def merge(step: Step) -> Effect:
    """Let it follow its master, and remember where it stood."""
    master = step.command.value("master_id")
    values = {"merged_into_id": master, "merged_from": step.ticket.status.value}
    return Effect(values, codes={"master_id": str(master)})


def unmerge(step: Step) -> Effect:
    """Let it stand where it stood; transitions restores the status itself."""
    codes = {"master_id": text(step.ticket.row["merged_into_id"])}
    return Effect({"merged_into_id": None, "merged_from": None, "closed_at": None}, codes=codes)


def escalate(step: Step) -> Effect:
    """One level up: 村 → 镇 → 市; what was evaluated begins another round there."""
    level = step.count("handling_level") + 1
    reason = step.command.value("reason")
    up = Effect({"handling_level": level}, codes={"level": level, "reason": text(reason and reason.value)})
    return again(step) + up if step.ticket.status is Status.EVALUATING else up


def decide(step: Step) -> Effect:
    """The upper level's decision: take over, send back, route anew, or suspend."""
    codes = {"decision": step.command.value("decision").value, "level": step.count("handling_level")}
    back = {"handling_level": step.count("handling_level") - 1}
    if step.row.outcome is Outcome.TAKE_OVER:
        if step.command.value("org_id") is None:
            raise invalid_field(
                "body.org_id", "请指定承接单位", "Name the organisation that takes over", "missing"
            )
        return to_org(step) + Effect(codes=codes)
    if step.row.outcome is Outcome.SEND_BACK:
        return _taken_up(step) + Effect(back, codes=codes)
    if step.row.outcome is Outcome.ROUTE_ANEW:
        anew = {**back, "lead_org_id": None, "handler_id": None}
        return end_lead(step, "escalated") + Effect(anew, codes=codes)
    resume_on = step.command.value("resume_on")
    if resume_on is None:
        raise invalid_field(
            "body.resume_on", "请填写预计恢复日期", "Say when it is expected to resume", "missing"
        )
    return _taken_up(step) + entered(step, SuspendReason.FUNDS.value, resume_on) + Effect(codes=codes)


def with_reason(step: Step) -> Effect:
    """Only the reason's code."""
    return Effect(codes={"reason": step.command.value("reason").value})


def appeal(step: Step) -> Effect:
    """The one appeal against a rejection."""
    return Effect({"appeal_count": step.count("appeal_count") + 1, "closed_at": None})


def _to_person(step: Step) -> Effect:
    member_id: UUID | None = step.command.value("member_id")
    return Effect({"handler_id": member_id}, codes={"member_id": str(member_id)}) if member_id else Effect()


def _taken_up(step: Step) -> Effect:
    """Whom it was given to, and who had not signed, has it by the decision."""
    if step.ticket.clock(ClockKind.HANDLE) is None:
        # After a round that was evaluated, the lead's assignment has ended with it.
        return same_handler(step)
    if step.ticket.clock(ClockKind.SIGN) is None:
        return Effect()
    return of_lead(step, handler_id=step.ticket.row["handler_id"], signed_at=step.now)


def _changed(step: Step, names: tuple[str, ...]) -> Effect:
    wanted: dict[str, Any] = {name: step.command.value(name) for name in names}
    new = {name: value for name, value in wanted.items() if value and value != step.ticket.row[name]}
    if not new:
        return Effect()
    codes = {
        "changed": {name: str(value) for name, value in new.items()},
        "before": {name: text(step.ticket.row[name]) for name in new},
    }
    values = {name: value if name == "area_id" else str(value) for name, value in new.items()}
    return Effect(values, codes=codes, relimited=True)
