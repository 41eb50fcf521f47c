"""The outbox: a log that writers append to and readers follow with a cursor of their own.

A reader must never skip a row that commits late, so it reads in the order (transaction id, row id) and
only transactions below `pg_snapshot_xmin(pg_current_snapshot())`: everything down there has ended. The
change mark answers "has anything been appended since?" in one statement, without a gap.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Insert, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.platform import Outbox

_MARK = text(
    """
    SELECT concat_ws('.', newest.id, newest.txid,
        least(newest.txid + 1, pg_snapshot_xmin(pg_current_snapshot())::text::bigint),
        (SELECT count(*) FROM outbox
          WHERE txid >= pg_snapshot_xmin(pg_current_snapshot())::text::bigint))
    FROM (SELECT (SELECT max(id) FROM outbox) AS id,
                 (SELECT max(txid) FROM outbox) AS txid) AS newest
    """
)
_HORIZON = text("pg_snapshot_xmin(pg_current_snapshot())::text::bigint")


@dataclass(frozen=True, slots=True, order=True)
class OutboxCursor:
    """How far a reader has come: the transaction and the row it saw last."""

    txid: int = 0
    id: int = 0


def append(topic: str, entity_id: UUID, data: Mapping[str, Any]) -> Insert:
    """The INSERT of one row, to run or to put into a larger statement; data holds ids and codes."""
    return insert(Outbox).values(topic=topic, entity_id=entity_id, data=dict(data))


async def read_after(
    session: AsyncSession, *, cursor: OutboxCursor, limit: int = 500
) -> tuple[Sequence[Outbox], OutboxCursor]:
    """The next rows that are safe to read, oldest transaction first, and the cursor after them."""
    rows = (
        await session.scalars(
            select(Outbox)
            .where(
                text("(txid, id) > (:txid, :id)").bindparams(txid=cursor.txid, id=cursor.id),
                Outbox.txid < _HORIZON,
            )
            .order_by(Outbox.txid, Outbox.id)
            .limit(limit)
        )
    ).all()
    return rows, OutboxCursor(rows[-1].txid, rows[-1].id) if rows else cursor


async def change_mark(session: AsyncSession) -> str:
    """A short text that differs whenever anything was committed to the outbox in between.

    The newest row alone would not do: a transaction that took an earlier id may commit later. So the mark
    also holds the oldest transaction still running (as far as it matters) and how many rows were
    written by transactions at or above it.
    """
    mark: str | None = await session.scalar(_MARK)
    return mark or "0"
