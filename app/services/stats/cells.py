"""Which cells of the rollups a fact adds to, and the statements that add.

A cell is of an area (the record's town, village and grid, and of organisations the whole deployment too), of
all organisations or one, undivided or divided by one thing, and of an hour, day, month or the present. Hours
are kept undivided and for some days only. What lies in a grid is few: it is not divided, but counted from its
facts. What an organisation held is divided as a whole only.
"""

from app.models.enums.measure import Measure

STATE = "figures"
NIL = "'00000000-0000-0000-0000-000000000000'::uuid"
NAMES = tuple(name.value for name in Measure)
COLUMNS = ", ".join(NAMES)
FACT = f"record_id, village_id, grid_id, hour, counts_from, org_id, member_id, {COLUMNS}"
TAKEN = ", ".join(f"-{name}" for name in NAMES)
# The measures of a row of facts, as an object without what is empty.
AMOUNTS = """jsonb_strip_nulls(to_jsonb(held) - ARRAY[
           'id', 'generation', 'record_id', 'village_id', 'grid_id', 'hour', 'counts_from', 'org_id',
           'member_id'])"""
HOURS_KEPT = "8 days"

# The facts of `fact_now`: a row for each hour, instant, organisation and person, a column a measure.
_PIVOTED = ", ".join(f"sum(n) FILTER (WHERE measure = '{name}')::int AS {name}" for name in NAMES)
_WIDE = f"""
    SELECT record_id, hour, CASE WHEN counts_from >= :matured THEN counts_from END AS counts_from, org_id,
           member_id, {_PIVOTED}
      FROM fact_now GROUP BY 1, 2, 3, 4, 5
"""  # noqa: S608 - the names are the enum's
FRESH = f"""
fresh AS MATERIALIZED (
    SELECT wide.*, village_id, grid_id, areas, category, source
      FROM ({_WIDE}) AS wide JOIN record_now ON record_now.id = wide.record_id)
"""  # noqa: S608
_SUMMED = ", ".join(
    f"{name} = nullif(coalesce(stat_cell.{name}, 0) + coalesce(excluded.{name}, 0), 0)" for name in NAMES
)
_NAMED = ", ".join(f"nullif(sum({name}), 0) AS {name}" for name in NAMES)
_SUMS = ", ".join(f"nullif(sum({name}), 0)" for name in NAMES)

_GRAINS = {
    "now": "CASE WHEN delta.hour = '-infinity' THEN delta.hour END",
    "hour": f"""CASE WHEN family.divided = '' AND delta.hour >= date_trunc(
           'day', CAST(:matured AS timestamptz), 'Asia/Shanghai') - interval '{HOURS_KEPT}'
           THEN delta.hour END""",
    "day": "CASE WHEN delta.hour > '-infinity' THEN date_trunc('day', delta.hour, 'Asia/Shanghai') END",
    "month": "CASE WHEN delta.hour > '-infinity' THEN date_trunc('month', delta.hour, 'Asia/Shanghai') END",
}


def summed(*grains: str) -> str:
    """The sums of `delta` by cells: of areas, category, source, hour, org_id, member_id, measures."""
    steps = ", ".join(f"('{grain}', {_GRAINS[grain]})" for grain in grains)
    return f"""
SELECT CAST(:generation AS int) AS generation, place.area_id, family.org_id, family.divided, step.grain,
       step.start, family.key, {_NAMED}
  FROM delta
 CROSS JOIN LATERAL unnest(delta.areas || {NIL}) AS place (area_id)
  LEFT JOIN area grid ON grid.id = place.area_id AND grid.level IN ('grid', 'micro_grid')
  JOIN LATERAL (VALUES
       ({NIL}, '', ''),
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
  JOIN LATERAL (VALUES
       {steps}) AS step (grain, start)
    ON step.start IS NOT NULL
 GROUP BY 1, 2, 3, 4, 5, 6, 7
HAVING num_nonnulls({_SUMS}) > 0
"""  # noqa: S608 - the names are the enum's


def _added(*grains: str) -> str:
    """Adds the sums of the rows of `delta` to the cells."""
    return f"""
INSERT INTO stat_cell (generation, area_id, org_id, divided, grain, start, key, {COLUMNS})
{summed(*grains)}
    ON CONFLICT (generation, area_id, org_id, divided, grain, start, key) DO UPDATE SET {_SUMMED}
"""


ADD = _added("now", "hour", "day", "month")
# A rebuild adds day by day, and the months at the end out of the days.
ADD_DAYS = _added("now", "hour", "day")
ADD_MONTHS = f"""
INSERT INTO stat_cell (generation, area_id, org_id, divided, grain, start, key, {COLUMNS})
SELECT generation, area_id, org_id, divided, 'month', date_trunc('month', start, 'Asia/Shanghai'), key,
       {_SUMS}
  FROM stat_cell WHERE generation = :generation AND grain = 'day' GROUP BY 1, 2, 3, 4, 5, 6, 7
"""  # noqa: S608


def kept(name: str) -> str:
    """Keeps the rows of facts of that name, and where their records and those without facts are now."""
    return f"""
kept AS (
    INSERT INTO stat_fact (generation, {FACT}) SELECT CAST(:generation AS int), {FACT} FROM {name}),
placed AS (
    INSERT INTO stat_record (generation, id, areas, category, source)
    SELECT CAST(:generation AS int), id, areas, category, source FROM record_now
    ON CONFLICT (generation, id) DO UPDATE
       SET areas = excluded.areas, category = excluded.category, source = excluded.source)
"""  # noqa: S608 - the names are the enum's
