"""The sweep: what time itself does to tickets, oldest first, in batches, once, however often it runs.

It follows two indexes: clocks by the instant of their next level, tickets by the instant of their next
look. Each batch is a transaction of its own that locks with SKIP LOCKED and looks again under the lock, so
that any number of sweeps and people can work at once; nothing is remembered between runs, so an outage of
any length is caught up with. First what many tickets share, then what is done to one ticket at a time.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, literal, select, tuple_
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock, logging
from app.core.db import Sessions, transaction
from app.models.ticket import Ticket
from app.models.ticket_step import TicketClock
from app.services.tickets import deadlines as limits_in_force
from app.services.tickets import sweep_acts, sweep_clocks, sweep_tickets

BATCH = 250
_TICKET: Any = Ticket.__table__
_CLOCK: Any = TicketClock.__table__

log = logging.get(__name__)

Work = Callable[[AsyncSession, Sequence[UUID]], Awaitable[int]]
Leave = Callable[[], bool]


@dataclass(slots=True)
class Swept:
    """What a run did: clocks and tickets marked, steps taken on single tickets, what broke."""

    clocks: int = 0
    tickets: int = 0
    steps: int = 0
    broken: int = 0


async def run(sessions: Sessions, *, leave: Leave = lambda: False) -> Swept:
    """Do all that is due; `leave` is asked between batches, and ends the run early."""
    async with transaction(sessions) as session:
        deadlines = await limits_in_force.load(session)
    swept = Swept()
    marked = partial(sweep_clocks.mark, deadlines=deadlines)
    looked = partial(sweep_tickets.mark, deadlines=deadlines)
    acted = _one_by_one(partial(sweep_acts.on_clock, deadlines=deadlines))
    moved = _one_by_one(partial(sweep_tickets.act, deadlines=deadlines))
    async for ids in _pages(sessions, _CLOCK, sweep_clocks.RUNNING, leave):
        swept.clocks += await _all_or_each(sessions, ids, marked, swept)
    async for ids in _pages(sessions, _TICKET, _TICKET.c.next_at.is_not(None), leave):
        swept.tickets += await _all_or_each(sessions, ids, looked, swept)
    for table, condition, work in (
        (_CLOCK, sweep_clocks.RUNNING, acted),
        (_TICKET, _TICKET.c.next_at.is_not(None), moved),
    ):
        async for ids in _pages(sessions, table, condition, leave):
            for row_id in ids:
                swept.steps += await _all_or_each(sessions, [row_id], work, swept)
    return swept


def _one_by_one(act: Callable[[AsyncSession, UUID], Awaitable[bool]]) -> Work:
    async def work(session: AsyncSession, ids: Sequence[UUID]) -> int:
        return sum([await act(session, row_id) for row_id in ids])

    return work


async def _pages(
    sessions: Sessions, table: Any, condition: ColumnElement[bool], leave: Leave
) -> AsyncIterator[Sequence[UUID]]:
    """The ids of what is due, oldest first; unlocked, and each once a pass."""
    order = tuple_(table.c.next_at, table.c.id)
    statement = (
        select(table.c.next_at, table.c.id)
        .where(table.c.next_at <= clock.now(), condition)
        .order_by(table.c.next_at, table.c.id)
        .limit(literal(BATCH, literal_execute=True))
    )
    after: Any = None
    while not leave():
        page = statement if after is None else statement.where(order > tuple_(*after))
        async with transaction(sessions) as session:
            rows = (await session.execute(page)).all()
        if rows:
            yield [row.id for row in rows]
            after = rows[-1]
        if len(rows) < BATCH:
            return


async def _all_or_each(sessions: Sessions, ids: Sequence[UUID], work: Work, swept: Swept) -> int:
    """Work on all of them in one transaction; where that breaks, on each, so that one holds up nobody.

    What is wrong with the database and not with a ticket is raised: the next run begins where this ended.
    """
    try:
        async with transaction(sessions) as session:
            return await work(session, ids)
    except Exception as broken:
        if isinstance(broken, OSError | DBAPIError) and not isinstance(broken, IntegrityError | DataError):
            raise
        if len(ids) == 1:
            swept.broken += 1
            log.warning("sweep_broken", id=str(ids[0]), error=type(broken).__name__)
            return 0
    return sum([await _all_or_each(sessions, [row_id], work, swept) for row_id in ids])
