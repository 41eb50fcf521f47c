"""One statement for many writes: data-modifying CTEs of one SELECT, so that a step is one round trip.

PostgreSQL runs all of them against one snapshot and checks foreign keys at the end. Two writes to the
same row may not share a batch, nor a write that frees a unique value and one that takes it: those go
into two batches, in order.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession


async def together(session: AsyncSession, writes: Sequence[Any]) -> None:
    """Run the writes as one statement; nothing happens for an empty batch."""
    if not writes:
        return
    if len(writes) == 1:
        await session.execute(writes[0])
        return
    statement: Any = select(literal_column("1"))
    for number, write in enumerate(writes):
        statement = statement.add_cte(write.cte(f"w{number}"))
    await session.execute(statement)
