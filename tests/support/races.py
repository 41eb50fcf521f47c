"""Making requests meet: a row that is held until all of them stand before it, then let go."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select, text

from app.core.db import Sessions
from app.models.ticket import Ticket

PATIENCE = 10
Answer = TypeVar("Answer")
_WAITING = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


async def at_once(sessions: Sessions, ticket_id: UUID, requests: Sequence[Awaitable[Answer]]) -> list[Answer]:
    """The answers of requests on one ticket that all wait for it before the first of them gets it."""
    async with sessions() as holder:
        await holder.execute(select(Ticket.id).where(Ticket.id == ticket_id).with_for_update())
        under_way = []
        for number, request in enumerate(requests, start=1):
            under_way.append(asyncio.ensure_future(request))
            await until_waiting(sessions, number)
        await holder.rollback()
    return await asyncio.gather(*under_way)


async def until_waiting(sessions: Sessions, count: int) -> None:
    """Return once so many transactions of this database wait for locks."""
    async with asyncio.timeout(PATIENCE):
        while True:
            async with sessions() as session:
                if (await session.scalar(_WAITING) or 0) >= count:
                    return
            await asyncio.sleep(0.002)
