"""The self-check: a sample of what was folded against the definition, and of the cells against the facts.

Undivided cells of some days everywhere; in a sample of areas all cells of a day, of now, and of a month.

Every day, and on demand. A difference is an alarm: an error in the log, a gauge in the metrics, and a word
in what screens are told of freshness. It mends nothing; `wangge stats rebuild` does.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock, logging
from app.core.db import Sessions, transaction
from app.models.area import Area
from app.models.stats import StatState
from app.models.ticket import Ticket
from app.models.visit import Visit
from app.services.stats import cells, facts

POINTS, AT_A_POINT, DAYS, BACK, AREAS = 20, 10, 3, 400, 20
NOWHERE = UUID(int=0)
# What was folded of the records, with the sign turned, and what they contribute: it must come to nothing.
_RECORDS = text(f"""
WITH state AS MATERIALIZED (SELECT * FROM stat_state),
news AS MATERIALIZED (SELECT entity_id FROM outbox, state
                       WHERE (outbox.txid, outbox.id) > (state.txid, state.last_id)),
wanted_ticket AS MATERIALIZED (SELECT unnest(CAST(:tickets AS uuid[])) AS id
                               EXCEPT SELECT entity_id FROM news),
wanted_visit AS MATERIALIZED (SELECT unnest(CAST(:visits AS uuid[])) AS id
                              EXCEPT SELECT entity_id FROM news),
wanted AS MATERIALIZED (SELECT id FROM wanted_ticket UNION ALL SELECT id FROM wanted_visit),
{facts.RECORDS},
{facts.FACTS}
SELECT record_id, areas, category, source, hour, counts_from, org_id, member_id, measure, n
  FROM (SELECT record_id, hour, CASE WHEN counts_from >= matured_at THEN counts_from END AS counts_from,
               org_id, member_id, measure, sum(n) AS n FROM fact_now CROSS JOIN state
         GROUP BY 1, 2, 3, 4, 5, 6) AS counted
  JOIN record_now ON record_now.id = counted.record_id
 UNION ALL
SELECT held.record_id, areas, category, source, held.hour,
       CASE WHEN held.counts_from >= state.matured_at THEN held.counts_from END,
       held.org_id, held.member_id, told.key, -told.value::int
  FROM state CROSS JOIN wanted
  JOIN stat_fact held ON held.generation = state.generation AND held.record_id = wanted.id
  JOIN stat_record was ON was.generation = state.generation AND was.id = wanted.id
 CROSS JOIN LATERAL jsonb_each_text({cells.AMOUNTS}) AS told
""")  # noqa: S608 - made of constants
_COMPARED = " OR ".join(f"coalesce(cell.{name}, 0) <> coalesce(counted.{name}, 0)" for name in cells.NAMES)
_SUMMED = ", ".join(f"sum({name}) AS {name}" for name in cells.NAMES)
# The undivided cells of a day, against the facts of that day.
_CELLS = text(f"""
WITH state AS MATERIALIZED (SELECT * FROM stat_state),
counted AS (
    SELECT place.area_id, {_SUMMED}
      FROM state JOIN stat_fact held ON held.generation = state.generation
       AND held.hour >= :start AND held.hour < :beyond
       AND (held.counts_from IS NULL OR held.counts_from < state.matured_at)
      JOIN stat_record was ON was.generation = state.generation AND was.id = held.record_id
     CROSS JOIN LATERAL unnest(was.areas) AS place (area_id)
     GROUP BY place.area_id),
cell AS (
    SELECT stat_cell.area_id, {_SUMMED} FROM state JOIN stat_cell ON stat_cell.generation = state.generation
       AND stat_cell.org_id = {cells.NIL} AND stat_cell.divided = '' AND stat_cell.grain = 'day'
       AND stat_cell.start = :start AND stat_cell.area_id IN (SELECT id FROM area)
     GROUP BY stat_cell.area_id)
SELECT coalesce(cell.area_id, counted.area_id) AS area_id
  FROM cell FULL JOIN counted USING (area_id)
 WHERE {_COMPARED}
""")  # noqa: S608

# In a sample of areas all cells of a day or of now against the facts, or of a month against its days.
_HELD = f"""
    SELECT stat_cell.* FROM state
     CROSS JOIN unnest(CAST(:areas AS uuid[])) AS place (id)
     CROSS JOIN (SELECT id FROM org UNION ALL SELECT {cells.NIL}) AS whose
     CROSS JOIN (VALUES (''), ('category'), ('source'), ('worker')) AS family (divided)
      JOIN stat_cell ON stat_cell.generation = state.generation AND area_id = place.id
       AND org_id = whose.id AND stat_cell.divided = family.divided"""  # noqa: S608
_DIFFERENT = f"""
SELECT count(*) FROM (SELECT * FROM counted WHERE area_id = ANY(CAST(:areas AS uuid[]))) AS counted
  FULL JOIN cell USING (area_id, org_id, divided, key) WHERE {_COMPARED}
"""  # noqa: S608
_FAMILIES = text(f"""
WITH state AS MATERIALIZED (SELECT * FROM stat_state),
delta AS MATERIALIZED (
    SELECT areas, category, source, hour, org_id, member_id, {cells.COLUMNS}
      FROM state JOIN stat_fact held ON held.generation = state.generation
       AND held.hour >= coalesce(:start, CAST('-infinity' AS timestamptz))
       AND held.hour <= coalesce(:last, CAST('-infinity' AS timestamptz))
       AND (held.counts_from IS NULL OR held.counts_from < state.matured_at)
      JOIN stat_record was ON was.generation = state.generation AND was.id = held.record_id),
counted AS ({cells.summed("now", "day")}),
cell AS ({_HELD} AND grain = :grain AND start = coalesce(:start, CAST('-infinity' AS timestamptz)))
{_DIFFERENT}""")  # noqa: S608
_MONTHS = text(f"""
WITH state AS MATERIALIZED (SELECT * FROM stat_state),
counted AS (
    SELECT area_id, org_id, divided, key, {_SUMMED}
      FROM ({_HELD} AND grain = 'day' AND start >= :start AND start <= :last) AS days
     GROUP BY 1, 2, 3, 4),
cell AS ({_HELD} AND grain = :grain AND start = :start)
{_DIFFERENT}""")  # noqa: S608
_SLOWLY = text("SET LOCAL statement_timeout = '10min'")
_LAG = text("""
SELECT extract(epoch FROM CAST(:now AS timestamptz) - news.oldest) AS seconds, news.waiting, held.checked_ok
  FROM (SELECT) AS always
  LEFT JOIN stat_state held ON true
 CROSS JOIN LATERAL (SELECT min(created_at) AS oldest, count(*) AS waiting FROM outbox
        WHERE (outbox.txid, outbox.id) > (coalesce(held.txid, 0), coalesce(held.last_id, 0))) AS news
""")

log = logging.get(__name__)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The records whose folded facts are not the definition's, the areas and days whose cells are not."""

    records: frozenset[UUID]
    cells: int

    @property
    def ok(self) -> bool:
        """Whether all of the sample agreed."""
        return not self.records and not self.cells


async def run(sessions: Sessions, *, dice: Random) -> Verdict | None:
    """Check a sample and keep the verdict; None where nothing has been folded yet."""
    async with transaction(sessions) as session:
        if await session.scalar(select(StatState.generation)) is None:
            return None
        verdict = await check(session, dice=dice)
        state = await session.scalar(select(StatState).with_for_update())
        if state is not None:
            state.checked_on, state.checked_ok = clock.today(), verdict.ok
            await session.flush()
    if not verdict.ok:
        log.error("figures_differ", records=sorted(map(str, verdict.records)), cells=verdict.cells)
    return verdict


async def check(session: AsyncSession, *, dice: Random) -> Verdict:
    """Compare some records at random points of time, and the cells of today, yesterday and some days."""
    await session.execute(_SLOWLY)
    sample = {"tickets": await _some(session, Ticket, dice), "visits": await _some(session, Visit, dice)}
    sums: Counter[tuple[Any, ...]] = Counter()
    for *key, amount in await session.execute(_RECORDS, sample):
        sums[tuple(map(str, key))] += amount
    records = frozenset(UUID(key[0]) for key, amount in sums.items() if amount)
    wrong = 0
    for back in (0, 1, *(dice.randrange(2, BACK) for _ in range(DAYS))):
        day = clock.today() - timedelta(days=back)
        start, beyond = clock.day_bounds(day, day)
        found = await session.execute(_CELLS, {"start": start, "beyond": beyond})
        wrong += len(found.all())
    return Verdict(records, wrong + await _families(session, dice))


async def _families(session: AsyncSession, dice: Random) -> int:
    """How many cells of some areas differ: of what is so now, of a day, and of two months."""
    ids = (await session.scalars(select(Area.id).order_by(Area.id))).all()
    areas = [NOWHERE, *dice.sample(ids, min(AREAS, len(ids)))]
    day = clock.today() - timedelta(days=dice.randrange(DAYS))
    month = clock.today().replace(day=1)
    before = (month - timedelta(days=1)).replace(day=1)
    wrong = 0
    for statement, grain, first, last in (
        (_FAMILIES, "now", None, None),
        (_FAMILIES, "day", day, day),
        (_MONTHS, "month", month, clock.today()),
        (_MONTHS, "month", before, month - timedelta(days=1)),
    ):
        start, beyond = clock.day_bounds(first, last) if first and last else (None, None)
        span = {"start": start, "last": beyond and beyond - timedelta(microseconds=1)}
        asked = {"areas": areas, "grain": grain, "generation": 0, **span}
        wanted = {name: asked[name] for name in statement.compile().params}
        wrong += await session.scalar(statement, wanted) or 0
    return wrong


@dataclass(frozen=True, slots=True)
class Lag:
    """Seconds since the oldest news that is not folded, how many there are, and the last check's verdict."""

    seconds: float
    waiting: int
    checked_ok: bool | None


async def lag(session: AsyncSession) -> Lag:
    """How far the fold is behind: 0 seconds where nothing waits; before the first rebuild all of it does."""
    row = (await session.execute(_LAG, {"now": clock.now()})).one()
    return Lag(max(0.0, float(row.seconds or 0)), row.waiting, row.checked_ok)


async def _some(session: AsyncSession, table: Any, dice: Random) -> list[UUID]:
    """Records that follow random points between the first and the last id."""
    first = await session.scalar(select(table.id).order_by(table.id).limit(1))
    last = await session.scalar(select(table.id).order_by(table.id.desc()).limit(1))
    if first is None or last is None:
        return []
    found: set[UUID] = set()
    for _ in range(POINTS):
        point = UUID(int=dice.randint(first.int, last.int))
        rows = select(table.id).where(table.id >= point).order_by(table.id).limit(AT_A_POINT)
        found.update(await session.scalars(rows))
    return sorted(found)
