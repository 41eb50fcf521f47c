"""Carrying out one operation: the very services that the single calls use, and nothing of its own.

The record's id is the phone's, so that a report that also came by itself is one ticket.
"""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import Vault
from app.core.errors import Invalid
from app.models.enums.sync import OperationKind
from app.schemas.sync import Nothing
from app.schemas.team import CheckIn
from app.schemas.ticket import TicketCreate
from app.schemas.visit import VisitCreate, VisitPatch
from app.services.mobile import inbox
from app.services.mobile.operations import Done, Operation
from app.services.platform.actor import Actor
from app.services.staff import attendance
from app.services.tickets import report as reporting
from app.services.tickets import transitions
from app.services.tickets.commands import Command
from app.services.tickets.deadlines import Deadlines
from app.services.visits import changes, record
from app.services.visits.opinions import Desk


@dataclass(frozen=True, slots=True)
class Tools:
    """What the services need besides: deadlines, the vault, how ticket numbers begin."""

    deadlines: Deadlines
    vault: Vault
    prefix: str

    @property
    def desk(self) -> Desk:
        """The same, for tickets out of visits."""
        return Desk(deadlines=self.deadlines, vault=self.vault, prefix=self.prefix)


async def carry_out(
    session: AsyncSession, *, actor: Actor, operation: Operation, expected: int | None, tools: Tools
) -> Done:
    """Do it; raises what the service refuses. `expected`: the version that the record must have."""
    body, record_id = operation.body, operation.record_id
    if isinstance(body, CheckIn):
        return await _duty(session, actor, operation, body)
    if record_id is None:
        raise Invalid
    if isinstance(body, Nothing):
        return Done((await inbox.mark_read(session, actor=actor, notification_id=record_id)).id)
    if isinstance(body, TicketCreate):
        return await _report(session, actor, body, tools)
    if isinstance(body, VisitCreate):
        visit, _is_new = await record.record(session, actor=actor, new=body, desk=tools.desk)
        return Done(visit.id, visit.version)
    if isinstance(body, VisitPatch):
        visit = await changes.change(
            session, actor=actor, visit_id=record_id, changes=body, expected_version=expected
        )
        return Done(visit.id, visit.version)
    return await _act(session, actor, operation, body, expected, tools)


async def _report(session: AsyncSession, actor: Actor, body: TicketCreate, tools: Tools) -> Done:
    ticket, _is_new = await reporting.report(
        session,
        actor=actor,
        new=reporting.NewTicket.of(body),
        deadlines=tools.deadlines,
        vault=tools.vault,
        prefix=tools.prefix,
    )
    return Done(ticket.id, ticket.row["version"], ticket.row["no"])


async def _act(
    session: AsyncSession,
    actor: Actor,
    operation: Operation,
    command: Command,
    expected: int | None,
    tools: Tools,
) -> Done:
    assert operation.record_id is not None  # noqa: S101 - looked at by the caller
    ticket = await transitions.act(
        session,
        actor=actor,
        ticket_id=operation.record_id,
        command=command,
        expected_version=expected,
        deadlines=tools.deadlines,
    )
    return Done(ticket.id, ticket.row["version"], ticket.row["no"])


async def _duty(session: AsyncSession, actor: Actor, operation: Operation, body: CheckIn) -> Done:
    goes_on = operation.kind is OperationKind.CHECK_IN
    step = attendance.check_in if goes_on else attendance.check_out
    told = await step(session, actor=actor, place=body.location, device_at=operation.happened_at)
    return Done(told.id)
