"""One step of one ticket, in one transaction: the only way that a status changes.

Lock the row in scope, read it, ask the table, then write: state, clocks, timeline, outbox. Two batches of
writes, because a clock of a kind must have stopped before another of its kind starts. What an action
does besides is in `effects`.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import Stale, invalid_field
from app.core.ids import uuid7
from app.models.enums import Action, Role, Urgency
from app.models.staff import Org
from app.models.ticket import Category, Ticket
from app.models.ticket_step import TicketEvent, TicketNote
from app.services.platform import outbox
from app.services.platform.actor import Actor
from app.services.platform.worktime import Calendar
from app.services.tickets import actions, clocks, effects, guards, reads, view
from app.services.tickets.clocks import Change
from app.services.tickets.commands import Command
from app.services.tickets.effects import Effect, Step
from app.services.tickets.problems import UnknownCategory
from app.services.tickets.view import TicketView
from app.services.tickets.workflow import STAGE_OF, TERMINAL
from app.services.tickets.writes import together

_TICKET: Any = Ticket.__table__
_EVENT: Any = TicketEvent.__table__
_NOTE: Any = TicketNote.__table__
REPORTER = "reporter"


async def act(
    session: AsyncSession,
    *,
    actor: Actor,
    ticket_id: UUID,
    command: Command,
    expected_version: int | None,
    calendar: Calendar,
) -> TicketView:
    """Take an action; returns the ticket after it.

    Raises `NotFound` outside the scope, `Stale` when the version moved, and the workflow's refusals.
    """
    await reads.require_visible(session, actor=actor, ticket_id=ticket_id, lock=True)
    ticket = await view.load(session, ticket_id)
    if expected_version is not None and expected_version != ticket.row["version"]:
        raise Stale
    now = clock.now()
    step = Step(actor, ticket, command, actions.choose(actor, ticket, command, now), now)
    await _check_references(session, step)
    effect = effects.of(step)
    made = clocks.change(
        step.row.clocks,
        open_clocks=ticket.open_clocks,
        urgency=Urgency(effect.values.get("urgency", ticket.urgency)),
        now=now,
        calendar=calendar,
        round_no=ticket.round + (command.action is Action.REWORK),
        halved=command.action is Action.REWORK,
    )
    await together(
        session, [_move(step, effect, made), *clocks.updates(ticket.id, made, now=now), *effect.updates]
    )
    await together(session, [*_told(step, effect, made), *effect.inserts])
    return await view.load(session, ticket_id)


async def _check_references(session: AsyncSession, step: Step) -> None:
    category = step.command.value("category_code")
    if category is not None:
        known = select(Category.code).where(Category.code == category, Category.enabled)
        if await session.scalar(known) is None:
            raise UnknownCategory(
                errors=invalid_field("body.category_code", "没有这个事件类别", "No such category").errors
            )
    for name in ("org_id", "proposed_org_id"):
        org_id = step.command.value(name)
        if org_id is not None:
            await _check_org(session, org_id, step.ticket, name)


async def _check_org(session: AsyncSession, org_id: UUID, ticket: TicketView, name: str) -> None:
    serves = select(Org.id).where(
        Org.id == org_id, Org.ended_at.is_(None), Org.area_id.in_(ticket.row["area_path"])
    )
    if await session.scalar(serves) is None:
        raise invalid_field(
            f"body.{name}",
            "没有这个单位，或它不负责工单所在的区域",
            "No such organisation, or it does not serve the ticket's area",
        )


def _move(step: Step, effect: Effect, made: Change) -> Any:
    to = step.row.to
    values: dict[str, Any] = {
        "status": to.value,
        "version": step.ticket.row["version"] + 1,
        "updated_at": step.now,
        "updated_by": step.actor.id,
        "due_at": made.due_at,
    }
    stage = STAGE_OF[to]
    if stage is not None:
        values["stage"] = stage.value
    if to in TERMINAL:
        values["closed_at"] = step.now
    return update(_TICKET).where(_TICKET.c.id == step.ticket.id).values(**values, **effect.values)


def _told(step: Step, effect: Effect, made: Change) -> list[Any]:
    ticket, event_id, seq = step.ticket, uuid7(), step.ticket.row["version"] + 1
    lead = effect.values.get("lead_org_id", ticket.row["lead_org_id"])
    data = {**effect.codes, "clocks": made.as_data(step.now)}
    writes = [
        insert(_EVENT).values(
            id=event_id,
            ticket_id=ticket.id,
            seq=seq,
            action=step.command.action.value,
            from_status=ticket.status.value,
            to_status=step.row.to.value,
            at=step.now,
            device_at=step.command.occurred_at,
            actor_id=step.actor.id,
            actor_role=_acting_role(step),
            data=data,
        ),
        outbox.append(
            f"ticket.{step.command.action.value}",
            ticket.id,
            {
                "seq": seq,
                "from": ticket.status.value,
                "to": step.row.to.value,
                "area_id": str(ticket.row["area_id"]),
                "lead_org_id": None if lead is None else str(lead),
            },
        ),
        *clocks.inserts(ticket.id, made, org_id=lead),
    ]
    opinion = step.command.value("opinion")
    if opinion:
        writes.append(insert(_NOTE).values(event_id=event_id, opinion=opinion))
    return writes


def _acting_role(step: Step) -> str:
    held = guards.roles_on(step.actor, step.ticket)
    acting: list[Role] = sorted(step.row.roles & held)
    return acting[0].value if acting else REPORTER
