"""One step of one ticket, in one transaction: the only way that a status changes.

Lock the row in scope, read it, ask the table, then write: state, clocks, timeline, outbox. Two batches of
writes, because a clock of a kind must have stopped before another of its kind starts. What an action
does besides is in `effects`; what it names is checked by `references`. Where its category says so, a
ticket that was accepted goes on at once, by the system, to whom the routing rules name.
"""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import Stale
from app.core.ids import uuid7
from app.core.writes import Write, insert, together, update
from app.models.enums import Action, RequestState, Status, Urgency
from app.models.ticket import Ticket
from app.models.ticket_step import TicketEvent, TicketNote
from app.services.platform import outbox
from app.services.platform.actor import Actor
from app.services.tickets import (
    actions,
    clock_rows,
    clocks,
    effects,
    looks,
    reads,
    references,
    routing,
    telling,
    view,
)
from app.services.tickets.clocks import Change, Terms
from app.services.tickets.commands import Command
from app.services.tickets.deadlines import Deadlines, Subject
from app.services.tickets.effects import Effect, Step
from app.services.tickets.effects.step import decided
from app.services.tickets.guards import Case
from app.services.tickets.system import SYSTEM
from app.services.tickets.view import TicketView
from app.services.tickets.workflow import STAGE_OF, TERMINAL

_TICKET: Any = Ticket.__table__
_EVENT: Any = TicketEvent.__table__
_NOTE: Any = TicketNote.__table__
HALVED = frozenset({Action.REWORK, Action.REJECT_RESOLUTION})


async def act(
    session: AsyncSession,
    *,
    actor: Actor,
    ticket_id: UUID,
    command: Command,
    expected_version: int | None,
    deadlines: Deadlines,
) -> TicketView:
    """Take an action; returns the ticket after it, which a routing rule may have dispatched by then.

    Raises `NotFound` outside the scope, `Stale` when the version moved, and the workflow's refusals.
    """
    ticket = await _step(
        session,
        actor=actor,
        ticket_id=ticket_id,
        command=command,
        expected_version=expected_version,
        deadlines=deadlines,
    )
    if command.action is not Action.ACCEPT:
        return ticket
    rule = await routing.auto_dispatch(session, ticket=ticket)
    if rule is None:
        return ticket
    return await _step(
        session,
        actor=SYSTEM,
        ticket_id=ticket_id,
        command=ByRule(org_id=rule.org_id, member_id=rule.member_id, rule_id=rule.id),
        expected_version=None,
        deadlines=deadlines,
    )


class ByRule(Command):
    """To dispatch as a routing rule says; the timeline names the rule."""

    action: Action = Action.DISPATCH
    org_id: UUID
    member_id: UUID | None
    rule_id: UUID


async def _step(
    session: AsyncSession,
    *,
    actor: Actor,
    ticket_id: UUID,
    command: Command,
    expected_version: int | None,
    deadlines: Deadlines,
) -> TicketView:
    await reads.require_visible(session, actor=actor, ticket_id=ticket_id, lock=True)
    ticket = await view.load(session, ticket_id)
    if expected_version is not None and expected_version != ticket.row["version"]:
        raise Stale
    now = clock.now()
    row = actions.choose(Case(actor, ticket, command, now, deadlines))
    step = Step(actor, ticket, command, row, now)
    event_id = uuid7()
    named = await references.check(session, step, deadlines=deadlines, event_id=event_id)
    effect = _completed(step, effects.of(step) + named)
    made = _turned(step, effect, deadlines)
    moved = _move(step, effect, made, deadlines)
    await together(session, [moved, *clock_rows.updates(ticket.id, made, now=now), *effect.updates])
    await together(session, [*_told(step, effect, made, event_id), *effect.inserts])
    return await view.load(session, ticket_id)


def _turned(step: Step, effect: Effect, deadlines: Deadlines) -> Change:
    row = step.ticket.row
    before = Subject(row["category_code"], step.ticket.urgency, row["area_path"])
    after = Subject(
        effect.values.get("category_code", before.category),
        Urgency(effect.values.get("urgency", before.urgency)),
        effect.area_path or before.area_path,
    )
    lead = effect.values.get("lead_org_id", row["lead_org_id"])
    return clocks.change(
        step.row.clocks,
        open_clocks=step.ticket.open_clocks,
        terms=Terms(deadlines, after, lead, before if effect.relimited else None),
        now=step.now,
        round_no=_round_after(step),
        halved=step.command.action in HALVED,
        extended=effect.extended,
        paused_since=row["closed_at"] if step.command.action is Action.UNMERGE else None,
    )


def _completed(step: Step, effect: Effect) -> Effect:
    """A ticket that ends leaves no request waiting."""
    if (
        step.ticket.row["pending"]
        and "pending" not in effect.values
        and _to(step) in TERMINAL - {Status.MERGED}
    ):
        return effect + decided(step, RequestState.CANCELLED)
    return effect


def _to(step: Step) -> Status:
    return step.row.to or Status(step.ticket.row["merged_from"])


def _round_after(step: Step) -> int:
    return step.ticket.round + (step.command.action in HALVED | {Action.REOPEN})


def _move(step: Step, effect: Effect, made: Change, deadlines: Deadlines) -> Write:
    to = _to(step)
    values: dict[str, Any] = {
        "status": to.value,
        "version": step.ticket.row["version"] + 1,
        "updated_at": step.now,
        "updated_by": step.actor.member_id or step.actor.client_id,
        "due_at": made.due_at,
        "next_at": looks.next_at(_look(step, effect), deadlines.calendar()),
    }
    if "handler_id" in effect.values and "handler_client_id" not in effect.values:
        # Whoever gets it, the system that had it has it no more.
        values["handler_client_id"] = None
    stage = STAGE_OF[to]
    if stage is not None:
        values["stage"] = stage.value
    if to in TERMINAL and to is not step.ticket.status:
        values["closed_at"] = step.now
    if step.ticket.status is Status.DRAFT and to is not Status.DRAFT:
        values["reported_at"] = step.now
    return update(_TICKET, {"id": step.ticket.id}, **values, **effect.values)


def _look(step: Step, effect: Effect) -> looks.Move:
    row = {**step.ticket.row, **effect.values}
    return looks.Move(
        step.command.action, step.ticket.status, _to(step), step.now, row["resume_on"], row["next_at"]
    )


def _told(step: Step, effect: Effect, made: Change, event_id: UUID) -> list[Write]:
    ticket, to = step.ticket, _to(step)
    event = telling.event(
        step, effect, event_id=event_id, to=to, clocks=made.as_data(step.now, step.command.action)
    )
    news = telling.news(step, effect, to=to)
    writes = [
        insert(_EVENT, **event),
        outbox.append(f"ticket.{step.command.action.value}", ticket.id, news),
        *clock_rows.inserts(ticket.id, made),
    ]
    writes.extend(outbox.append(*notice) for notice in telling.notices(step))
    opinion = step.command.value("opinion")
    if opinion:
        writes.append(insert(_NOTE, event_id=event_id, opinion=opinion))
    return writes
