"""What the system does to one ticket: sign for who does not, escalate, close, resume, let lapse.

Each is a row of the workflow table for the system, taken by `transitions.act` like anybody's step. A ticket
that somebody else holds is left for the next time; what the table refuses now is asked again later.
"""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import Problem
from app.models.enums import Action, ClockKind, EscalateReason
from app.models.ticket_step import TicketClock
from app.services.tickets import sweep_clocks, transitions
from app.services.tickets.commands import Command
from app.services.tickets.deadlines import Deadlines
from app.services.tickets.system import SYSTEM

ASK_AGAIN = timedelta(hours=1)
_CLOCK: Any = TicketClock.__table__


class Overdue(Command):
    """To escalate what is overdue: the reason says all there is to say, an opinion is for people."""

    action: Action = Action.ESCALATE
    reason: EscalateReason = EscalateReason.OVERDUE


COMMANDS: Mapping[ClockKind, Command] = MappingProxyType(
    {
        ClockKind.SIGN: Command(action=Action.SIGN),
        ClockKind.HANDLE: Overdue(),
        ClockKind.CLOSE: Command(action=Action.CLOSE),
    }
)


async def on_clock(session: AsyncSession, clock_id: UUID, *, deadlines: Deadlines) -> bool:
    """Act where this clock has reached a level at which the system acts; False where it has not."""
    for found in await sweep_clocks.due(session, [clock_id], deadlines=deadlines):
        reached = found.alone()
        if reached is None or any(step.level < reached.level for step in found.passed):
            return False
        if await take(session, found.ticket["id"], COMMANDS[found.limits.kind], deadlines=deadlines):
            await _note(session, clock_id, level=reached.level, next_at=None)
        elif found.limits.kind is ClockKind.CLOSE:
            await sweep_clocks.mark(session, [clock_id], deadlines=deadlines, refused=True)
        else:
            await _note(session, clock_id, next_at=clock.now() + ASK_AGAIN)
        return True
    return False


async def take(session: AsyncSession, ticket_id: UUID, command: Command, *, deadlines: Deadlines) -> bool:
    """Take a step as the system, on a ticket that the caller has locked; False where it is refused."""
    try:
        await transitions.act(
            session,
            actor=SYSTEM,
            ticket_id=ticket_id,
            command=command,
            expected_version=None,
            deadlines=deadlines,
        )
    except Problem:
        return False
    return True


async def _note(session: AsyncSession, clock_id: UUID, **values: Any) -> None:
    still = (_CLOCK.c.id == clock_id) & _CLOCK.c.stopped_at.is_(None)
    await session.execute(update(_CLOCK).where(still).values(**values))
