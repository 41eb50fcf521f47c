"""Which cells of the rollups a fact adds to, and the statements that add.

A cell is of an area (every one that the record lies in, and of organisations the whole deployment too), of
all organisations or one, undivided or divided by one thing, and of an hour, day, month or the present; it has
a row for each part of the measures. Hours are kept undivided and for some days only. What lies in a grid is
few: it is not divided, but counted from its facts. What an organisation held is divided as a whole only.
"""

from collections.abc import Sequence

from app.models.enums.measure import OPEN_PART, PARTS, Measure

STATE = "figures"
NIL = "'00000000-0000-0000-0000-000000000000'::uuid"
NAMES = tuple(name.value for name in Measure)
COLUMNS = ", ".join(NAMES)
# The measures of a row of facts, as an object without what is empty.
AMOUNTS = """jsonb_strip_nulls(to_jsonb(held) - ARRAY[
           'id', 'generation', 'record_id', 'village_id', 'grid_id', 'hour', 'counts_from', 'org_id',
           'member_id'])"""
HOURS_KEPT = "8 days"

# The facts of `fact_now`: a row for each hour, instant, organisation and person, a column a measure.
_PIVOTED = ", ".join(f"sum(n) FILTER (WHERE measure = '{name}')::int AS {name}" for name in NAMES)
WIDE = f"""
    SELECT record_id, hour, CASE WHEN counts_from >= :matured THEN counts_from END AS counts_from, org_id,
           member_id, {_PIVOTED}
      FROM fact_now GROUP BY 1, 2, 3, 4, 5
"""  # noqa: S608 - the names are the enum's
_SUMMED = ", ".join(
    f"{name} = nullif(coalesce(stat_cell.{name}, 0) + coalesce(excluded.{name}, 0), 0)" for name in NAMES
)
_NOW = """JOIN LATERAL (VALUES ('now', delta.hour)) AS step (grain, start) ON true"""
_THEN = f"""JOIN LATERAL (VALUES
       ('hour', CASE WHEN family.divided = '' AND delta.hour >= date_trunc(
           'day', CAST(:matured AS timestamptz), 'Asia/Shanghai') - interval '{HOURS_KEPT}'
           THEN delta.hour END),
       ('day', date_trunc('day', delta.hour, 'Asia/Shanghai')),
       ('month', date_trunc('month', delta.hour, 'Asia/Shanghai'))) AS step (grain, start)
    ON step.start IS NOT NULL"""


def _added(part: str, names: Sequence[str]) -> str:
    """The sums of a part's measures, by cell; the other columns stay empty."""
    sums = {name: f"nullif(sum(sign * {name}), 0)" for name in names}
    columns = ", ".join(sums.get(name, "NULL::bigint") for name in NAMES)
    return f"""
SELECT CAST(:generation AS int), place.area_id, family.org_id, family.divided, step.grain, step.start,
       family.key, '{part}', {columns}
  FROM delta
 CROSS JOIN LATERAL unnest(delta.areas || {NIL}) AS place (area_id)
  LEFT JOIN area grid ON grid.id = place.area_id AND grid.level IN ('grid', 'micro_grid')
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
   AND CASE WHEN place.area_id = {NIL} THEN family.org_id <> {NIL}
            WHEN grid.id IS NOT NULL THEN family.org_id = {NIL} AND family.divided = ''
            ELSE family.org_id = {NIL} OR family.divided = '' END
  {_NOW if part == OPEN_PART else _THEN}
 WHERE num_nonnulls({", ".join(names)}) > 0
 GROUP BY 1, 2, 3, 4, 5, 6, 7
HAVING num_nonnulls({", ".join(sums.values())}) > 0
"""  # noqa: S608 - the names are the enum's


# Adds the rows of `delta`: sign, areas, category, source, hour, org_id, member_id and the measures.
ADD = f"""
INSERT INTO stat_cell (generation, area_id, org_id, divided, grain, start, key, part, {COLUMNS})
{" UNION ALL ".join(_added(part, names) for part, names in PARTS.items())}
    ON CONFLICT (generation, area_id, org_id, divided, grain, start, key, part) DO UPDATE SET {_SUMMED}
"""
KEEP = f"""
kept AS (
    INSERT INTO stat_fact (generation, record_id, village_id, grid_id, hour, counts_from, org_id,
                           member_id, {COLUMNS})
    SELECT CAST(:generation AS int), record_id, record_now.village_id, record_now.grid_id, hour, counts_from,
           org_id, member_id, {COLUMNS}
      FROM fresh JOIN record_now ON record_now.id = fresh.record_id),
placed AS (
    INSERT INTO stat_record (generation, id, areas, category, source)
    SELECT CAST(:generation AS int), id, areas, category, source FROM record_now
    ON CONFLICT (generation, id) DO UPDATE
       SET areas = excluded.areas, category = excluded.category, source = excluded.source)
"""  # noqa: S608
