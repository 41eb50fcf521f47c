"""The statement that finds which tickets a figure counted: the facts, folded and of the tail, in their order.

Of an area each village is a short scan of its own index, of an organisation its own, above towns that of
all; so a page costs the same however long the list is. One is looked into after the other, each only for what
comes before the end of the page so far: the more there are, the less each has to give. Makes SQL, and reads
nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal
from uuid import UUID

from app.models.enums import AreaLevel
from app.models.enums.figure import Breakdown
from app.models.enums.measure import Measure
from app.services.stats import board, facts, tail
from app.services.stats.periods import Span
from app.services.stats.whose import EVERYTHING, Whose

_WIDE = frozenset({None, AreaLevel.PROVINCE, AreaLevel.CITY, AreaLevel.COUNTY})
_KEYS = {
    Breakdown.CATEGORY: "placed.category = $6::text",
    Breakdown.SOURCE: "placed.source = $6::text",
    Breakdown.WORKER: "fact.member_id = $6::text::uuid",
}
Part = Literal["numerator", "denominator", "rest"]
_THEN = """fact.hour >= $1::text::timestamptz AND fact.hour < $2::text::timestamptz
      AND (fact.hour, fact.record_id) < ($7::text::timestamptz, $8::uuid)"""
# Written out, because what is so now has indexes of its own, in the order of the records.
_NOW = """fact.hour = '-infinity' AND $1::text = $2::text AND $7::text IS NOT NULL
      AND fact.record_id < $8::uuid"""
_COMMON = """{when}
      AND (fact.counts_from IS NULL OR fact.counts_from < moment.at)
      AND {inside} AND {held} AND {key}"""
_KNOWN = """
    SELECT fact.record_id, fact.hour, sum({sum})::int AS times
      FROM moment JOIN stat_fact AS fact ON fact.generation = moment.generation
      JOIN stat_record AS placed ON placed.generation = fact.generation AND placed.id = fact.record_id
     WHERE {driven} AND num_nonnulls({columns}) > 0
       AND NOT EXISTS (SELECT FROM wanted_ticket WHERE wanted_ticket.id = fact.record_id) AND {common}
     GROUP BY fact.hour, fact.record_id HAVING sum({sum}) > 0
     ORDER BY fact.hour DESC, fact.record_id DESC LIMIT $5"""
_FRESH = """
    SELECT fact.record_id, fact.hour, sum(CASE fact.measure {case} END)::int AS times
      FROM moment CROSS JOIN fact_now AS fact JOIN record_now AS placed ON placed.id = fact.record_id
     WHERE fact.measure IN ({names}) AND {common}
     GROUP BY fact.hour, fact.record_id HAVING sum(CASE fact.measure {case} END) > 0"""
# What is looked into at first, and then, one after the other.
_FIRST = {"all": "true", "org": "false", "village": "fact.village_id IS NULL"}
_ONE = {"all": "false", "org": "fact.org_id = driver.id", "village": "fact.village_id = driver.id"}
_DRIVERS = {
    "all": "SELECT NULL::uuid AS id WHERE false",
    "org": "SELECT unnest($4::uuid[]) AS id",
    "village": "SELECT id FROM village",
}
# Before the end of a page that is full.
_BEFORE_THEN = """(fact.hour, fact.record_id) >
    (coalesce(page.hours[$5], '-infinity'), coalesce(page.ids[$5], '00000000-0000-0000-0000-000000000000'))"""
_BEFORE_NOW = "fact.record_id > coalesce(page.ids[$5], '00000000-0000-0000-0000-000000000000')"
_PAGE = """
    SELECT array_agg(hour ORDER BY hour DESC, record_id DESC) AS hours,
           array_agg(record_id ORDER BY hour DESC, record_id DESC) AS ids,
           array_agg(times ORDER BY hour DESC, record_id DESC) AS times
      FROM ({first} UNION ALL ({then}) ORDER BY hour DESC, record_id DESC LIMIT $5) AS found"""
_NEWS = f"""
WITH RECURSIVE state AS MATERIALIZED ({tail.STATE}),
moment AS MATERIALIZED (SELECT generation, greatest($9::timestamptz, matured_at) AS at FROM state),
{tail.NEWS},
wanted_visit AS MATERIALIZED (SELECT NULL::uuid AS id WHERE false),
{facts.RECORDS},
{facts.FACTS}"""  # noqa: S608 - constants
# Villages to look in: those that the areas have, or lie in, and what was so before an area moved; what was
# over by then stays where it was.
_FOUND = """,
above AS MATERIALIZED (SELECT unnest(path) AS id FROM area WHERE id = ANY($3::uuid[])),
village AS MATERIALIZED (
    SELECT id FROM area WHERE level = 'village' AND (path && $3::uuid[] OR id IN (
        SELECT id FROM above
         UNION
        SELECT unnest(moved.path || other.path) FROM area_event event
          JOIN area moved ON moved.id = event.area_id JOIN area other ON other.id = event.other_id
         WHERE moved.path && $3::uuid[] OR other.path && $3::uuid[] OR moved.id IN (SELECT id FROM above)))),
driver AS MATERIALIZED (SELECT row_number() OVER () AS number, id FROM ({drivers}) AS one),
page AS (
    SELECT 0::bigint AS number, first.* FROM ({first}) AS first
     UNION ALL
    SELECT driver.number, next.* FROM page JOIN driver ON driver.number = page.number + 1
     CROSS JOIN LATERAL ({then}) AS next)
SELECT counted.record_id, counted.hour::text AS hour, counted.times
  FROM (SELECT * FROM page ORDER BY number DESC LIMIT 1) AS page
 CROSS JOIN unnest(page.ids, page.hours, page.times) AS counted (record_id, hour, times)
 ORDER BY counted.hour DESC, counted.record_id DESC
"""


@dataclass(frozen=True, slots=True)
class Sides:
    """Measures above with their signs, measures below, and which of the two is asked for."""

    above: Mapping[Measure, int]
    below: Sequence[Measure]
    part: Part


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose tickets, which side of what, of when, of which row of a breakdown, and after which (hour, id)."""

    whose: Whose
    sides: Sides
    span: Span
    by: Breakdown | None
    key: str | None
    after: tuple[str, UUID] | None


def statement(wanted: Wanted, limit: int) -> tuple[str, tuple[Any, ...]]:
    """The statement and all its values but the last, the present minute; it gives record_id, hour, times."""
    sides, whose = wanted.sides, wanted.whose
    stock = bool(board.STOCK & {*sides.above, *sides.below})
    everywhere = EVERYTHING in whose.area_ids
    if whose.orgs:
        driver = "org"
    else:
        wide = any(place.level in _WIDE for place in whose.places)
        driver = "all" if wide else "village"
    above = tuple(sides.above.items())
    key = _KEYS.get(wanted.by) if wanted.by else None
    sql = _sql(
        above,
        tuple(sides.below),
        sides.part,
        driver,
        key or "$6::text IS NULL",
        everywhere=everywhere,
        stock=stock,
    )
    after_hour, after_id = wanted.after or ("infinity", UUID(int=2**128 - 1))
    values = (
        "-infinity" if stock else wanted.span.start.isoformat(),
        "-infinity" if stock else wanted.span.end.isoformat(),
        whose.area_ids,
        [org.id for org in whose.orgs],
        limit,
        wanted.key if key else None,
        after_hour,
        after_id,
    )
    return sql, values


@lru_cache(maxsize=200)
def _sql(
    above: tuple[tuple[Measure, int], ...],
    below: tuple[Measure, ...],
    part: Part,
    driver: str,
    key: str,
    *,
    everywhere: bool,
    stock: bool,
) -> str:
    names = tuple(dict.fromkeys((*(name for name, _sign in above), *below)))
    signed = {
        "numerator": dict(above),
        "denominator": dict.fromkeys(below, 1),
        "rest": {name: int(name in below) - dict(above).get(name, 0) for name in names},
    }[part]
    inside = "true" if everywhere else "placed.areas && $3::uuid[]"
    held = "fact.org_id = ANY($4::uuid[])" if driver == "org" else "cardinality($4::uuid[]) = 0"
    common = _COMMON.format(when=_NOW if stock else _THEN, inside=inside, held=held, key=key)
    known = _KNOWN.format(
        sum=" + ".join(f"{sign} * coalesce(fact.{name}, 0)" for name, sign in signed.items()),
        columns=", ".join(f"fact.{name}" for name in names),
        common=common,
        driven="{driven}",
    )
    fresh = _FRESH.format(
        case=" ".join(f"WHEN '{name}' THEN {sign} * fact.n" for name, sign in signed.items()),
        names=", ".join(f"'{name}'" for name in names),
        common=common,
    )
    before = _BEFORE_NOW if stock else _BEFORE_THEN
    kept = "SELECT * FROM unnest(page.ids, page.hours, page.times) AS kept (record_id, hour, times)"
    return _NEWS + _FOUND.format(
        drivers=_DRIVERS[driver],
        first=_PAGE.format(first=fresh, then=known.format(driven=_FIRST[driver])),
        then=_PAGE.format(first=kept, then=known.format(driven=f"{_ONE[driver]} AND {before}")),
    )
