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
from app.models.platform import Outbox
from app.models.stats import StatState
from app.services.platform import outbox
from app.services.platform.outbox import OutboxCursor
from app.services.stats import cells, facts
from app.services.stats.kpis import VERSION

BATCH = 1000
# The arrays' lengths decide how the facts are joined: a plan for any length would be slow for most.
PLANNED = text("SET LOCAL plan_cache_mode = force_custom_plan")
_TOLD = [*cells.FACT.split(", "), "areas", "category", "source"]
# A step leaves most facts of a ticket as they were: only the others are written and added.
_SAME = f"""held.record_id = fresh.record_id AND held.hour = fresh.hour
    AND ({", ".join(f"held.{name}" for name in _TOLD)})
        IS NOT DISTINCT FROM ({", ".join(f"fresh.{name}" for name in _TOLD)})"""
_FOLD = text(f"""
WITH wanted_ticket AS (SELECT unnest(CAST(:tickets AS uuid[])) AS id),
wanted_visit AS (SELECT unnest(CAST(:visits AS uuid[])) AS id),
wanted AS (SELECT id FROM wanted_ticket UNION ALL SELECT id FROM wanted_visit),
{facts.RECORDS},
{facts.FACTS},
{cells.FRESH},
held AS MATERIALIZED (
    SELECT stat_fact.*, areas, category, source
      FROM wanted
      JOIN stat_fact ON generation = :generation AND record_id = wanted.id
      JOIN stat_record was ON was.generation = stat_fact.generation AND was.id = wanted.id),
born AS MATERIALIZED (SELECT * FROM fresh WHERE NOT EXISTS (SELECT FROM held WHERE {_SAME})),
{cells.kept("born")},
gone AS MATERIALIZED (SELECT * FROM held WHERE NOT EXISTS (SELECT FROM fresh WHERE {_SAME})),
dropped AS (DELETE FROM stat_fact USING gone WHERE stat_fact.id = gone.id),
delta (areas, category, source, hour, org_id, member_id, {cells.COLUMNS}) AS (
    SELECT areas, category, source, hour, org_id, member_id, {cells.TAKEN}
      FROM gone WHERE counts_from IS NULL OR counts_from < :was_matured
     UNION ALL
    SELECT areas, category, source, hour, org_id, member_id, {cells.COLUMNS}
      FROM born WHERE counts_from IS NULL
     UNION ALL
    SELECT areas, category, source, hour, org_id, member_id, {cells.COLUMNS}
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
            read = await fold(session, limit=BATCH)
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
    tickets, visits = (concerned(rows, entity) for entity in ("ticket", "visit"))
    await session.execute(PLANNED)
    values = {"generation": state.generation, "was_matured": state.matured_at, "matured": matured}
    await session.execute(_FOLD, {**values, "tickets": tickets, "visits": visits})
    state.txid, state.last_id = after.txid, after.id
    state.matured_at, state.folded_at = matured, clock.now()
    await session.flush()
    return len(rows)


def concerned(rows: Sequence[Outbox], entity: str) -> list[UUID]:
    """The tickets, or the visits, that news are about."""
    return sorted({row.entity_id for row in rows if row.topic.startswith(f"{entity}.")})


def minute() -> datetime:
    """The present whole minute: what counts from an instant before it counts."""
    return clock.now().replace(second=0, microsecond=0)
