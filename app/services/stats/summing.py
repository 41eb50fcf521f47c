"""The statements that read sums out of the rollups, and out of facts where no cells are kept; reads nothing.

Slices come as four arrays ($1 to $4: number, grain, start, end), then areas ($5) and organisations ($6). Each
answers with one row: in which state of fold and outbox it was read, and the sums column by column as arrays,
because thousands of rows take several times as long to tell.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from app.models.enums.measure import Measure
from app.services.stats import tail
from app.services.stats.whose import EVERYTHING

Names = tuple[Measure, ...]
_SLICED = """
slice AS (SELECT * FROM unnest($1::int[], $2::text[], $3::timestamptz[], $4::timestamptz[])
    AS given (number, grain, first, beyond))"""


# OFFSET 0: a slice after the other, each a short range of the key; joined freely, all cells would be read.
@lru_cache(maxsize=200)
def of_cells(names: Names, by: str, *, each_area: bool, each_org: bool) -> str:
    """The cells of the slices; what is of organisations is divided by them as it stands."""
    key, divided = ("stat_cell.key", by) if by != "org" else ("stat_cell.org_id::text AS key", "")
    held = "org_id > ($6::uuid[])[1]" if each_org else "org_id = ANY($6::uuid[])"
    summed, told = _summed(names, "stat_cell"), _told(names)
    area = "stat_cell.area_id" if each_area else "NULL::uuid AS area_id"
    return f"""
WITH state AS MATERIALIZED ({tail.STATE}), {_SLICED}
SELECT state.*, cell.* FROM state CROSS JOIN LATERAL (
    SELECT {told} FROM (
    SELECT slice.number, {area}, {key}, {summed}
      FROM slice CROSS JOIN LATERAL (SELECT * FROM stat_cell
             WHERE generation = state.generation AND area_id = ANY($5::uuid[]) AND {held}
               AND divided = '{divided}' AND grain = slice.grain
               AND start >= coalesce(slice.first, '-infinity')
               AND start < coalesce(slice.beyond, 'infinity')
            OFFSET 0) AS stat_cell
     GROUP BY 1, 2, 3 HAVING num_nonnulls({", ".join(f"sum(stat_cell.{name})" for name in names)}) > 0
    ) AS one) AS cell
"""  # noqa: S608 - the names are the enums'


_FACT_KEYS: Mapping[str, str] = {
    "": "''",
    "category": "was.category",
    "source": "was.source",
    "org": "held.org_id::text",
    "worker": "held.member_id::text",
}


@lru_cache(maxsize=200)
def of_orgs(names: Names, by: str) -> str:
    """The facts of organisations in the slices, as far as they are of the areas: by an index of theirs."""
    key, summed, told = _FACT_KEYS[by], _summed(names, "held"), _told(names)
    return f"""
WITH state AS MATERIALIZED ({tail.STATE}), {_SLICED}
SELECT state.*, cell.* FROM state CROSS JOIN LATERAL (
    SELECT {told} FROM (
    SELECT slice.number, NULL::uuid AS area_id, {key} AS key, {summed}
      FROM slice CROSS JOIN unnest($6::uuid[]) AS whose (id)
      JOIN stat_fact held ON held.generation = state.generation AND held.org_id = whose.id
       AND held.hour >= coalesce(slice.first, '-infinity')
       AND held.hour <= coalesce(slice.beyond - interval '1 microsecond', '-infinity')
      JOIN stat_record was ON was.generation = state.generation AND was.id = held.record_id
       AND was.areas && $5::uuid[]
     WHERE (held.counts_from IS NULL OR held.counts_from < state.matured_at) AND {key} IS NOT NULL
     GROUP BY 1, 2, 3) AS one) AS cell
"""  # noqa: S608 - the names are the enums'


@lru_cache(maxsize=200)
def of_grids(names: Names, by: str, *, each_area: bool) -> str:
    """The facts of grids and micro-grids in the slices: they are few."""
    key, summed, told = _FACT_KEYS[by], _summed(names, "held"), _told(names)
    area = "place.id AS area_id" if each_area else "NULL::uuid AS area_id"
    return f"""
WITH state AS MATERIALIZED ({tail.STATE}), {_SLICED},
place AS (
    SELECT id, unnest(path) AS grid_id FROM area WHERE id = ANY($5::uuid[])
     UNION SELECT area_id, other_id FROM area_event WHERE area_id = ANY($5::uuid[]))
SELECT state.*, cell.* FROM state CROSS JOIN LATERAL (
    SELECT {told} FROM (
    SELECT slice.number, {area}, {key} AS key, {summed}
      FROM slice CROSS JOIN place
      JOIN stat_fact held ON held.generation = state.generation AND held.grid_id = place.grid_id
       AND held.hour >= coalesce(slice.first, '-infinity')
       AND held.hour <= coalesce(slice.beyond - interval '1 microsecond', '-infinity')
      JOIN stat_record was ON was.generation = state.generation AND was.id = held.record_id
       AND place.id = ANY(was.areas)
     WHERE (held.counts_from IS NULL OR held.counts_from < state.matured_at) AND {key} IS NOT NULL
       AND ('{EVERYTHING}' = ANY($6::uuid[]) OR held.org_id = ANY($6::uuid[]))
     GROUP BY 1, 2, 3) AS one) AS cell
"""  # noqa: S608 - the names are the enums'


def _summed(names: Sequence[Measure], table: str) -> str:
    return ", ".join(f"sum({table}.{name})::bigint AS {name}" for name in names)


def columns(names: Names) -> tuple[str, ...]:
    """The columns that are told as arrays of the same length."""
    return "number", "area_id", "key", *names


def _told(names: Names) -> str:
    return ", ".join(f"coalesce(array_agg({name}), '{{}}') AS {name}" for name in columns(names))
