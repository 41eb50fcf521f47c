"""The fold: a reader of the outbox that takes out of the rollups what a record was, and puts in what it is.

One transaction a batch, with the cursor in it, and only one worker at a time: so it does not matter who
dies when, nor how often a record is met. What a record contributes is `facts`' business, to which cells
`cells`'; a fold also lets in what counts only from an instant that has come by now.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Sessions, transaction
from app.models.area import Area
from app.models.platform import Outbox
from app.models.stats import StatState
from app.models.ticket import Ticket
from app.models.visit import Visit
from app.services.platform import outbox
from app.services.platform.outbox import OutboxCursor
from app.services.stats import cells, facts
from app.services.stats.kpis import VERSION

BATCH = 1000
MOVED = "area.moved"
# The arrays' lengths decide how the facts are joined: a plan for any length would be slow for most.
PLANNED = text("SET LOCAL plan_cache_mode = force_custom_plan")
_FOLD = text(f"""
WITH wanted_ticket AS (SELECT unnest(CAST(:tickets AS uuid[])) AS id),
wanted_visit AS (SELECT unnest(CAST(:visits AS uuid[])) AS id),
wanted AS (SELECT id FROM wanted_ticket UNION ALL SELECT id FROM wanted_visit),
{facts.RECORDS},
{facts.FACTS},
fresh AS ({cells.WIDE}),
{cells.KEEP},
gone AS (DELETE FROM stat_fact USING wanted
          WHERE generation = :generation AND record_id = wanted.id RETURNING stat_fact.*),
delta AS (
    SELECT -1 AS sign, areas, category, source, hour, org_id, member_id, {cells.COLUMNS}
      FROM gone JOIN stat_record was ON was.generation = gone.generation AND was.id = gone.record_id
     WHERE counts_from IS NULL OR counts_from < :was_matured
     UNION ALL
    SELECT 1, areas, category, source, hour, org_id, member_id, {cells.COLUMNS}
      FROM fresh JOIN record_now ON record_now.id = fresh.record_id WHERE counts_from IS NULL
     UNION ALL
    SELECT 1, areas, category, source, hour, org_id, member_id, {cells.COLUMNS}
      FROM stat_fact JOIN stat_record was ON was.generation = stat_fact.generation AND was.id = record_id
     WHERE stat_fact.generation = :generation AND counts_from >= :was_matured AND counts_from < :matured
       AND NOT EXISTS (SELECT FROM wanted WHERE wanted.id = record_id))
{cells.ADD}
""")  # noqa: S608 - made of constants


async def run(sessions: Sessions, *, leave: Callable[[], bool] = lambda: False) -> int:
    """Fold all that can be read; how many rows of the outbox that was. `leave` ends it after a batch."""
    folded = 0
    while not leave():
        async with transaction(sessions) as session:
            read = await fold(session)
        folded += read
        if read < BATCH:
            break
    return folded


async def fold(session: AsyncSession, *, limit: int = BATCH) -> int:
    """One batch; 0 where there is nothing to read, no rollup yet, or another worker at it."""
    state = await session.scalar(
        select(StatState)
        .where(StatState.name == cells.STATE, StatState.version == VERSION)
        .with_for_update(skip_locked=True)
    )
    if state is None:
        return 0
    before = OutboxCursor(state.txid, state.last_id)
    rows, after = await outbox.read_after(session, cursor=before, limit=limit)
    matured = max(minute(), state.matured_at)
    if not rows and matured == state.matured_at:
        return 0
    tickets, visits = await concerned(session, rows)
    await session.execute(PLANNED)
    values = {"generation": state.generation, "was_matured": state.matured_at, "matured": matured}
    await session.execute(_FOLD, {**values, "tickets": tickets, "visits": visits})
    state.txid, state.last_id = after.txid, after.id
    state.matured_at, state.folded_at = matured, clock.now()
    await session.flush()
    return len(rows)


async def concerned(session: AsyncSession, rows: Sequence[Outbox]) -> tuple[list[UUID], list[UUID]]:
    """The tickets and the visits that news are about; of an area that moved, all that lie in it."""
    found = {
        entity: {row.entity_id for row in rows if row.topic.startswith(f"{entity}.")}
        for entity in ("ticket", "visit")
    }
    moved = [row.entity_id for row in rows if row.topic == MOVED]
    if moved:
        within = select(Area.id).where(Area.path.overlap(moved))
        for entity, table in (("ticket", Ticket), ("visit", Visit)):
            found[entity].update(await session.scalars(select(table.id).where(table.area_id.in_(within))))
    return sorted(found["ticket"]), sorted(found["visit"])


def minute() -> datetime:
    """The present whole minute: what counts from an instant before it counts."""
    return clock.now().replace(second=0, microsecond=0)
