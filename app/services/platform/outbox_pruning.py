"""The end of the outbox's oldest rows: once every reader has read them, and phones have had their month.

Rows go from the front in the readers' order, so that what is left is whole from a place on; the fold of the
figures is a reader, too, and a rebuild of them from where it began. That place is kept beside the readers'
own (`PRUNED`): whoever comes with a cursor from before it can only begin anew.
"""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import text

from app.core import clock
from app.core.db import Sessions, transaction

# Cursors of phones live for 30 days; five more for whoever wrote slowly.
KEPT_FOR = timedelta(days=35)
BATCH = 5_000
PRUNED = "pruned"
_PRUNE = text("""
    WITH reader AS (
        SELECT txid, last_id FROM (
            SELECT txid, last_id FROM outbox_reader WHERE name <> :pruned
             UNION ALL SELECT txid, last_id FROM stat_state
             UNION ALL SELECT txid, 0 FROM stat_build) AS every
         ORDER BY txid, last_id LIMIT 1),
    front AS MATERIALIZED (
        SELECT outbox.txid, outbox.id, outbox.created_at FROM outbox, reader
         WHERE (outbox.txid, outbox.id) <= (reader.txid, reader.last_id)
         ORDER BY outbox.txid, outbox.id LIMIT :batch),
    over AS (
        SELECT txid, id FROM (
            SELECT txid, id, bool_and(created_at < :before) OVER (ORDER BY txid, id) AS is_old
              FROM front) aged
         WHERE is_old),
    gone AS (DELETE FROM outbox USING over WHERE outbox.id = over.id),
    kept AS (
        INSERT INTO outbox_reader (name, txid, last_id, read_at)
        SELECT :pruned, txid, id, :now FROM over ORDER BY txid DESC, id DESC LIMIT 1
        ON CONFLICT (name) DO UPDATE SET txid = excluded.txid, last_id = excluded.last_id, read_at = :now)
    SELECT count(*) FROM over
    """)


async def prune(sessions: Sessions, *, leave: Callable[[], bool] = lambda: False, batch: int = BATCH) -> int:
    """Delete what is old and read, a batch a transaction; returns how many rows. `leave` ends it early."""
    removed = 0
    while not leave():
        now = clock.now()
        values = {"pruned": PRUNED, "before": now - KEPT_FOR, "now": now, "batch": batch}
        async with transaction(sessions) as session:
            gone = await session.scalar(_PRUNE, values) or 0
        removed += gone
        if gone < batch:
            break
    return removed
