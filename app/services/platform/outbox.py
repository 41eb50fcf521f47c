"""The outbox: a log that writers append to and readers follow with a cursor of their own.

A reader must never skip a row that commits late, so it reads in the order (transaction id, row id) and
only transactions below `pg_snapshot_xmin(pg_current_snapshot())`: everything down there has ended. The
change mark answers "has anything been appended since?" in one statement, without a gap.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import fetch_one
from app.core.writes import Write, insert
from app.models.platform import Outbox

NEWEST = 32
_TABLE: Any = Outbox.__table__
_MARK = """
    WITH base AS MATERIALIZED (
        SELECT least(
            pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
            coalesce((SELECT txid FROM outbox ORDER BY txid DESC, id DESC OFFSET $1 - 1 LIMIT 1), 0)
        ) AS txid
    )
    SELECT concat_ws('.', base.txid, recent.rows, recent.id) AS mark
    FROM base, LATERAL (
        SELECT count(*) AS rows, max(id) AS id FROM outbox WHERE txid >= base.txid
    ) AS recent
    """
_MANY = text("""
    INSERT INTO outbox (topic, entity_id, data)
    SELECT new.topic, new.entity_id, CAST(new.data AS jsonb)
    FROM unnest(CAST(:topics AS text[]), CAST(:entity_ids AS uuid[]), CAST(:data AS text[]))
        AS new (topic, entity_id, data)
    """)
_HORIZON = text("pg_snapshot_xmin(pg_current_snapshot())::text::bigint")


@dataclass(frozen=True, slots=True, order=True)
class OutboxCursor:
    """How far a reader has come: the transaction and the row it saw last."""

    txid: int = 0
    id: int = 0


def append(topic: str, entity_id: UUID, data: Mapping[str, Any]) -> Write:
    """The write of one row, to run together with others; data holds ids and codes."""
    return insert(_TABLE, topic=topic, entity_id=entity_id, data=dict(data))


async def append_all(session: AsyncSession, news: Sequence[tuple[str, UUID, Mapping[str, Any]]]) -> None:
    """Append many rows in one statement: topic, record and data, which holds ids and codes."""
    values = {
        "topics": [topic for topic, _entity_id, _data in news],
        "entity_ids": [entity_id for _topic, entity_id, _data in news],
        "data": [json.dumps(data) for _topic, _entity_id, data in news],
    }
    await session.execute(_MANY, values)


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

    The newest row alone would not do: a transaction that took an earlier id may commit later. So it counts
    the rows of every transaction from a base on, at or below the oldest one still running: what commits
    after this is counted by the next mark, or that has another base. The base is also at or below the 32nd
    newest row, so that it does not follow each short transaction elsewhere on the server.
    """
    row = await fetch_one(session, _MARK, NEWEST)
    return str(row["mark"]) if row else "0"
