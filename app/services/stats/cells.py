"""Which cells of the rollups a fact adds to, and the statements that add.

A cell is of an area (every one that the record lies in, and of organisations the whole deployment too), of
all organisations or one, undivided or divided by one thing, and of an hour, day, month or the present. Hours
are kept undivided and for some days only; what an organisation held is not divided below towns.
"""

from app.models.enums.measure import Measure

STATE = "figures"
NIL = "'00000000-0000-0000-0000-000000000000'::uuid"
NAMES = tuple(name.value for name in Measure)
COLUMNS = ", ".join(NAMES)
HOURS_KEPT = "8 days"

# The facts of `fact_now`, one row for each hour, instant, organisation and person, a column a measure.
_PIVOTED = ", ".join(f"sum(n) FILTER (WHERE measure = '{name}')::int AS {name}" for name in NAMES)
WIDE = f"""
    SELECT record_id, hour, CASE WHEN counts_from >= :matured THEN counts_from END AS counts_from, org_id,
           member_id, {_PIVOTED}
      FROM fact_now GROUP BY 1, 2, 3, 4, 5
"""  # noqa: S608 - the names are the enum's
_ADDED = ", ".join(f"nullif(sum(sign * {name}), 0) AS {name}" for name in NAMES)
_SUMMED = ", ".join(
    f"{name} = nullif(coalesce(stat_cell.{name}, 0) + coalesce(excluded.{name}, 0), 0)" for name in NAMES
)
# Adds the rows of `delta`: sign, areas, category, source, hour, org_id, member_id and the measures.
ADD = f"""
INSERT INTO stat_cell (generation, area_id, org_id, divided, grain, start, key, {COLUMNS})
SELECT CAST(:generation AS int), place.area_id, family.org_id, family.divided, step.grain, step.start,
       family.key, {_ADDED}
  FROM delta
 CROSS JOIN LATERAL unnest(delta.areas || {NIL}) AS place (area_id)
  LEFT JOIN area ON area.id = place.area_id AND area.level IN ('village', 'grid', 'micro_grid')
  JOIN LATERAL (VALUES
       ({NIL}, '', ''),
       ({NIL}, 'org', delta.org_id::text),
       ({NIL}, 'category', delta.category),
       ({NIL}, 'source', delta.source),
       ({NIL}, 'worker', delta.member_id::text),
       (delta.org_id, '', ''),
       (delta.org_id, 'category', delta.category),
       (delta.org_id, 'source', delta.source),
       (delta.org_id, 'worker', delta.member_id::text)) AS family (org_id, divided, key)
    ON family.org_id IS NOT NULL AND family.key IS NOT NULL
   AND (place.area_id <> {NIL} OR family.org_id <> {NIL})
   AND (area.id IS NULL OR family.org_id = {NIL} OR family.divided = '')
  JOIN LATERAL (VALUES
       ('now', delta.hour, delta.hour = '-infinity'),
       ('hour', delta.hour, family.divided = '' AND delta.hour >= date_trunc(
           'day', CAST(:matured AS timestamptz), 'Asia/Shanghai') - interval '{HOURS_KEPT}'),
       ('day', date_trunc('day', delta.hour, 'Asia/Shanghai'), delta.hour > '-infinity'),
       ('month', date_trunc('month', delta.hour, 'Asia/Shanghai'), delta.hour > '-infinity')
       ) AS step (grain, start, holds) ON step.holds
 GROUP BY 1, 2, 3, 4, 5, 6, 7
HAVING num_nonnulls({", ".join(f"nullif(sum(sign * {name}), 0)" for name in NAMES)}) > 0
    ON CONFLICT (generation, area_id, org_id, divided, grain, start, key) DO UPDATE SET {_SUMMED}
"""  # noqa: S608
KEEP = f"""
kept AS (
    INSERT INTO stat_fact (generation, record_id, village_id, hour, counts_from, org_id, member_id, {COLUMNS})
    SELECT CAST(:generation AS int), record_id, record_now.village_id, hour, counts_from, org_id, member_id,
           {COLUMNS}
      FROM fresh JOIN record_now ON record_now.id = fresh.record_id),
placed AS (
    INSERT INTO stat_record (generation, id, areas, category, source)
    SELECT CAST(:generation AS int), id, areas, category, source FROM record_now
    ON CONFLICT (generation, id) DO UPDATE
       SET areas = excluded.areas, category = excluded.category, source = excluded.source)
"""  # noqa: S608
